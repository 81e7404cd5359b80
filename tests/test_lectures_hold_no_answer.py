"""No function that a lecture's cells define answers a graded question of its unit, as it is or through a plain adapter."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import io
import signal
import sys
import warnings
from collections.abc import Callable
from functools import cache

import jupytext
import numpy as np
import pytest

from autograder.units.manifest import ROOT, load_unit, unit_names
from tests.answering import adapters, answers, asked, composed

# units whose lecture asks: it has a map of results
ASKING = tuple(
    slug for slug in unit_names() if "## Map" in (ROOT / "lectures" / f"{slug}.py").read_text(encoding="utf-8")
)
QUESTIONS = [(slug, name) for slug in ASKING for name in load_unit(slug).checks]
SECONDS = 1  # for a statement of a lecture: what takes longer is an experiment, not what a function needs


@cache
def functions(slug: str) -> dict[str, Callable]:
    """What the cells of a lecture define, each statement run by itself; what fails or takes long is left out."""
    namespace: dict = {}
    for cell in jupytext.read(ROOT / "lectures" / f"{slug}.py").cells:
        if cell.cell_type != "code":
            continue
        for statement in ast.parse(cell.source).body:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()), limited(SECONDS):
                exec(compile(ast.Module([statement], []), slug, "exec"), namespace)
    mine = {name: f for name, f in namespace.items() if inspect.isfunction(f) and f.__globals__ is namespace}
    return mine


def importing(frame) -> bool:
    """Whether a module is being imported where this frame stands."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def limited(seconds: float):
    def stop(_, frame):
        if importing(frame):  # half an import would break whatever imports the module later
            signal.setitimer(signal.ITIMER_REAL, seconds)
            return
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("slug", "name"), QUESTIONS)
def test_no_function_of_the_lecture_answers(slug, name):
    unit = load_unit(slug)
    exercise = unit.exercise(name)
    if not exercise.function or exercise.trains:
        pytest.skip("no function that a formula answers")
    cases, expected, numbers = asked(unit, exercise)
    if not numbers:
        pytest.skip("judged by properties alone")
    assert answers(unit.references()[name], cases, expected, numbers), "the test itself finds no answer"
    candidates = composed(functions(slug))
    found = [f for f, function in candidates.items() if answers(function, cases, expected, numbers, adapters)]
    assert not found, f"{name} is answered by the lecture's {', '.join(found)}"


def test_an_answer_behind_an_adapter_is_found():
    unit = load_unit("01_similarity_losses")
    cases, expected, numbers = asked(unit, unit.exercise("logistic_loss"))

    def of_one_triplet(p, a, n):
        return np.logaddexp(0.0, a @ (n - p))

    assert not answers(of_one_triplet, cases, expected, numbers)
    assert answers(of_one_triplet, cases, expected, numbers, adapters)


def test_an_answer_in_a_packed_argument_or_among_others_is_found():
    unit = load_unit("03_many_negatives")
    cases, expected, numbers = asked(unit, unit.exercise("lemma1_bound"))
    reference = unit.references()["lemma1_bound"]

    def pack(loss, rho):
        return {"loss": loss, "rho": rho}

    def bounds(packed):
        return 0.0, reference(packed["loss"], packed["rho"])

    found = composed({"pack": pack, "bounds": bounds})
    assert [f for f, g in found.items() if answers(g, cases, expected, numbers, adapters)] == ["bounds of pack"]


def test_the_limit_of_a_statement_leaves_no_half_imported_module(tmp_path, monkeypatch):
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(0.3)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def work():
        importlib.import_module("slow_module")
        while True:
            pass

    with pytest.raises(TimeoutError), limited(0.1):
        work()
    assert sys.modules["slow_module"].whole


def test_the_functions_of_a_lecture_are_found_with_what_they_need():
    assert functions("01_similarity_losses")["softplus"](0.0) == pytest.approx(0.6931, abs=1e-4)
