"""A submitted notebook is data: read it defensively, keep the sources of the student's code and text, nothing else.

Flags, points, tags, outputs, kernel names and the order of our own cells are not looked at. Ids that an editor lost are
found again by what a cell defines.
"""

from __future__ import annotations

import ast
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from autograder.units.manifest import CHECK, Cell, Unit, load_unit, unit_names

MAX_BYTES = 20 * 2**20
MAX_CELLS = 2000
MAX_CODE = 20_000, 200_000  # characters of one code cell, of all: parsing hostile code takes long
MAX_TEXT = 10_000  # of a text cell: rendering hostile Markdown takes long


class SubmissionError(ValueError):
    """The file cannot be graded; the message is one line for the instructor."""


@dataclass
class Submission:
    """What a notebook holds for us.

    cells      what to run, in the student's order
    positions  check -> how many of `cells` stand before it
    answers    template id -> the student's source
    rebuilt    the template's cells with the student's sources, and the student's own cells where they stood
    """

    unit: Unit
    cells: list[str] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    rebuilt: list[Cell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of bounded size; links and special files are refused."""
    try:
        status = os.lstat(path)
    except OSError as error:
        raise SubmissionError(f"{path}: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a link" if stat.S_ISLNK(status.st_mode) else "not a regular file"
        raise SubmissionError(f"{path} is {kind}, not a notebook")
    if status.st_size > MAX_BYTES:
        size = status.st_size / 2**20
        raise SubmissionError(f"{path} has {size:.0f} MB, over the limit of {MAX_BYTES >> 20} MB: clear its outputs")
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_BYTES + 1)[:MAX_BYTES]
    except OSError as error:
        raise SubmissionError(f"{path}: {error.strerror}") from None


def raw_cells(content: bytes, path: Path | str) -> list[dict]:
    """[{"type", "source", "id"}] of a notebook of any version. Raises SubmissionError when it is none."""
    try:
        notebook = json.loads(content.decode("utf-8", errors="strict"))
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{path} is not a notebook: {str(error)[:100]}") from None
    if not isinstance(notebook, dict):
        raise SubmissionError(f"{path} is not a notebook: the JSON holds a {type(notebook).__name__}")
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):
        cells = [c for sheet in notebook["worksheets"] if isinstance(sheet, dict) for c in sheet.get("cells") or []]
    if not isinstance(cells, list):
        raise SubmissionError(f"{path} is not a notebook: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"{path} has {len(cells)} cells, over the limit of {MAX_CELLS}")
    found = [_raw_cell(cell) for cell in cells if isinstance(cell, dict)]
    code = sum(len(cell["source"]) for cell in found if cell["type"] == "code")
    if code > MAX_CODE[1]:
        raise SubmissionError(f"{path} holds {code} characters of code, over the limit of {MAX_CODE[1]}")
    return found


def _raw_cell(cell: dict) -> dict:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return {
        "type": "code" if cell.get("cell_type") == "code" else "text",
        "source": _bounded(_printable(source), code=cell.get("cell_type") == "code") if isinstance(source, str) else "",
        "id": _printable(name) if isinstance(name, str) else "",
    }


def _printable(text: str) -> str:
    """Text that can be written to a file: Unix line ends, no lone surrogates, no control characters but tab."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text)


def _bounded(text: str, code: bool) -> str:
    """A cell of bounded length: code over the limit is left out, text over it is cut."""
    if code:
        return text if len(text) <= MAX_CODE[0] else f"# left out by the grader: a cell of {len(text)} characters"
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "\n\n(cut by the grader)"


def guess_unit(cells: list[dict], path: Path | str) -> str:
    """The unit whose ids or function names the notebook holds most of."""
    best, most = "", 0
    for slug in unit_names():
        names = set(load_unit(slug).checks) | set(load_unit(slug).manual)
        found = len({c["id"] for c in cells} & names) + len(set().union(*(defined(c) for c in cells), ()) & names)
        if found > most:
            best, most = slug, found
    if not best:
        raise SubmissionError(f"{path} holds no exercise of any unit ({', '.join(unit_names())}); name it with --unit")
    return best


def read_submission(path: Path, slug: str | None = None) -> Submission:
    """Read a notebook as a submission for the unit `slug` (guessed from its content where None)."""
    return parse_submission(read_bytes(path), path, slug)


def parse_submission(content: bytes, path: Path | str, slug: str | None = None) -> Submission:
    cells = raw_cells(content, path)
    unit = load_unit(slug or guess_unit(cells, path))
    submission = Submission(unit)
    matches = _match(cells, unit, submission.notes)
    if not any(matches[i] is not None and unit.template[matches[i]].kind == "solution" for i in range(len(cells))):
        other = guess_unit(cells, path)
        if other != unit.slug:
            raise SubmissionError(f"{path} is a notebook of unit {other}, not of {unit.slug}")
    extras: dict[int, list[Cell]] = {}
    last = -1
    for cell, match in zip(cells, matches, strict=True):
        template = None if match is None else unit.template[match]
        if template is not None:
            last = match
        if template is not None and template.kind in ("solution", "manual"):
            submission.answers[template.id] = cell["source"]
        elif template is None and cell["source"].strip():
            kind = "code" if cell["type"] == "code" else "markdown"
            extras.setdefault(last, []).append(Cell("", "extra", kind, cell["source"]))
        if template is not None and template.kind == "check":
            submission.positions.setdefault(template.id.removeprefix(CHECK), len(submission.cells))
        if cell["type"] == "code" and (template is None or template.kind == "solution"):
            submission.cells.append(plain_python(cell["source"]))
    for index in range(-1, len(unit.template)):
        if index >= 0:
            cell = unit.template[index]
            source = submission.answers.get(cell.id, cell.source) if cell.id else cell.source
            submission.rebuilt.append(Cell(cell.id, cell.kind, cell.type, source, cell.points))
        submission.rebuilt += extras.get(index, [])
    missing = [c.id for c in unit.template if c.kind in ("solution", "manual") and c.id not in submission.answers]
    submission.notes += [f"cell {name} is missing" for name in missing]
    return submission


def _match(cells: list[dict], unit: Unit, notes: list[str]) -> list[int | None]:
    """For each submitted cell the index of the template cell it answers, or None for the student's own."""
    names = [defined(cell) for cell in cells]
    by_id = {cell.id: i for i, cell in enumerate(unit.template) if cell.id}
    by_source = {cell.source.strip(): i for i, cell in enumerate(unit.template)}
    matches: list[int | None] = [by_source.get(cell["source"].strip()) for cell in cells]
    for name, index in by_id.items():
        kind = unit.template[index].kind
        claims = [i for i, cell in enumerate(cells) if cell["id"] == name]
        if kind in ("check", "setup", "other"):
            same = {i for i in claims if cells[i]["source"].strip() == unit.template[index].source.strip()}
            for i in claims:
                # a check that was edited is dropped; an edited setup cell runs as the student's own, after ours
                matches[i] = index if kind == "check" or i in same else None
            continue
        if kind == "manual":
            code = [i for i in claims if cells[i]["type"] == "text"]
            keep = _longest(code, cells, unit.template[index].source)
            if keep is None:
                keep = _after_heading(cells, matches, unit, index)
        else:
            makers = [i for i in range(len(cells)) if name in names[i]]
            claiming = [i for i in makers if i in claims] or makers
            keep = claiming[-1] if claiming else (claims[-1] if claims else None)
        for i in claims:
            matches[i] = None
        if keep is not None:
            if cells[keep]["id"] != name:
                notes.append(f"cell {name} had lost its id and was found by its content")
            elif len(claims) > 1:
                notes.append(f"{len(claims)} cells claim to be {name}; the last that defines it was taken")
            matches[keep] = index
    return matches


def _longest(claims: list[int], cells: list[dict], untouched: str) -> int | None:
    changed = [i for i in claims if cells[i]["source"].strip() != untouched.strip()]
    return max(changed or claims, key=lambda i: len(cells[i]["source"]), default=None)


def _after_heading(cells, matches, unit: Unit, index: int) -> int | None:
    """A derivation that lost its id: the unmatched text cell right after the text that precedes it in the template."""
    for i in range(len(cells) - 1):
        if matches[i] == index - 1 and cells[i + 1]["type"] == "text" and matches[i + 1] is None:
            return i + 1
    return None


def defined(cell: dict) -> set[str]:
    """Names that a code cell defines at its top level."""
    if cell["type"] != "code":
        return set()
    try:
        body = ast.parse(plain_python(cell["source"])).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"^def\s+(\w+)\s*\(", cell["source"], re.MULTILINE))
    names = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


CELL_MAGIC_KEEPS_CODE = ("%%time", "%%timeit", "%%capture", "%%prun")


def plain_python(source: str) -> str:
    """The cell without notebook magics: their lines become comments, cells in other languages become empty."""
    try:
        ast.parse(source)
        return source
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(CELL_MAGIC_KEEPS_CODE):
        return ""
    return "\n".join(_without_magic(line) for line in lines)


def _without_magic(line: str) -> str:
    stripped = line.lstrip()
    if stripped.startswith(("%", "!", "?")) or re.fullmatch(r"[\w.]+\?{1,2}", stripped.rstrip()):
        indent = line[: len(line) - len(stripped)]
        return f"{indent}pass  # {stripped}"
    return line
