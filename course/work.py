"""A learner's working copies: work/exercises and work/lectures, made once from what was released, never overwritten.

`python -m course.work` (which `make lab` runs) copies every notebook of exercises/ and lectures/ that has no copy yet.
Where a release has changed since, the newer one is laid beside the copy as NAME.new.ipynb and one line says so. Paths
below work/ are those of the repository, so links between lectures and exercises hold in both places.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path

from course import records
from course.solution import worked
from course.trust import trust_lectures

ROOT = Path(__file__).resolve().parent.parent
MEMORY = records.MARK


def refresh(root: Path, solutions: tuple[str, ...] = ()) -> list[str]:
    """Copy what is missing, offer what is newer; returns the lines to print.

    root       the folder that holds exercises/ and lectures/ (either may be missing)
    solutions  units whose solved notebook is copied too

    work/.releases.json remembers, for each copy, the SHA-256 of every release that it was made from or that was offered.
    A lecture's copy that is still a release byte for byte holds nothing of the learner's and follows the release; an
    exercise's copy never changes by itself.
    """
    work = root / "work"
    seen, lines, new = _memory(work), [], 0
    solved = [root / "solutions" / slug / f"{slug}.ipynb" for slug in solutions]
    for source in [*sorted(root.glob("exercises/*/*.ipynb")), *sorted(root.glob("lectures/*.ipynb")), *solved]:
        name = source.relative_to(root).as_posix()
        content, copy = source.read_bytes(), work / name
        digest, known = _digest(content), seen.setdefault(name, [])
        if not copy.exists():
            _create(copy, content)
            known[:] = [digest]
            new += 1
        elif (mine := _digest(copy.read_bytes())) == digest or digest in known:
            known.extend({digest} - set(known))
        elif mine in known and not name.startswith("exercises/"):
            _replace(copy, content)
            known.append(digest)
        else:
            beside = _beside(copy)
            _create(beside, content)
            known.append(digest)
            lines.append(
                f"{beside.relative_to(root)}: a newer version. Your own {copy.name} stays as it is; "
                f"to take the newer one, move yours away and rename this to {copy.name}."
            )
    work.mkdir(exist_ok=True)
    _replace(work / MEMORY, (json.dumps(seen, indent=1) + "\n").encode())
    return [f"work/: {new} notebooks copied, for you to work in"] * (new > 0) + lines


def _memory(work: Path) -> dict[str, list[str]]:
    """What was given out before; forgetting it costs no more than one offer of something that was seen."""
    try:
        return json.loads((work / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _beside(copy: Path) -> Path:
    """A name beside the copy that nothing has: NAME.new.ipynb, NAME.new2.ipynb, ..."""
    number = 1
    while (path := copy.with_suffix(f".new{number if number > 1 else ''}.ipynb")).exists():
        number += 1
    return path


def _create(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb") as file:
        file.write(content)


def _replace(path: Path, content: bytes) -> None:
    """All or nothing: an interrupted write leaves the old file."""
    half = path.with_name(f"{path.name}.half")
    half.write_bytes(content)
    os.replace(half, path)


def note_opened(work: Path, names: list[str]) -> None:
    """Say in the local record whose solutions were opened before they were earned."""
    known = records.earned(records.read(work))
    for name in names:
        if name not in known:
            records.note("solution", work, name=name)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course.work", description="Make or refresh work/.")
    parser.add_argument(
        "--solution",
        action="append",
        default=[],
        nargs="+",
        metavar=("UNIT", "FUNCTION"),
        help="copy a unit's solved notebook too; with FUNCTION (or a derivation's name), print that worked solution only",
    )
    asked = parser.parse_args(argv).solution
    for slug, *_ in asked:
        if not (ROOT / "solutions" / slug / f"{slug}.ipynb").is_file():
            parser.error(f"no solution of a unit {slug!r}")
    units = tuple(slug for slug, *names in asked if not names)
    print("".join(f"{line}\n" for line in refresh(ROOT, units)), end="")
    trust_lectures(ROOT)
    for name in (name for _, *names in asked for name in names):
        try:
            print(worked(name))
        except ValueError as error:
            parser.error(str(error))
    note_opened(ROOT / "work", [*units, *(name for _, *names in asked for name in names)])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
