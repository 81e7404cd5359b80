"""What helps where a learner's code raises: chosen by the error, since Python says where but not why it happens here."""

from __future__ import annotations

SHAPES = (
    "Two shapes do not fit. Print `.shape` of both before that line: the sizes of this case all differ, so that an axis "
    "in the wrong place shows.",
)
NO_AUTOGRAD = (
    "Autograd is switched off in this call (`torch.inference_mode`): a derivative must come from its formula.",
    "Compute it from the inputs with products and sums; no `requires_grad_`, no `backward`.",
)
DTYPES = (
    "Tensors of two dtypes meet. What you create takes torch's default, float32: give it `dtype=x.dtype` of an input.",
)
# (type of the error, a part of its text, hints); the first that fits is taken
SYMPTOMS = (
    (
        "OverflowError",
        "",
        (
            "An exponential of a large number overflows: `math.exp` does so above 709.",
            "Subtract the largest exponent first, or use a log-sum-exp (`np.logaddexp`, `torch.logsumexp`).",
        ),
    ),
    (
        "LinAlgError",
        "",
        (
            "A matrix that you invert, or solve with, is singular in this case.",
            "Which column is 0, or which two are equal? `np.linalg.lstsq` and `np.linalg.pinv` have an answer there.",
        ),
    ),
    ("ZeroDivisionError", "", ("A denominator is 0 in this case: which sum or difference of its inputs vanishes?",)),
    ("RuntimeError", "nference", NO_AUTOGRAD),
    ("RuntimeError", "saved tensor hooks", NO_AUTOGRAD),  # of torch.func.grad
    ("RuntimeError", "does not require grad", NO_AUTOGRAD),
    (
        "RuntimeError",
        "in-place operation",
        ("An argument is changed in place; the caller still needs it: compute something new, `x = x + 1`.",),
    ),
    (
        "RuntimeError",
        "that requires grad",
        ("`.numpy()` and `.item()` leave the graph, and the gradient is asked for: stay with torch's operations.",),
    ),
    ("RuntimeError", "same dtype", DTYPES),
    ("RuntimeError", "scalar type", DTYPES),
    ("RuntimeError", "must match", SHAPES),
    ("RuntimeError", "shape", SHAPES),
    ("RuntimeError", "size", SHAPES),
    ("ValueError", "broadcast", SHAPES),
    ("ValueError", "shape", SHAPES),
    ("ValueError", "matmul", SHAPES),
    (
        "ValueError",
        "",
        ("This input is a good one, and has an answer: what refuses it, your own validation or a function you call?",),
    ),
    (
        "IndexError",
        "",
        ("An index beyond the end: which axis is it, and how long is that axis in this case?",),
    ),
)


def error_hints(error: tuple[str, str]) -> tuple[str, ...]:
    """Hints for (type, message) of an error that a good input must not raise; empty where Python's own text says it all."""
    kind, message = error
    return next((hints for name, part, hints in SYMPTOMS if name == kind and part in message), ())
