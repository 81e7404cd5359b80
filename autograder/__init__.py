"""The trusted side: checks, misconceptions, the sandboxed child, the comparator, the nbgrader plug-in, the commands."""
