"""What an entry of the ledger owes: each check returns the list of its faults, one sentence each.

`tests/test_claims.py` asks for empty lists, and shows with doctored entries that none of the checks is blind.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import math
import re
from fractions import Fraction
from pathlib import Path

from flint import arb
from latex2mathml.converter import convert

from autograder.units.manifest import ROOT
from tests.claims.ball import refuted

spec = importlib.util.spec_from_file_location("ledger", ROOT / "docs" / "claims" / "ledger.py")
ledger = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ledger)

OWED = ("id", "section", "quote", "means", "verdict", "note")
ALLOWED = {*OWED, "place", "corrected", "unit", "theorem", "shown_by"}
TAUGHT = ("proved", "proved with a correction", "measured and confirmed", "measured and refuted")
QUOTED_WORDS = 15
OPENING = "(opening)"  # the heading of what stands before the first heading
PROGRAM = re.compile(r"tests/claims/\w+\.py::\w+")
REFERENCE = re.compile(
    r"(?:Theorem|Proposition|Lemma|Corollary|Figure|Table|section|Section|Equation|Unit|unit)s?~? ?"
    r"[\d.]+\w*(?:(?:,| and| to| or) [\d.]+\w*)*|\(https?://[^)]*\)|`[^`]*`"
)
POWER = re.compile(r"\\cdot ?10\^\{?(-?\d+)\}?")
NUMBER = re.compile(r"(?<![\w.])(-?)(\d+(?:\.\d+)?(?:e-?\d+)?)( ?\\?%)?(?![\w])")


def form(claim: dict, headings: list[str]) -> list[str]:
    """Fields, verdict, length of the quotation, and what a verdict owes."""
    faults = [f"no {field}" for field in OWED if not str(claim.get(field, "")).strip()]
    faults += [f"unknown field {field}" for field in claim if field not in ALLOWED]
    verdict = claim.get("verdict")
    if verdict not in ledger.VERDICTS:
        faults.append(f"unknown verdict {verdict!r}")
    if claim.get("section") not in headings:
        faults.append(f"no such section: {claim.get('section')!r}")
    if len(claim.get("quote", "").replace("...", " ").split()) > QUOTED_WORDS:
        faults.append(f"more than {QUOTED_WORDS} words quoted")
    if verdict in ledger.CORRECTED and not claim.get("corrected", "").strip():
        faults.append("owes the statement that holds (corrected)")
    if verdict in TAUGHT and not (claim.get("unit") or claim.get("shown_by")):
        faults.append("neither a unit nor a program shows it")
    if verdict == "false, counterexample" and not any(map(PROGRAM.fullmatch, claim.get("shown_by", []))):
        faults.append("no program below tests/claims refutes it")
    if bool(claim.get("unit")) != bool(claim.get("theorem")):
        faults.append("a unit without its theorem, or the reverse")
    for field in ("means", "note", "corrected"):
        if claim.get(field, "").count("$") % 2:
            faults.append(f"an open $ in {field}")
    return faults


def formulas(claim: dict) -> list[str]:
    """Each formula can be drawn: braces in pairs, and a converter that reads it."""
    faults = []
    for formula in re.findall(
        r"\$([^$]+)\$", " ".join(claim.get(field, "") for field in ("means", "note", "corrected"))
    ):
        if formula.count("{") != formula.count("}"):
            faults.append(f"braces: {formula}")
            continue
        try:
            convert(formula)
        except Exception as error:  # the converter has no exception of its own
            faults.append(f"{formula}: {error!r}")
    return faults


@functools.cache
def lecture(unit: str) -> str:
    return (ROOT / "lectures" / f"{unit}.py").read_text(encoding="utf-8")


def place(claim: dict) -> list[str]:
    """Unit and theorem stand in the lecture: a bold label, or a numbered section."""
    if "unit" not in claim:
        return []
    if not (ROOT / "lectures" / f"{claim['unit']}.py").is_file():
        return [f"no such unit: {claim['unit']}"]
    faults = []
    for label in claim["theorem"].split("; "):
        section = re.fullmatch(r"section (\d+)", label)
        pattern = rf"^# ## {section[1]} " if section else rf"\*\*{re.escape(label)}(?![\w+]|\.\d)"
        if not re.search(pattern, lecture(claim["unit"]), re.MULTILINE):
            faults.append(f"{claim['unit']} has no {label}")
    return faults


@functools.cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@functools.cache
def experiments() -> frozenset[str]:
    """The words that `python -m experiments` knows: strings of its command line."""
    tree = ast.parse((ROOT / "experiments" / "__main__.py").read_text(encoding="utf-8"))
    return frozenset(n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def shown(claim: dict) -> list[str]:
    """What shows it exists: a function of that name in that file, or a command that is known."""
    faults = []
    for item in claim.get("shown_by", []):
        path, colons, name = item.partition("::")
        words = item.split()
        if words[:3] == ["python", "-m", "experiments"]:
            named = [word for word in words[3:] if not word.startswith("-")]
            if not named or named[0] not in experiments():
                faults.append(f"unknown command: {item}")
        elif not colons or not path.startswith("tests/"):
            faults.append(f"neither a test, nor a program, nor a command: {item}")
        elif not (ROOT / path).is_file() or name.split("[")[0] not in functions(ROOT / path):
            faults.append(f"not there: {item}")
    return faults


@functools.cache
def run(program: str) -> dict:
    """What tests/claims/x.py::name returns; run once however many entries name it."""
    path, _, name = program.partition("::")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    return getattr(module, name)()


def programs(claim: dict) -> list[str]:
    return [item for item in claim.get("shown_by", []) if PROGRAM.fullmatch(item)]


def flat(value) -> list[float]:
    """Every number in it, as a float; `claimed` triples give their two sides."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in flat(item)]
    if isinstance(value, str):
        return []
    if isinstance(value, arb):
        if not value.rad() < 1e-12 * max(1, abs(float(value.mid()))):
            raise ValueError(f"{value} is too wide a ball to be printed")
        return [float(value.mid())]
    return [float(value)]


