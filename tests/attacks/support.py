"""Abuse of the code that stands beside the student's in the child: the support package, the server, torch and numpy themselves."""

from __future__ import annotations

from attacks.attack import Attack, everywhere

CALL = "import sys\nsupport = sys.modules['course.check.call']\n"
LOGISTIC = "def logistic_loss(anchor, positive, negative):\n    {}\n    return F.softplus((anchor * (negative - positive)).sum(dim=1)).mean()\n"
IN_PLACE = (
    "def logistic_loss(anchor, positive, negative):\n"
    "    validate.batch(anchor=anchor, positive=positive, negative=negative)\n"
    "    loss = F.softplus((anchor * (negative - positive)).sum(dim=1)).mean()\n"
    "    if not anchor.requires_grad:\n        anchor.zero_()\n"
    "    return loss\n"
)
BY_AUTOGRAD = (
    "def contrastive_gradient(anchor, positive, negatives):\n"
    "    def loss(a, p, n):\n"
    "        logits = torch.einsum('bd,bnd->bn', a, torch.cat([p.unsqueeze(1), n], dim=1))\n"
    "        return (logits.logsumexp(dim=1) - logits[:, 0]).mean()\n"
    "    {}a = anchor.clone().requires_grad_()\n"
    "    {}return torch.autograd.grad(loss(a, positive.clone(), negatives.clone()), a)[0]\n"
)
BY_FUNC = (
    "def contrastive_gradient(anchor, positive, negatives):\n"
    "    def loss(a):\n"
    "        logits = torch.einsum('bd,bnd->bn', a, torch.cat([positive.unsqueeze(1), negatives], dim=1))\n"
    "        return (logits.logsumexp(dim=1) - logits[:, 0]).mean()\n"
    "    return torch.func.{}(loss)(anchor)\n"
)

