"""A proof with order: which line needs which, and which lines are false."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from course.check.naming import Belief
from course.check.order import EARLY, FALSE

Slip = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Proof:
    """The lines of a proof by their labels, single capital letters; their texts stand in the question.

    needs  label of a line -> labels of the lines that must stand above it: "AC", "" for none
    false  label of a distractor -> (belief, hints)
    early  label of a line -> (belief, hints), for whoever puts it above a line that it needs
    """

    needs: Mapping[str, str]
    false: Mapping[str, Slip] = field(default_factory=dict)
    early: Mapping[str, Slip] = field(default_factory=dict)

    def __post_init__(self):
        every = [*self.needs, *self.false]
        if any(len(label) != 1 or not "A" <= label <= "Z" for label in every) or len(set(every)) < len(every):
            raise ValueError(f"labels must be different capital letters, got {every}")
        unknown = {label for needed in self.needs.values() for label in needed} | set(self.early)
        if not unknown <= set(self.needs):
            raise ValueError(f"no such line: {sorted(unknown - set(self.needs))}")
        if next(self.orders(), None) is None:
            raise ValueError("the lines need each other in a circle")

    def fits(self, lines: list[str]) -> bool:
        """Whether these lines can stand at the beginning of the proof: with each its needs are among them."""
        return all(line in self.needs and set(self.needs[line]) <= set(lines) for line in lines)

    def beginnings(self) -> Iterator[str]:
        """Every set of lines that can stand at the beginning, as a sorted string; the whole proof is the last."""
        for count in range(1, len(self.needs) + 1):
            for lines in combinations(sorted(self.needs), count):
                if self.fits(list(lines)):
                    yield "".join(lines)

    def orders(self, above: str = "") -> Iterator[str]:
        """Every right order."""
        if len(above) == len(self.needs):
            yield above
        for line in self.needs:
            if line not in above and set(self.needs[line]) <= set(above):
                yield from self.orders(above + line)

    def belief(self, kind: str, label: str) -> Belief | None:
        slips = {FALSE: self.false, EARLY: self.early}[kind]
        if label not in slips:
            return None
        belief, hints = slips[label]
        return Belief(f"{label} is true" if kind == FALSE else f"{label} needs less", belief, hints)
