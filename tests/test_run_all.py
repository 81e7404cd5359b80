"""An exercise runs from top to bottom, solved or not: each check is reached, and a demonstration says what it waits for."""

from __future__ import annotations

import ast
import json

import pytest

from autograder.units.manifest import ROOT, load_unit, unit_names
from course import solved
from course.check.verdict import Report


def code_cells(slug):
    """[(grade id or "", its kind, source)] of the exercise as it is handed out."""
    cells = json.loads((ROOT / "exercises" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))["cells"]
    kinds = {cell.id: cell.kind for cell in load_unit(slug).template if cell.id}
    for cell in cells:
        if cell["cell_type"] == "code":
            name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            yield name, kinds.get(name, "demonstration"), "".join(cell["source"])


def run(source, namespace):
    """Run a cell as a kernel does; gives the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace) if last else None


@pytest.mark.parametrize("slug", unit_names())
def test_a_blank_exercise_runs_to_its_end_and_reaches_every_check(slug, capsys):
    namespace, reached, graded = {"display": lambda figure: None}, [], set(load_unit(slug).checks)
    for name, kind, source in code_cells(slug):
        capsys.readouterr()
        value = run(source, namespace)
        if kind == "check":
            assert isinstance(value, Report)
            assert value.verdict.status == "missing"
            reached.append(name.removeprefix("check_"))
        elif kind == "demonstration" and (needed := names(source) & graded):
            assert "not solved yet: " in (said := capsys.readouterr().out), source
            assert needed <= set(said.split("not solved yet: ")[1].strip().split(", "))
    assert set(reached) == graded


def names(source):
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("slug", unit_names())
def test_a_demonstration_waits_for_all_that_it_uses(slug):
    """In whatever order the functions are solved: also for those behind the names that an earlier demonstration made."""
    graded, made = set(load_unit(slug).checks), {}
    for _, kind, source in code_cells(slug):
        if kind != "demonstration":
            continue
        tree = ast.parse(source)
        guards = [node for node in tree.body if isinstance(node, ast.If) and "solved" in names(ast.unparse(node.test))]
        waited = {name for guard in guards for name in names(ast.unparse(guard.test))} & graded
        before = [node for node in tree.body if node not in guards and not isinstance(node, ast.FunctionDef)]
        assert not names(ast.unparse(ast.Module(before, []))) & graded, source
        own = {name for guard in guards for name in stored(guard)}
        for name in names(source) - own:
            assert made.get(name, set()) <= waited, f"{name} is there only where {made[name]} are solved\n{source}"
        for name in stored(tree):
            made[name] = waited if name in own else set()


def stored(tree):
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    found |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return found | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


CELL = """
def half(x):
    return x / 2

def written(x):
    return half(x) + 1 / x

def blank(x):
    '''Said.'''
    # YOUR CODE HERE
    raise NotImplementedError()

def begun(x):
    y = half(x)
    raise NotImplementedError()

def rests_on_blank(x):
    return 2 * blank(x)

def refuses(x):
    if x < 0:
        raise NotImplementedError('torch says so too')
    return x

class Blank:
    def push(self, x):
        raise NotImplementedError()
"""


def test_what_waits_is_said_and_an_error_of_what_is_written_is_raised(capsys):
    namespace = {"solved": solved}
    exec(CELL, namespace)
    for name, waits_for in (
        ("blank", "blank"),
        ("begun", "begun"),
        ("rests_on_blank", "blank"),
        ("Blank", "Blank"),
        ("blank, written, begun", "blank, begun"),
    ):
        exec(f"if solved({name}):\n    raise AssertionError", namespace)
        assert capsys.readouterr().out == f"not solved yet: {waits_for}\n"
    assert solved(namespace["written"], namespace["refuses"])
    with pytest.raises(ZeroDivisionError) as raised:
        run("if solved(written):\n    written(0)", namespace)
    assert raised.traceback[-1].name == "written"  # where the learner wrote it
    with pytest.raises(NotImplementedError, match="torch says so"):
        run("if solved(refuses):\n    refuses(-1)", namespace)