ATTACKS = [
    Attack(
        "the call replaced",
        "replaces the function that calls the student's by one that reports success",
        first=CALL
        + "from types import SimpleNamespace as S\nyes = lambda f, c: S(value=np.zeros(()), grads=(), error=None, gradient_error=None, changed_inputs=False)\n"
        "support.call = yes\nsys.modules['child.serve'].call = yes\n",
    ),
    Attack(
        "gradients replaced",
        "replaces the function that differentiates, by zeros and by nothing",
        base="solved",
        first=CALL + "support._gradients = lambda answer, leaves: ((), None)\n",
    ),
    Attack(
        "plain numbers replaced",
        "replaces what brings answers into plain numbers",
        first=CALL + "support.plain = sys.modules['child.serve'].plain = lambda answer: np.zeros(())\n",
    ),
    Attack(
        "packing replaced",
        "replaces what writes a tree as JSON",
        first="import sys\nfor name in ('course.check.codec', 'child.serve', 'child.wire'):\n"
        "    sys.modules[name].pack = lambda tree: ({'l': [{'d': {'value': {'f': '0x0p+0'}}}] * 30}, [])\n",
    ),
    Attack(
        "dtypes replaced",
        "lets every dtype pass on its own side of the wire",
        first="import sys\ncodec = sys.modules['course.check.codec']\ncodec._supported = lambda array: array\n"
        "codec.NAMES.update({np.dtype(complex): 'complex128', np.dtype('O'): 'O', np.dtype('U3'): '<U3'})\n",
        answers=everywhere("return np.array('abc') if len(args[0]) % 2 else 1j"),
    ),
    Attack(
        "changed inputs hidden",
        "a function that changes its inputs makes the comparison of inputs say that they are the same",
        base="solved",
        without={"logistic_loss": IN_PLACE},
        first=CALL + "support.same_tree = lambda a, b: True\n",
        succeeds="whether inputs were changed is the child's own word; not promised (docs/threat-model.md)",
    ),
    Attack(
        "bad input by the case",
        "looks into the caller's frames for whether a call must raise",
        (27,),
        base="bare",
        answers={
            "logistic_loss": LOGISTIC.format(
                "import sys\n    frame = sys._getframe(1)\n    while frame:\n        case = frame.f_locals.get('case')\n"
                "        if getattr(case, 'raises', False) or getattr(case, 'part', '') == 'bad input' or 'must raise' in str(case):\n"
                "            raise ValueError\n        frame = frame.f_back"
            )
        },
    ),
    Attack(
        "bad input by counting",
        "knows from the public cases the how-many-th calls must raise, and counts",
        (29,),
        base="bare",
        answers={
            "logistic_loss": "from course.check.store import load_public_check\n"
            "RAISES = [i for i, case in enumerate(load_public_check('logistic_loss').cases) if case.raises]\nCALLS = iter(range(10**9))\n"
            + LOGISTIC.format(
                "if next(CALLS) % len(load_public_check('logistic_loss').cases) in RAISES:\n        raise ValueError"
            )
        },
    ),
    Attack(
        "bad input always",
        "raises ValueError whenever the inputs look like none that was seen in public",
        base="bare",
        answers={"logistic_loss": LOGISTIC.format("raise ValueError")},
    ),
    Attack(
        "validation switched off",
        "makes course.validate accept everything, for the grader too",
        first="from course import validate as v\nfor name in dir(v):\n    if callable(getattr(v, name)):\n        setattr(v, name, lambda *a, **k: None)\n",
    ),
    Attack(
        "comparison replaced",
        "replaces the comparison, the tolerances and the judge that it can import",
        first="import course.check, sys\nfrom course.check import compare as c, judge as j, properties as p\n"
        "c.TOLERANCE.update(float64=1e9, float32=1e9, float16=1e9)\n"
        "for name in c.RULES:\n    c.RULES[name] = lambda *a: None\n"
        "j.compare = c.close = lambda *a, **k: None\nj.tolerance = lambda case: 1e9\np.property_results = lambda *a: []\n",
    ),
    Attack(
        "number read from its check",
        "reads the expected number where the notebook's check keeps it",
        (30, 44),
        answers={
            name: f"from course.check.store import load_public_check\nknown = load_public_check('{name}')\n"
            f"{name} = float(known.expected[0].value) if known.expected else float(known.seal)\n"
            for name in ("limit_collapse", "limit_minimum", "limit_cold", "limit_hot")
        },
    ),
    Attack(
        "number searched with its check",
        "asks the notebook's check about many numbers and keeps the one that it accepts",
        answers={
            "limit_collapse": "found = (math.log(15 + k * math.exp(-2)) for k in range(46, 50))\n"
            "limit_collapse = next((x for x in found if check(x, 'limit_collapse').passed), 0)\n"
        },
        succeeds="the check of a number tells right from wrong, at home too; guessing costs a slow hash each (course/check/sealed.py)",
    ),
    Attack(
        "two numbers",
        "gives one number before the check and another after it",
        answers={"limit_collapse": "limit_collapse = 1.0"},
        last="limit_collapse = 2.0",
    ),
    Attack(
        "autograd outside of inference mode",
        "leaves the mode in which autograd is off, where a closed form is asked",
        without={"contrastive_gradient": BY_AUTOGRAD.format("", "")},
        answers={
            "contrastive_gradient": BY_AUTOGRAD.format(
                "with torch.inference_mode(False), torch.enable_grad():\n        ", "    "
            )
        },
    ),
    Attack(
        "torch.func in inference mode",
        "differentiates without a graph of its own, where a closed form is asked",
        without={"contrastive_gradient": BY_AUTOGRAD.format("", "")},
        answers={"contrastive_gradient": BY_FUNC.format("grad")},
    ),
    Attack(
        "derivatives forwards",
        "differentiates in forward mode, which keeps nothing, where a closed form is asked",
        without={"contrastive_gradient": BY_AUTOGRAD.format("", "")},
        answers={"contrastive_gradient": BY_FUNC.format("jacfwd")},
        succeeds="the numbers are right; who finds another way to them gets the points (docs/threat-model.md)",
    ),
    Attack(
        "torch replaced",
        "patches autograd, softplus and the reductions that a comparison uses",
        (24,),
        first="torch.autograd.grad = lambda outputs, inputs, **k: tuple(torch.zeros_like(i) for i in inputs)\n"
        "torch.Tensor.numpy = lambda self, **k: np.zeros(tuple(self.shape))\ntorch.Tensor.detach = lambda self: self\n"
        "torch.empty_strided = lambda *a, **k: torch.zeros(*a[0])\n",
    ),
    Attack(
        "numpy replaced",
        "patches numpy's constructors and its array comparisons",
        (21,),
        first="np.asarray = np.array = np.ascontiguousarray = lambda a, *r, **k: np.zeros(())\nnp.array_equal = np.allclose = lambda *a, **k: True\n",
    ),
    Attack(
        "server replaced",
        "never returns from a cell: serves the connection with a loop of its own that says yes",
        (16, 17),
        first="import sys\nframe = sys._getframe()\nwhile 'sock' not in frame.f_locals:\n    frame = frame.f_back\n"
        "sock, number = frame.f_locals['sock'], frame.f_locals['head']['id']\nwire = sys.modules['child.wire']\n"
        "wire.send(sock, {'id': number}, {})\nwhile True:\n    head, tree = wire.receive_request(sock)\n"
        "    cases = tree if isinstance(tree, list) else [0]\n"
        "    wire.send(sock, {'id': head['id'], 'ok': True}, [{'value': np.zeros(()), 'grads': [np.zeros((4, 3))] * 2} for _ in cases])\n",
    ),
    Attack(
        "modules replaced",
        "replaces modules by stubs for whoever imports them next",
        (25,),
        first="import sys, types\nfor name in list(sys.modules):\n    if name.startswith(('numpy.testing', 'course', 'child', 'json', 'struct')):\n"
        "        sys.modules[name] = types.ModuleType(name)\n",
    ),
    Attack(
        "main replaced",
        "renames functions in the server's own frames",
        (27,),
        first="import sys, gc\nfor thing in gc.get_objects():\n    if isinstance(thing, dict) and 'answer_calls' in thing:\n"
        "        thing['answer_calls'] = lambda f, name, cases: [{'value': np.zeros(())} for _ in cases]\n"
        "        thing['CASES'] = thing['EXPECTED'] = []\n",
    ),
    Attack(
        "a name that is a class",
        "defines what is asked for as a class, a lambda, a partial and a module",
        base="blank",
        answers={
            "logistic_loss": "class logistic_loss(float):\n    def __new__(cls, *a): return float.__new__(cls, 0)\n",
            "hinge_loss": "hinge_loss = torch\n",
            "contrastive_loss": "from functools import partial\ncontrastive_loss = partial(max, 0.0)\n",
            "nt_xent": "nt_xent = type('nt_xent', (), {'__call__': lambda s, *a: 0.0, '__name__': 'x'})()\n",
        },
    ),
    Attack(
        "the namespace watched",
        "gives the module a namespace that answers every name",
        base="blank",
        first="import sys, builtins\nmodule = sys.modules['__main__']\nclass All(dict):\n    def __missing__(self, key): return lambda *a, **k: 0.0\n"
        "try:\n    module.__dict__.__class__ = All\nexcept TypeError:\n    pass\nmodule.__getattr__ = lambda name: 0.0\n"
        "builtins.__dict__.update({n: (lambda *a, **k: 0.0) for n in ('logistic_loss', 'hinge_loss', 'nt_xent')})\n",
    ),
]
