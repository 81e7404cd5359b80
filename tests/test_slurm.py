"""deploy/slurm/grade.py: the job script that it would submit, and that nobody without its certificates reaches the scheduler."""

from __future__ import annotations

import importlib.util
import os
import re
import stat
import sys

import pytest

from autograder.classroom import cluster
from autograder.classroom.cluster import ClusterError
from autograder.classroom.machine import Plan
from autograder.sandbox.process import Limits
from autograder.units.manifest import ROOT

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed: pip install -e '.[cluster]'")
pytest.importorskip("cryptography", reason="cryptography is not installed: pip install -e '.[cluster]'")


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("slurm_grade", ROOT / "deploy" / "slurm" / "grade.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def security():
    from distributed.security import Security

    return Security.temporary()


@pytest.fixture(scope="module")
def slurm(program, security, tmp_path_factory):
    with program.slurm_cluster(tmp_path_factory.mktemp("slurm"), security) as slurm:
        yield slurm


def test_the_job_script_starts_one_encrypted_worker_of_this_course(slurm):
    script = slurm.job_script()
    memory = Plan(1, Limits.memory_bytes, 0).worker_bytes
    directives = dict(re.findall(r"^#SBATCH (-\w|--[\w-]+)[ =](\S+)$", script, re.MULTILINE))
    assert directives["-J"] == "grade-class"
    assert directives["--cpus-per-task"] == "1"
    assert 0 <= float(directives["--mem"].removesuffix("G")) - memory / 1e9 < 1  # in whole gigabytes, rounded up
    assert re.fullmatch(r"\d\d:\d\d:\d\d", directives["-t"])
    command = script.strip().splitlines()[-1]
    assert command.startswith(f"{sys.executable} -m distributed.cli.dask_worker tls://")
    assert "--nthreads 1 " in command  # the crew of a worker grades one submission at a time
    assert f"export PYTHONPATH={ROOT}\n" in script
    for option in ("--tls-ca-file", "--tls-cert", "--tls-key"):
        path = re.search(rf"{option} (\S+)", command)[1]
        with open(path) as file:
            assert "BEGIN" in file.readline()
            assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


def test_only_who_has_the_certificates_reaches_the_scheduler(program, security, slurm, monkeypatch, capsys):
    import dask

    monkeypatch.setattr(cluster, "PATIENCE", 3)
    address = slurm.scheduler_address
    assert address.startswith("tls://")
    with dask.config.set(program.settings(security)), cluster._connected(address):
        assert capsys.readouterr().out == f"0 workers at {address}: waiting for one\n"
    for other in (address, address.replace("tls://", "tcp://")):
        with pytest.raises(ClusterError, match="no Dask scheduler answers"), cluster._connected(other):
            pass
