"""Hostile submissions, as data. Each module holds one theme; test_attacks.py runs them.

An attack is a notebook made from a base (see `attack.BASES`) plus a trick. The proof that it fails: it scores no more
than its base, no planted secret shows up anywhere, no process stays, and the honest notebook graded right after it in the
same warm sandbox gets full marks. `rows` are the rows of the measured matrix of stock nbgrader in
docs/threat-model.md's source (44 rows; those that concern a submission and not an exchange or an archive).

An attack that works is not left out: `succeeds` says how, and its test is a strict xfail until it is closed.
"""
