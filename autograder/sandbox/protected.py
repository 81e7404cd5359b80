"""What no student's code may see, and the canaries by which a sandbox finds out whether it would."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.sandbox.errors import SandboxError
from autograder.sandbox.visible import Mount, package_folders

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_EXCHANGE = Path("/usr/local/share/nbgrader/exchange")  # nbgrader's own
FILES = ("nbgrader_config.py", "gradebook.db")
FOLDERS = ("solutions", "source", "autograder", "submitted", "autograded", "feedback", "records", ".git")
NAMED = ("gradebook.db", "nbgrader_config.py")  # looked for in all that is shown, wherever it lies
DEPTH, DEPTH_OF_PACKAGES = 4, 2  # how deep: packages are many, and some bring examples of such files


def protected_places(course: Path | None = None) -> tuple[Path, ...]:
    """The checkout, and of a course directory: itself, its nbgrader exchange, gradebook and folders that lie elsewhere.

    The course's nbgrader_config.py is executed, as nbgrader itself does: never ask for a directory that a student fills.
    Raises SandboxError where it cannot be: what it would have named is then unknown.
    """
    places = [ROOT, DEFAULT_EXCHANGE]
    if course is not None:
        course = course.resolve()
        places += [course, *(course / value for value in _configured(course))]
    return tuple(dict.fromkeys(place.resolve() for place in places))


def _configured(course: Path) -> Iterator[str]:
    """Paths that nbgrader's configuration names: roots and caches of exchanges, folders, the gradebook's file."""
    from jupyter_core.paths import jupyter_config_path
    from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

    for folder in dict.fromkeys([*jupyter_config_path(), str(course)]):
        for name, loader in (
            ("nbgrader_config.json", JSONFileConfigLoader),
            ("nbgrader_config.py", PyFileConfigLoader),
        ):
            if not os.path.isfile(os.path.join(folder, name)):
                continue
            try:
                config = loader(name, path=folder).load_config()
            except (Exception, SystemExit) as error:
                problem = f"{type(error).__name__}: {error}".splitlines()[0]
                raise SandboxError(f"{folder}/{name} cannot be read, so its exchange is unknown ({problem})") from error
            for section in config.values():
                yield from _paths(section)


def _paths(section: Any) -> Iterator[str]:
    for key, value in section.items() if isinstance(section, dict) else ():
        if isinstance(value, str) and value:
            if key in ("root", "cache") or key.endswith("_directory"):
                yield value
            elif key == "db_url" and value.startswith("sqlite:///"):
                yield value.removeprefix("sqlite:///")


@contextlib.contextmanager
def canaries(places: Sequence[Path], mounted: Iterable[Mount]) -> Iterator[dict[str, Any]]:
    """What the process inside looks for before it answers `ready`, as plain data (see child/canaries.py).

    One canary is planted, in this machine's folder for temporary files, and taken away again.
    """
    mounted = list(mounted)
    with tempfile.NamedTemporaryFile(prefix="sandbox-canary-") as planted:
        planted.write(b"canary")
        planted.flush()
        folders = [*places, *(place / name for place in places for name in FOLDERS)]
        folders += [path for path in (Path(tempfile.gettempdir()).resolve(), Path("~").expanduser())]
        folders = [path for path in folders if path.is_dir() and path != Path("/")]
        files = [place / name for place in places for name in FILES]
        solutions = list((ROOT / "solutions").glob("*/*.ipynb"))
        packages = package_folders()
        shown = {mount.path for mount in mounted if mount.kind == "show" and mount.path.is_dir()}
        yield {
            "files": [planted.name, *map(str, solutions), *(str(path) for path in files if path.is_file())],
            "folders": {str(path): sorted(_leading_to(path, mounted)) for path in folders},
            "same": [_identity(path) for path in [*folders, *solutions] if path in places or path in solutions],
            "names": [*NAMED, *(path.name for path in solutions)],
            "walk": {str(path): DEPTH_OF_PACKAGES if path in packages else DEPTH for path in shown},
        }


def _leading_to(folder: Path, mounted: list[Mount]) -> set[str]:
    """Names in a folder that are there only because something below it is shown."""
    depth = len(folder.parts)
    return {mount.path.parts[depth] for mount in mounted if folder in mount.path.parents}


def _identity(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_dev, status.st_ino]
