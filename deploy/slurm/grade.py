"""Grade a class on a SLURM cluster, from its login node: one job a worker, encrypted, ended with the class.

    python deploy/slurm/grade.py 01_similarity_losses --course COURSE --jobs 40

Queue, account and walltime are those of Dask's own configuration (~/.config/dask/jobqueue.yaml, key jobqueue.slurm). The
course must be installed at the same place on all nodes. --script prints the job script and submits nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import dask
from dask_jobqueue import SLURMCluster
from distributed.security import Security

from autograder.classroom.machine import Plan
from autograder.classroom.run import grade_class
from autograder.sandbox.process import Limits
from autograder.units.manifest import ROOT


def slurm_cluster(folder: Path, security: Security) -> SLURMCluster:
    """A scheduler here, no worker yet. `folder`, which all nodes see, gets the workers' certificates and logs."""
    worker_bytes = Plan(1, Limits.memory_bytes, 0).worker_bytes
    return SLURMCluster(
        cores=1,
        processes=1,
        memory=f"{worker_bytes / 2**30:.1f} GiB",
        job_name="grade-class",
        python=sys.executable,
        job_script_prologue=[f"export PYTHONPATH={ROOT}", "export OMP_NUM_THREADS=1"],
        worker_extra_args=["--no-dashboard"],
        log_directory=str(folder),
        protocol="tls://",
        security=security,
        shared_temp_directory=str(folder),
        scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    )


def settings(security: Security) -> dict:
    """What makes a client in this process speak to that scheduler and to no other."""
    return {
        "distributed.comm.require-encryption": True,
        "distributed.comm.tls.ca-file": security.tls_ca_file,
        "distributed.comm.tls.client.key": security.tls_client_key,
        "distributed.comm.tls.client.cert": security.tls_client_cert,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unit", metavar="UNIT")
    parser.add_argument("--course", type=Path, default=Path.cwd(), help="course directory (default: here)")
    parser.add_argument("--jobs", type=int, default=10, metavar="N", help="SLURM jobs, one worker each (default: 10)")
    parser.add_argument("--script", action="store_true", help="print the job script only")
    arguments = parser.parse_args()
    security = Security.temporary()
    folder = arguments.course.resolve() / "slurm"
    folder.mkdir(mode=0o700, exist_ok=True)
    with slurm_cluster(folder, security) as cluster, dask.config.set(settings(security)):
        if arguments.script:
            print(cluster.job_script())
            return 0
        cluster.scale(jobs=arguments.jobs)
        return grade_class(arguments.course, arguments.unit, scheduler=cluster.scheduler_address)


if __name__ == "__main__":
    sys.exit(main())
