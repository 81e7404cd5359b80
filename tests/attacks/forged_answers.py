"""Answers that are not what they seem: objects that compare equal, subclasses, lying shapes and dtypes, values that fool a
comparison. Rows 21 to 25, 28 and 41.
"""

from __future__ import annotations

from attacks.attack import Attack, everywhere

NUMBERS = ("limit_collapse", "limit_minimum", "limit_cold", "limit_hot")


def answered(name: str, tries: str, rows: tuple[int, ...], value: str, first: str = "") -> Attack:
    """All functions return `value` (an expression in `args`), and the numbers are it too where it needs no argument."""
    numbers = {} if "args" in value else {n: f"{n} = {value}\n" for n in NUMBERS}
    return Attack(name, tries, rows, first=first, answers={**everywhere(f"return {value}"), **numbers})


SUBCLASSES = """
    class Equal:
        def __eq__(self, other): return True
        def __lt__(self, other): return True
        __le__ = __gt__ = __ge__ = __lt__
        def __sub__(self, other): return self
        __add__ = __mul__ = __radd__ = __rsub__ = __rmul__ = __truediv__ = __abs__ = lambda self, *a: self
        def __float__(self): return 0.0
        def __bool__(self): return True
        def __array__(self, *a, **k): return np.zeros(())
        ndim, shape, dtype, requires_grad = 0, (), np.dtype("float64"), True
        def item(self): return self
    class Real(float):
        def __eq__(self, other): return True
        def __sub__(self, other): return Real(0.0)
        __rsub__ = __abs__ = lambda self, *a: Real(0.0)
        def __le__(self, other): return True
        def hex(self): return "0x1.0p+0"
        def __reduce__(self): return (print, ("unpickled",))
    class Scalar(np.float64):
        def __sub__(self, other): return np.float64(0)
        def tobytes(self, *a): return b"\\0" * 8
    class Array(np.ndarray):
        def __array_function__(self, *a, **k): return True
        def __array_ufunc__(self, *a, **k): return True
        shape = property(lambda self: (4, 3))
        dtype = property(lambda self: np.dtype("float64"))
        def tobytes(self, *a): return b"\\0" * 96
    class Tensor(torch.Tensor):
        @classmethod
        def __torch_function__(cls, f, types, args=(), kwargs=None): return True
"""

