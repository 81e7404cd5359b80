"""A class on Dask workers that share no disk with the caller, die and come back: the grades are those of this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from autograder.__main__ import main
from autograder.classroom import cluster
from autograder.classroom.cluster import ClusterError, grade_on
from autograder.classroom.demo import UNIT, write_submission
from autograder.classroom.run import grade_class
from autograder.grading.grade import grade_file
from autograder.grading.jobs import Job
from autograder.grading.record import Record, record_path
from autograder.sandbox.process import SandboxError, find_bwrap
from autograder.units.manifest import ROOT, load_unit

distributed = pytest.importorskip("distributed")

SOLUTION = {cell.id: cell.source for cell in load_unit(UNIT).solved if cell.kind == "solution"}
LOOPS = "def nt_xent(view1, view2, temperature=0.5):\n    while True:\n        pass\n"
WRONG = "def hinge_loss(*args):\n    return torch.zeros(())\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What workers do not see: here lies the class."""
    folder = tmp_path_factory.mktemp("cluster")
    shutil.copytree(ROOT / "solutions" / UNIT, folder / "class" / "solutions" / UNIT)
    shutil.copy(ROOT / "nbgrader_config.py", folder / "class")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", UNIT, "--create"]
    subprocess.run(command, cwd=folder / "class", capture_output=True, check=True)
    return folder


@pytest.fixture(scope="module")
def client(folder):
    """A scheduler here, and two workers with nannies to which `folder` is empty but for a copy of the course."""
    try:
        bwrap = find_bwrap()
    except SandboxError as error:
        pytest.skip(f"no bubblewrap: {error}")
    for room in ("autograder", "course", "solutions", "exercises"):
        shutil.copytree(ROOT / room, folder / "elsewhere" / room, ignore=shutil.ignore_patterns("__pycache__"))
    view = ["--dev-bind", "/", "/", "--tmpfs", str(folder), "--ro-bind", *[str(folder / "elsewhere")] * 2]
    trial = [bwrap, *view, bwrap, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("bubblewrap cannot be used within bubblewrap here")
    with (
        distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=":0") as here,
        distributed.Client(here, set_as_default=False) as client,
        open(folder / "workers.log", "w") as log,
    ):
        options = ["--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]
        command = [sys.executable, "-m", "distributed.cli.dask_worker", *options, here.scheduler_address]
        workers = subprocess.Popen(
            [bwrap, *view, "--die-with-parent", *command],
            env={**os.environ, "PYTHONPATH": str(folder / "elsewhere")},
            cwd=folder / "elsewhere",
            stdout=log,
            stderr=log,
        )
        try:
            client.wait_for_workers(2, timeout=120)
            yield client
        finally:
            workers.terminate()
            workers.wait(60)


def submit(folder, student, **answers) -> Job:
    return Job(student, UNIT, str(write_submission(folder / "class", student, {**SOLUTION, **answers})))


def test_workers_without_the_disk_that_die_and_come_back_give_the_grades_of_this_machine(
    folder, client, sandbox, monkeypatch, capsys
):
    """`suspect` takes its worker with it, twice, as the kernel does where memory runs out: nobody else loses."""
    course, submit_job, killed = folder / "class", cluster._submit, []
    for student, answers in {"a": {}, "b": {"hinge_loss": WRONG}, "c": {}, "suspect": {"nt_xent": LOOPS}}.items():
        submit(folder, student, **answers)
    assert not any(client.run(os.path.exists, str(course)).values())

    def kill(worker):
        time.sleep(0.5)
        killed.append(client.run(os.getpid, workers=[worker])[worker])
        os.kill(killed[-1], signal.SIGKILL)

    def watched(client, done, worker, function, *arguments):
        if function is cluster.graded and Job.unpack(arguments[0]).student == "suspect":
            threading.Thread(target=kill, args=(worker,)).start()
        return submit_job(client, done, worker, function, *arguments)

    monkeypatch.setattr(cluster, "_submit", watched)
    assert grade_class(course, UNIT, scheduler=client.scheduler.address) == 1
    out = capsys.readouterr().out
    assert "NOT GRADED suspect: its grading was tried 2 times: the worker ended each time" in out
    assert out.count("NOT GRADED") == 1
    assert len(set(killed)) == 2
    for student in "abc":
        there = Record.from_json(json.loads(record_path(course, UNIT, student).read_text(encoding="utf-8")))
        here = grade_file(course / "submitted" / student / UNIT / f"{UNIT}.ipynb", UNIT, sandbox, there.seed)
        assert replace(there, seconds=0) == replace(here, seconds=0)
    client.wait_for_workers(2, timeout=60)  # both came back
    assert not set(killed) & set(client.run(os.getpid).values())


def elsewhere(unit):
    """A function that no worker has: this file is not there."""


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"torch": "1.0"},
            r"worker tcp://\S+ has torch \d\S+, here it is 1\.0: install the same course on all machines",
        ),
        ({"the course": "0" * 12}, r"worker tcp://\S+ has the course \w{12}, here it is 000000000000: install"),
        (elsewhere, r"worker tcp://\S+ has not the course that is here: ModuleNotFoundError: .*test_cluster"),
    ],
)
def test_a_worker_with_another_course_grades_nothing(folder, client, monkeypatch, changed, message):
    submit_job, ours = cluster._submit, cluster.introduction(UNIT)
    job = submit(folder, "a")
    function = changed if callable(changed) else cluster.introduction
    if not callable(changed):
        monkeypatch.setattr(cluster, "introduction", lambda unit: ours | changed)
    monkeypatch.setattr(
        cluster, "_submit", lambda client, done, worker, _, *rest: submit_job(client, done, worker, function, *rest)
    )
    with pytest.raises(ClusterError, match=message):
        list(grade_on(client.scheduler.address, [job], UNIT))


def test_a_scheduler_that_does_not_answer_is_said_in_one_line(folder, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    submit(folder, "newcomer")
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        assert main(["grade-class", UNIT, "--course", str(folder / "class"), "--scheduler", address]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"error: no Dask scheduler answers at '{address}': ")
        assert error.count("\n") == 1


def test_a_scheduler_that_is_lost_ends_the_command_with_the_reason(folder, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=":0") as here:
        threading.Timer(1, here.close).start()
        with pytest.raises(ClusterError, match=r"the scheduler at tcp://.* is gone; what was graded is kept"):
            list(grade_on(here.scheduler_address, [submit(folder, "a")], UNIT))
