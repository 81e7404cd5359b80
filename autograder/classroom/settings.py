"""nbgrader's settings of a course directory, and where its gradebook is: SQLite beside it, or what `db_url` names."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_path
from traitlets.config import Config, ConfigFileNotFound, JSONFileConfigLoader, PyFileConfigLoader

from autograder.submission.notebook import SubmissionError

SQLITE = "sqlite:///"


def course_config(course: Path) -> Config:
    """nbgrader's settings as its own commands find them in the course directory: the machine's, the account's, the course's.

    On a server with many accounts the exchange and the late penalty are often set for the machine or the account only.
    Raises SubmissionError where one of them cannot be read.
    """
    config = Config()
    for folder in (*reversed(jupyter_config_path()), str(course)):  # the nearest comes last and wins
        for loader, kind in ((PyFileConfigLoader, "py"), (JSONFileConfigLoader, "json")):
            name = f"nbgrader_config.{kind}"
            try:
                config.merge(loader(name, path=folder).load_config())
            except ConfigFileNotFound:
                continue
            except Exception as error:
                raise SubmissionError(f"{folder}/{name} cannot be read: {type(error).__name__}: {error}") from error
    return config


def gradebook_url(course: Path, config: Config | None = None) -> str:
    """What nbgrader, run in the course directory, takes for `CourseDirectory.db_url`."""
    settings = course_config(course) if config is None else config
    url = settings.get("CourseDirectory", {}).get("db_url", "")
    if isinstance(url, str) and url and not url.startswith(SQLITE):
        return url
    path = url.removeprefix(SQLITE) if isinstance(url, str) and url else "gradebook.db"
    return f"{SQLITE}{course.resolve() / path}"


@contextlib.contextmanager
def connected(url: str) -> Iterator[Callable[..., Any]]:
    """A function that executes a statement with :named values and gives its rows; all is committed at the end.

    Raises SubmissionError where a server does not answer or its driver is not installed.
    """
    if url.startswith(SQLITE):  # the standard library's: SQLAlchemy takes a second to import
        with contextlib.closing(sqlite3.connect(url.removeprefix(SQLITE), timeout=30)) as db, db:
            yield lambda statement, values=None: db.execute(statement, values or {})
        return
    from sqlalchemy import create_engine, make_url, text
    from sqlalchemy.exc import OperationalError

    shown = make_url(url).render_as_string(hide_password=True)
    try:
        engine = create_engine(url)
    except ModuleNotFoundError as error:
        raise SubmissionError(
            f"the gradebook {shown} needs {error.name}: pip install -c constraints.txt -e '.[postgres]'"
        ) from error
    try:
        with engine.begin() as db:
            yield lambda statement, values=None: db.execute(text(statement), values or {})
    except OperationalError as error:
        said = str(error.orig).strip().splitlines() or ["no reason given"]
        raise SubmissionError(f"the gradebook {shown} does not answer: {said[-1]}") from error
    finally:
        engine.dispose()
