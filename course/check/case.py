"""A case: one call of a graded function, and how its answer is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from course.check.compare import TOLERANCE

# Order matters: a learner reads the parts in this order, and "values" must pass before the others count.
PART_WEIGHTS = {"values": 4.0, "gradient": 2.0, "stability": 2.0, "bad input": 1.0, "properties": 1.0}


@dataclass(frozen=True)
class Case:
    """One call `f(*args, **kwargs)`.

    label      what the case is, in words a learner may read: "B = 5, d = 3, float32"
    part       which part of the check it counts for: a key of PART_WEIGHTS except "gradient"
    grad       positions in `args` of the tensors to differentiate the (summed) answer by; that comparison counts
               for the part "gradient", wherever the value counts
    tangent    True: compare gradients after projecting each row orthogonally to the row of the input, which is what
               a function of unit vectors fixes
    raises     True: the call must raise ValueError
    inference  True: the call runs under torch.inference_mode()
    compare    name of a rule in `course.check.compare.RULES`
    rtol       relative tolerance, of max(1, |expected|); None takes the default of the coarsest input dtype
    public     False: graded only, the learner's notebook does not have it
    hint       what helps where just this case fails; it is shown before the hints of the part
    drive      name of a driver in `course.check.drive.DRIVERS` that uses the answer (a class, a function of modules, one
               whose gradients are the point) and gives what is compared; "": the answer is called as it is
    """

    label: str
    args: tuple
    kwargs: dict[str, Any] = field(default_factory=dict)
    part: str = "values"
    grad: tuple[int, ...] = ()
    tangent: bool = False
    raises: bool = False
    inference: bool = False
    compare: str = "close"
    rtol: float | None = None
    public: bool = True
    hint: str = ""
    drive: str = ""

    def __post_init__(self):
        if self.part not in PART_WEIGHTS or self.part in ("gradient", "properties"):
            raise ValueError(f"case {self.label!r}: part {self.part!r} is none of values, stability, bad input")
        if self.raises and self.part != "bad input":
            raise ValueError(f"case {self.label!r}: a case that must raise counts for 'bad input', not {self.part!r}")

    @cached_property
    def usual_rtol(self) -> float:
        """The relative tolerance of the coarsest dtype among the inputs."""
        dtypes = [str(x.dtype).removeprefix("torch.") for x in arrays_in((self.args, self.kwargs))]
        return max((TOLERANCE.get(dtype, 0.0) for dtype in dtypes), default=0.0) or TOLERANCE["float64"]


def arrays_in(tree: Any) -> Iterator[np.ndarray | torch.Tensor]:
    if isinstance(tree, (np.ndarray, torch.Tensor)):
        yield tree
    elif isinstance(tree, dict):
        yield from arrays_in(list(tree.values()))
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from arrays_in(item)


def bad_input(label: str, /, *args, hint: str = "", drive: str = "", **kwargs) -> Case:
    """A call that must raise ValueError."""
    return Case(label, args, kwargs, part="bad input", raises=True, hint=hint, drive=drive)
