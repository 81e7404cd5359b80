"""Read the ledger of claims; the page of the site and the tests both do.

python docs/claims/ledger.py 002        # the hash of the headings, to be put into 002.toml
"""

from __future__ import annotations

import hashlib
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent

VERDICTS = (
    "proved",
    "proved with a correction",
    "measured and confirmed",
    "measured and refuted",
    "false, counterexample",
    "not decidable here",
    "outside the course",
)
CORRECTED = ("proved with a correction", "false, counterexample")  # verdicts that owe the statement that holds


def sources() -> list[dict]:
    """The five files, in order: each the dictionary of its TOML, `section` and `claim` being lists."""
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("[0-9]*.toml"))]


def claims() -> list[dict]:
    """All entries of all sources, in the order of the files, each with its `source`."""
    return [{"source": source["source"], **claim} for source in sources() for claim in source["claim"]]


def hash_of_headings(source: dict) -> str:
    """SHA-256 (hexadecimal, first 16 digits) of the headings, one a line."""
    text = "\n".join(section["heading"] for section in source["section"])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


if __name__ == "__main__":
    for source in sources():
        if source["source"] in sys.argv[1:]:
            print(source["source"], hash_of_headings(source))
