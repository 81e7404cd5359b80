"""Errors that several parts of the trusted side raise."""


class SandboxError(RuntimeError):
    """The sandbox is missing, broken or not tight: no fault of a student, and never a grade."""
