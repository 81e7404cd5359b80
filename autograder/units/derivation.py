"""A solved derivation as its author wrote it: the model answer, and between two frames the mark scheme."""

from __future__ import annotations

import re

FRAME = re.compile(r"^#* *(?:BEGIN|END) SOLUTION *$", re.MULTILINE)
SCHEME = re.compile(r"^=* *BEGIN MARK SCHEME *=*$\n(.*?)^=* *END MARK SCHEME *=*$\n?", re.MULTILINE | re.DOTALL)


def scheme_and_answer(source: str) -> tuple[str, str]:
    """The two parts of a solved derivation cell; a part that its author did not write is empty."""
    scheme = "\n".join(part.strip() for part in SCHEME.findall(source))
    return scheme, FRAME.sub("", SCHEME.sub("", source)).strip()
