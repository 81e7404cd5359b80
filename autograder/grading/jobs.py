"""One submission as a job: bytes of a notebook in, a record and a graded notebook out, both as plain data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograder.grading.bounded import Allowance
from autograder.sandbox.deadline import MOST
from autograder.sandbox.process import Limits, Sandbox, SandboxError
from autograder.submission.notebook import SubmissionError, parse_submission, read_bytes


@dataclass(frozen=True)
class Job:
    """path: the submitted notebook. content: its bytes, read when the job is given away and not before.

    memory_bytes: what the student's code may take; hide: what it must not see (autograder.sandbox.protected).
    """

    student: str
    unit: str
    path: str
    content: bytes = b""
    unsafe: bool = False
    memory_bytes: int = Limits.memory_bytes
    hide: tuple[str, ...] = ()

    def loaded(self) -> Job:
        """The job with the bytes of its file. Raises SubmissionError where there is no regular file of bounded size."""
        return self if self.content else replace(self, content=read_bytes(Path(self.path)))

    def pack(self) -> bytes:
        head = {key: value for key, value in asdict(self).items() if key != "content"}
        return json.dumps(head).encode() + b"\n" + self.content

    @classmethod
    def unpack(cls, data: bytes) -> Job:
        head, _, content = data.partition(b"\n")
        fields = json.loads(head)
        return cls(content=content, **{**fields, "hide": tuple(fields["hide"])})


@dataclass(frozen=True)
class Result:
    """The record as plain data and the graded notebook as text; or `error`, one line on why there is none.

    fatal: the error is this machine's, the same for every submission.
    """

    student: str
    record: dict[str, Any] | None = None
    notebook: str = ""
    error: str = ""
    fatal: bool = False

    def pack(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, data: bytes) -> Result:
        return cls(**json.loads(data))


def grade_job(job: Job, sandbox: Sandbox) -> Result:
    """Read, grade and rebuild one submission. What is wrong with it or with the grader is in the result."""
    from autograder.grading.grade import Killed, grade
    from autograder.grading.rebuilt import rebuilt_notebook, with_verdicts

    try:
        submission = parse_submission(job.content, f"{job.unit}.ipynb", job.unit)
        notebook = rebuilt_notebook(submission)
        digest = hashlib.sha256(job.content).hexdigest()
        limits = replace(Limits(), memory_bytes=job.memory_bytes)
        record = grade(submission, sandbox, limits=limits, sha256=digest)
    except (SubmissionError, Killed) as error:
        return Result(job.student, error=str(error))
    except SandboxError as error:
        return Result(job.student, error=f"grader failed: {error}")
    return Result(job.student, record.to_json(), as_text(with_verdicts(notebook, record)))


def as_text(notebook) -> str:
    """A notebook as nbformat writes it."""
    import nbformat

    return nbformat.writes(notebook)


def _started(job: Job) -> Sandbox:
    sandbox = Sandbox(unsafe=job.unsafe, hide=[Path(place) for place in job.hide])
    sandbox.warm()
    return sandbox


def serve(connection) -> None:
    """Grade the jobs that come over a connection, one at a time, until it closes. Runs in a process of its own."""
    import signal

    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's affair: the connection closes then
    torch.set_num_threads(1)
    sandbox, key = None, None
    while True:
        try:
            job = Job.unpack(connection.recv_bytes())
        except (EOFError, OSError):
            break
        if sandbox is None or key != (job.unsafe, job.hide):
            if sandbox is not None:
                sandbox.close()
            sandbox, key = None, (job.unsafe, job.hide)
        try:
            if sandbox is None:
                sandbox = _started(job)
            result = grade_job(job, sandbox)
        except SandboxError as error:  # before any submission's code was there
            result = Result(job.student, error=str(error), fatal=True)
        except Exception as error:  # our own mistake, while it looked at this submission
            result = Result(job.student, error=f"grader failed: {type(error).__name__}: {str(error)[:300]}")
        connection.send_bytes(result.pack())
    if sandbox is not None:
        sandbox.close()


JOB_SECONDS = MOST * Limits.wall_seconds + 3 * Allowance.cpu_seconds  # for a job, before its process is ended
