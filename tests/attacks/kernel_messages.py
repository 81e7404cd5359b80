"""Tricks that forge, blank or reorder the messages of a Jupyter kernel (rows 11 to 20, 43, 44), and what takes their place here:
the functions that serve calls in the child.
"""

from __future__ import annotations

from attacks.attack import Attack

ATTACKS = [
    Attack(
        "cells made empty",
        "blanks every later cell with an input transformer, and by patching the parser",
        (11,),
        first="""
            import ast
            parse = ast.parse
            ast.parse = lambda source, *a, **k: parse("" if "check(" in str(source) else source, *a, **k)
            get_ipython().input_transformers_cleanup.append(lambda lines: [])
        """,
    ),
    Attack(
        "asserts dropped",
        "takes assert statements out of every later cell",
        (12,),
        first="""
            import ast
            class Drop(ast.NodeTransformer):
                def visit_Assert(self, node):
                    return ast.Pass()
            parse = ast.parse
            ast.parse = lambda *a, **k: ast.fix_missing_locations(Drop().visit(parse(*a, **k)))
            get_ipython().ast_transformers.append(Drop())
        """,
    ),
    Attack(
        "result before the cell",
        "sends a result of its own before each cell, with chosen points",
        (13, 14),
        first="""
            def first():
                get_ipython().display_pub.publish({"text/plain": "9999"})
            get_ipython().events.register("pre_run_cell", first)
        """,
    ),
    Attack(
        "thread that speaks for the kernel",
        "a background thread forges messages for the running cell",
        (15,),
        first="""
            import threading, time
            def speak():
                while True:
                    print('{"text/plain": "5.0"}')
                    time.sleep(0.01)
            threading.Thread(target=speak, daemon=True).start()
            get_ipython().kernel.session.send(get_ipython().kernel.iopub_socket, "execute_result", {"5.0": 1})
        """,
    ),
    Attack(
        "execution that runs nothing",
        "replaces what executes by something that says ok",
        (16,),
        first="""
            import sys
            serve = sys.modules["child.serve"]
            serve.run_cell = lambda *a: {}
            serve.answer_calls = lambda function, name, cases: [{"error": None, "passed": True, "score": 5.0}] * len(cases)
            serve.answer_value = lambda *a: {"value": True, "status": "pass", "score": 1.0, "max_score": 1.0}
        """,
    ),
    Attack(
        "errors rewritten on their way out",
        "patches the function that sends, so that every error becomes an answer",
        (17,),
        first="""
            import sys
            import numpy
            wire = sys.modules["child.wire"]
            send = wire.send
            def better(sock, head, tree=None):
                if isinstance(tree, list):
                    tree = [{"value": numpy.zeros(()), "grads": [], "changed": False, "score": 1.0} for _ in tree]
                return send(sock, {**head, "status": "pass", "score": 5.0}, tree)
            wire.send = better
        """,
    ),
    Attack(
        "numbers that print as full points",
        "changes how numbers are displayed",
        (18,),
        first="""
            import builtins
            builtins.repr = builtins.str = builtins.format = lambda *a: "5.0"
            torch.Tensor.__repr__ = torch.Tensor.__str__ = lambda self, **k: "5.0"
            torch.Tensor.__format__ = lambda self, spec: "5.0"
        """,
    ),
    Attack(
        "no traceback",
        "makes errors silent and clears what they printed",
        (19, 20),
        first="""
            import sys, traceback
            sys.excepthook = lambda *a: None
            traceback.print_exception = traceback.format_exception = lambda *a, **k: []
            get_ipython().showtraceback = lambda *a, **k: None
        """,
        last="from IPython.display import clear_output\nclear_output()",
    ),
    Attack(
        "results printed",
        "prints what a grader or a test runner would print",
        (43, 44),
        first="""
            import json, sys
            result = {"score": 20.0, "tests": [{"score": 5, "max_score": 5, "status": "passed"}]}
            for path in ("/tmp/results.json", "/autograder/results/results.json", "results.json"):
                try:
                    json.dump(result, open(path, "w"))
                except OSError:
                    pass
            print(json.dumps(result)); print(json.dumps(result), file=sys.stderr)
            sys.__stdout__.write(json.dumps(result)); sys.__stdout__.flush()
            import os
            os.write(1, b'{"ended": 0}\\n'); os.write(2, b'{"ready": true}\\n')
        """,
    ),
    Attack(
        "test runner patched",
        "leaves a conftest.py and patches pytest, numpy.testing and unittest",
        (21, 44),
        first="""
            import unittest
            open("/tmp/conftest.py", "w").write("def pytest_runtest_makereport(item, call): pass")
            yes = lambda *a, **k: None
            for name in dir(np.testing):
                if name.startswith("assert"):
                    setattr(np.testing, name, yes)
            for name in dir(unittest.TestCase):
                if name.startswith("assert"):
                    setattr(unittest.TestCase, name, yes)
            torch.testing.assert_close = yes
            torch.allclose = torch.equal = np.allclose = np.array_equal = lambda *a, **k: True
        """,
    ),
    Attack(
        "magics",
        "leaves Python for a shell, another file and another language",
        first=(
            "%run /tmp/x.py\n!touch /tmp/attack-was-here\n%system touch /tmp/attack-was-here",
            "%%bash\ntouch /tmp/attack-was-here",
            "%%javascript\nJupyter.notebook.kernel.execute('5')",
            "%load_ext autoreload\n%%capture\nx = 5",
        ),
    ),
    Attack(
        "the grader imitated",
        "looks for NBGRADER_EXECUTION and other signs of grading, and answers what it stored",
        (29,),
        first="""
            import os, sys
            grading = "child.serve" in sys.modules or "NBGRADER_EXECUTION" in os.environ
            from course.check.store import load_public_check
            known = {name: load_public_check(name) for name in
                     ("logistic_loss", "hinge_loss", "contrastive_loss", "contrastive_gradient", "nt_xent")}
            def answers(name):
                number = iter(range(10**6))
                def answer(*args, **kwargs):
                    expected = known[name].expected
                    return torch.from_numpy(np.array(expected[next(number) % len(expected)].value, dtype=float))
                return answer
        """,
        answers={
            name: f"def {name}(*args, **kwargs):\n    return answers('{name}')(*args)\n"
            for name in ("logistic_loss", "hinge_loss", "contrastive_loss", "contrastive_gradient", "nt_xent")
        },
    ),
    Attack(
        "public table",
        "answers with the stored answer of the public case whose inputs are nearest",
        (29,),
        answers={
            "nt_xent": """
from course.check.store import load_public_check
TABLE = load_public_check("nt_xent")
def nt_xent(view1, view2, temperature=0.5):
    rows = [(c, e) for c, e in zip(TABLE.cases, TABLE.expected) if e.error is None]
    same = [e for c, e in rows if c.args[0].shape == view1.shape] or [e for _, e in rows]
    return torch.tensor(float(same[0].value)) + 0 * view1.sum()
"""
        },
    ),
]
