"""How a belief is told: as what a learner seems to believe, never as the course's own claim."""

from __future__ import annotations

import re

NAMES = ("Jensen", "Assumption", "InfoNCE")  # keep their capital inside a sentence


def spoken(belief: str) -> str:
    """A sentence that starts with "You seem to believe that"."""
    return f"You seem to believe that {lowered(belief)}"


def both(one: str, other: str) -> str:
    """Two beliefs as one sentence."""
    return f"{one.removesuffix('.')}, and that {lowered(other)}"


def lowered(sentence: str) -> str:
    """The sentence as part of another: without its capital, unless that belongs to a name or a symbol (N, F, L_sup)."""
    first = re.match(r"(A(?= [a-z])|[A-Z][a-z]+)\b", sentence)
    if not first or first.group(1) in NAMES:
        return sentence
    return sentence[0].lower() + sentence[1:]