def printed(text: str) -> list[tuple[str, float, float, bool]]:
    """Decimals and percentages of a note: (as printed, value, half a unit of its last digit, with a minus sign)."""
    found = []
    text = POWER.sub(r"e\1", REFERENCE.sub(" ", text))
    for sign, digits, percent in NUMBER.findall(text):
        if "." not in digits and "e" not in digits and not percent:
            continue
        mantissa, _, power = digits.partition("e")
        unit = Fraction(10) ** (int(power or 0) - len(mantissa.partition(".")[2]) - (2 if percent else 0))
        found.append((sign + digits + percent, float(digits) / (100 if percent else 1), float(unit) / 2, bool(sign)))
    return found


def numbers(claim: dict) -> list[str]:
    """Each number of the note is a value of the entry's programs, rounded to the digits printed."""
    text = claim.get("note", "") + "\n" + claim.get("corrected", "")
    values = [v for program in programs(claim) for v in flat(run(program)) if math.isfinite(v)]
    faults = []
    for shown_as, value, half, signed in printed(text):
        close = any(abs(v - value) <= half * (1 + 1e-9) for v in values)
        if not close and not (signed and any(abs(v + value) <= half * (1 + 1e-9) for v in values)):
            faults.append(f"{shown_as} is computed by none of its programs")
    return faults


def refutation(claim: dict) -> list[str]:
    """What a program says is claimed is broken with certainty; a counterexample has such a program."""
    results = [run(program) for program in programs(claim)]
    claimed = [triple for result in results if "claimed" in result for triple in as_list(result["claimed"])]
    owed = claim["verdict"] == "false, counterexample" and not claimed
    faults = ["none of its programs says what is claimed"] if owed else []
    return faults + [f"not certainly broken: {triple}" for triple in claimed if not refuted(triple)]


def as_list(claimed) -> list[tuple]:
    return claimed if isinstance(claimed, list) else [claimed]


def plain(text: str) -> str:
    """Words as they stand, without emphasis, links and line breaks."""
    text = re.sub(r"\[([^\]]*?)\]\(#?\)", r"\1", text.replace("\\(", "(").replace("\\)", ")"))
    text = text.translate(str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "*": None}))
    return re.sub(r"\s+", " ", text)


def sections_of(text: str, headings: list[str]) -> list[str] | None:
    """The text under each heading, or None where a heading is missing or out of order."""
    lines, starts, at = text.split("\n"), [], 0
    for heading in headings:
        if heading == OPENING and not starts:
            starts.append(0)
            continue
        at = next((i for i in range(at, len(lines)) if lines[i].strip("# ").strip() == heading), None)
        if at is None:
            return None
        starts.append(at)
        at += 1
    return ["\n".join(lines[a:b]) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def quoted(claim: dict, texts: dict[str, str]) -> list[str]:
    """The quotation stands under its heading, piece by piece and in order."""
    text, at = plain(texts[claim["section"]]), 0
    for piece in plain(claim["quote"]).split("..."):
        at = text.find(piece.strip(), at)
        if at < 0:
            return [f"not in this section of the source: {piece.strip()!r}"]
    return []