ATTACKS = [
    answered(
        "equal to everything",
        "an object that is equal to, and as near as one likes to, every number",
        (22, 44),
        "Equal()",
        SUBCLASSES,
    ),
    answered("float that is near everything", "a float whose differences are 0", (22,), "Real(1.0)", SUBCLASSES),
    answered(
        "numpy float that is near everything",
        "a numpy scalar whose differences are 0",
        (22,),
        "Scalar(1.0)",
        SUBCLASSES,
    ),
    answered(
        "tensor that answers for torch",
        "a tensor subclass that says True to torch.allclose",
        (23,),
        "torch.zeros(()).as_subclass(Tensor)",
        SUBCLASSES,
    ),
    answered(
        "array that answers for numpy",
        "an array subclass with a shape, a dtype and bytes of its own choice",
        (24,),
        "np.zeros(3).view(Array)",
        SUBCLASSES,
    ),
    Attack(
        "mode over all of torch",
        "enters a global torch-function mode that makes every comparison true",
        (24,),
        first="""
            from torch.overrides import TorchFunctionMode
            class Yes(TorchFunctionMode):
                def __torch_function__(self, f, types, args=(), kwargs=None):
                    if getattr(f, "__name__", "") in ("equal", "allclose", "isclose", "isnan", "isfinite"):
                        return torch.tensor(True)
                    return f(*args, **(kwargs or {}))
            Yes().__enter__()
        """,
    ),
    Attack(
        "defaults changed",
        "sets default dtype, device and seeds, patches time and manual_seed",
        (24,),
        first="""
            import time
            torch.set_default_dtype(torch.float16)
            torch.set_default_device("meta")
            torch.manual_seed = lambda *a: None
            time.time = time.monotonic = time.perf_counter = lambda: 0.0
            torch.set_flush_denormal(True)
            np.seterr(all="ignore")
        """,
    ),
    answered(
        "not a number", "NaN, for which no comparison is false", (), "torch.tensor(float('nan')) + 0 * args[0].sum()"
    ),
    answered("numbers that are NaN", "NaN as a number", (), "float('nan')"),
    answered("infinity", "infinity, near which everything is relatively small", (), "torch.tensor(float('inf'))"),
    answered("huge", "the largest number, so that relative errors vanish", (), "1.7e308"),
    answered("denormal", "a number between 0 and the smallest normal one", (), "5e-324"),
    answered("everything true", "a boolean, which is 1 and is equal to True", (), "True"),
    answered("small integers", "a uint8 whose differences wrap around", (), "np.uint8(255)"),
    answered("one row for all", "the shape (1,) that broadcasts against everything", (), "torch.zeros(1)"),
    answered("empty", "no number at all: every statement about its entries is true", (), "np.zeros((0,))"),
    answered("empty with many rows", "an array of 2^31 rows without columns", (), "np.zeros((2**31, 0))"),
    answered(
        "a view of 2^40 numbers",
        "one number seen as a million times a million",
        (),
        "torch.zeros(1, 1).expand(2**20, 2**20)",
    ),
    answered("complex", "a complex number, whose real part is what is compared", (), "np.complex128(1j)"),
    answered("text that is a number", "an array of text", (), "np.array('0.5')"),
    answered("text", "a string of the right digits", (), "'0.5'"),
    answered("objects in an array", "an array of objects", (22,), "np.array(Equal(), dtype=object)", SUBCLASSES),
    answered("structured", "an array with fields", (), "np.zeros((), dtype=[('value', 'f8'), ('score', 'f8')])"),
    answered("date", "a date, which is an integer inside", (), "np.datetime64('2026-01-01')"),
    answered("long double", "a number of a type that has no place on the wire", (), "np.longdouble(1) / 3"),
    answered("bytes", "raw bytes", (41,), "b'\\x80\\x04\\x95'"),
    answered("generator", "a generator that gives what it is asked for", (), "(i / 10 for i in range(10**9))"),
    answered("endless list", "a list that holds itself", (), "LOOP", "LOOP = []\nLOOP.append(LOOP)"),
    answered(
        "deep list",
        "a list in a list in a list, 100 000 times",
        (),
        "DEEP",
        "DEEP = 0.5\nfor _ in range(100_000):\n    DEEP = [DEEP]",
    ),
    answered("long list", "a list of a hundred thousand numbers", (), "[0.5] * 100_000"),
    answered(
        "dictionary",
        "a dictionary with the grade in it",
        (43,),
        "{'value': 0.5, 'score': 5.0, 'status': 'pass', 'ok': True}",
    ),
    answered("sparse", "a sparse tensor", (), "torch.zeros(3, 3).to_sparse()"),
    answered(
        "no storage",
        "a tensor on the device `meta`, which has a shape and no numbers",
        (),
        "torch.zeros((), device='meta')",
    ),
    answered(
        "pickle",
        "an object that runs code where it is unpickled",
        (41,),
        "Bomb()",
        "class Bomb:\n    def __reduce__(self):\n        import os\n"
        "        return (os.system, ('touch $ARENA/attack-was-here /tmp/attack-was-here',))\n",
    ),
    Attack(
        "inputs changed under the comparison",
        "overwrites the inputs, hoping that the expected answer is computed from them later",
        (28,),
        answers=everywhere(
            "for a in args:\n    if isinstance(a, torch.Tensor):\n        a.data.zero_()\nreturn torch.zeros(())"
        ),
    ),
    Attack(
        "guessed seed",
        "draws what a grader would draw from the usual seeds and looks for the given inputs",
        (29,),
        first="""
            def streams():
                for seed in (0, 1, 42, 123, 1234, 2026, 20190304):
                    yield torch.manual_seed(seed), np.random.default_rng(seed), np.random.seed(seed)
            STATE = (np.random.get_state()[1][:4].tolist(), torch.initial_seed())
        """,
        answers=everywhere("""
            for generator, rng, _ in streams():
                if np.allclose(rng.normal(size=np.shape(args[0])), args[0].detach().numpy(), atol=1e-6):
                    return torch.zeros(())
            raise RuntimeError("not drawn from a usual seed")
        """),
    ),
    Attack(
        "a gradient of its own",
        "an answer that is wrong but whose gradient autograd is told to be anything",
        (),
        first="""
            class Any(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x): return x.detach().sum() * 0
                @staticmethod
                def backward(ctx, g): return torch.full((4, 3), 0.25, dtype=torch.float64)
            torch.autograd.grad = lambda outputs, inputs, **k: tuple(torch.zeros_like(x) for x in inputs)
        """,
        answers=everywhere("return Any.apply(args[0])"),
    ),
]
