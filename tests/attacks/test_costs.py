"""What a submission may cost the grader's side: stated limits of time and memory, whatever comes back as an answer.

Attacks 4 to 7 of the second audit: before, a returned world of 1000 points took 25 GB of the process that writes grades, and
curves in a hundred records took it a minute and a half.
"""

from __future__ import annotations

import json
import resource
import time

import pytest

from autograder.classroom.machine import Plan
from autograder.grading.bounded import Allowance
from autograder.grading.grade import grade
from autograder.grading.jobs import JOB_SECONDS
from autograder.sandbox.child import wire
from autograder.sandbox.process import Limits
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT, load_unit

DREAM = """def counterexample_dream(r):
    n, rng = {n}, np.random.default_rng(0)
    if not r > 1.3:
        raise ValueError(f"r = {{r}}")
    return np.full(2, 0.5), rng.dirichlet(np.ones(n), size=2), rng.normal(size=(n, {d})), rng.normal(size=(n, {d}))
"""
RECORDS = """def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    one = np.linspace(3.0, 1.0, {n})
    return [{{"unsupervised": one, "supervised": one, "norms": one}} for _ in range(n_runs)]
"""
WIDE = """def {name}(*args, **kwargs):
    return [np.zeros({n}) for _ in range({m})]
"""


def graded(sandbox, slug: str, **answers: str):
    notebook = json.loads((ROOT / "solutions" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, cell["source"])
    submission = parse_submission(json.dumps(notebook).encode(), "attack", slug)
    before = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    record = grade(submission, sandbox)
    after = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    own_megabytes = (after[0].ru_maxrss - before[0].ru_maxrss) / 1024
    judging = after[1].ru_utime - before[1].ru_utime
    return record, time.monotonic() - started, own_megabytes, judging


@pytest.mark.parametrize(
    ("slug", "name", "source"),
    [
        ("02_latent_classes", "counterexample_dream", DREAM.format(n=190, d=2)),
        ("02_latent_classes", "counterexample_dream", DREAM.format(n=1000, d=2)),
        ("02_latent_classes", "counterexample_dream", DREAM.format(n=2000, d=100)),
        ("02_latent_classes", "counterexample_dream", WIDE.format(name="counterexample_dream", n=10, m=9000)),
        ("08_convergence", "convergence_experiment", RECORDS.format(n=100)),
        ("08_convergence", "convergence_experiment", RECORDS.format(n=2500)),
        ("08_convergence", "convergence_experiment", WIDE.format(name="convergence_experiment", n=100_000, m=30)),
    ],
)
def test_a_large_answer_costs_its_own_points_and_little_else(sandbox, slug, name, source):
    unit = load_unit(slug)
    record, _, own_megabytes, judging = graded(sandbox, slug, **{name: source})
    assert record.checks[name].score == 0, record.checks[name]
    assert all(c.status == "pass" for n, c in record.checks.items() if n != name), record.checks
    assert record.score == sum(unit.checks.values()) - unit.checks[name]
    assert own_megabytes < 100
    assert judging < Allowance.cpu_seconds + 2


def test_the_stated_limits_are_those_in_the_threat_model():
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    own = f"{Allowance.cpu_seconds:.0f} s of processor time ({Allowance.step_cpu_seconds:.0f} s a check)"
    assert f"{own} and {Allowance.memory_bytes / 2**30:.1f} GB a submission" in text
    child = (
        f"{Limits.memory_bytes / 2**30:.0f} GB of memory (`--memory`), {Limits.cpu_seconds} s of processor and of wall"
    )
    assert f"{child} time a submission, {Limits.cell_seconds:.0f} s a cell" in text
    assert Limits.cpu_seconds == Limits.wall_seconds
    assert f"{Limits.tmp_bytes >> 20} MB of /tmp and of a file, {Limits.open_files} open files" in text
    assert f"{wire.ANSWER_CAP >> 20} MB of numbers and {wire.TEXT_CAP >> 20} MB of text" in text
    assert f"each may take ({Plan(1, Limits.memory_bytes, 0).worker_bytes / 2**30:.1f} GB)" in text
    assert f"longer than {JOB_SECONDS:.0f} s" in text
