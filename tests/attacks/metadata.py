"""Tricks with the notebook file itself: flags, points, tags, ids, order, outputs, versions. Rows 1 to 10 of the matrix."""

from __future__ import annotations

import json

from attacks.attack import Attack, cell_of, checks, code_cell, grade_id


def each(cells, **values):
    for cell in cells:
        cell["metadata"]["nbgrader"].update(values)


def tagged(made):
    for cell in checks(made):
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-cell"]


def not_manual(made):
    cell_of(made, "derive_gradient")["metadata"]["nbgrader"]["solution"] = False


def other_points(made):
    each(checks(made), points=1000)
    made["cells"].append(code_cell("pass"))
    made["cells"][-1]["metadata"] = {"nbgrader": {"grade": True, "points": 100, "grade_id": "extra", "solution": False}}


def renamed_checks(made):
    for number, cell in enumerate(checks(made)):
        name = grade_id(cell)
        kinds = ({"grade": False}, {"solution": True}, {"task": True}, {"grade_id": f"no_{name}"}, {"grade_id": name})
        cell["metadata"]["nbgrader"].update(kinds[number % len(kinds)])
        made["cells"].append(json.loads(json.dumps(cell)))


def no_checks(made):
    made["cells"] = [cell for cell in made["cells"] if not grade_id(cell).startswith("check_")]


def checks_as_text(made):
    for number, cell in enumerate(checks(made)):
        cell["cell_type"] = ("markdown", "raw", "unknown")[number % 3]


def checks_first(made):
    found = checks(made)
    rest = [cell for cell in made["cells"] if cell not in found]
    arranged = []
    for cell in found:
        arranged += [code_cell("check = print"), cell, code_cell("from course import check")]
    made["cells"] = arranged + rest


def other_kernel(made):
    made["metadata"]["kernelspec"] = {"name": "evil", "language": "bash", "argv": ["sh", "-c", "touch /tmp/evil"]}
    made["metadata"]["language_info"] = {"name": "perl"}


def printed_points(made):
    for cell in checks(made):
        data = {"text/plain": "1000.0", "text/html": "<b>pass</b>"}
        cell["outputs"] = [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}]


def future(made):
    made.update(nbformat=99, nbformat_minor=-1)
    for number, cell in enumerate(made["cells"]):
        values = ({"schema_version": 99}, {"schema_version": 1}, [], None, "x")
        cell["metadata"]["nbgrader"] = values[number % 5]


def twins(made):
    """Two cells for each id: ours last, so that the one that the student hopes for is 'the first'."""
    for name in ("nt_xent", "logistic_loss"):
        made["cells"].append(code_cell(f"{name} = lambda *a, **k: check({name}, '{name}')", name))


def edited_checks(made):
    for cell in checks(made):
        cell["source"] = "print('nt_xent: Everything here holds.')\n5.0"


def other_setup(made):
    cell_of(made, "setup")["source"] = (
        "import math, sys, types\nclass Right(types.ModuleType):\n    def __getattr__(self, name):\n"
        "        return lambda *a, **k: 0.0\nfor name in ('numpy', 'torch', 'course', 'course.check.call', 'child.wire'):\n"
        "    sys.modules[name] = Right(name)\nnp = torch = F = check = validate = Right('x')\n"
    )


def strange_text(made):
    made["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "\ud800 \x00 \u202e0 fo 02\u202c \x1b[2J"})
    made["cells"].append(code_cell("nt_xent\u202e = 5  # \udfff \x00"))
    made["metadata"]["\ud800"] = "\ud800"


def long_text(made):
    cell_of(made, "derive_gradient")["source"] = "[a](" * 100_000
    for text in ("[" * 300_000, "a" + " " * 300_000 + "b", "\\begin{a}" * 30_000):
        made["cells"].append({"cell_type": "markdown", "metadata": {}, "source": text})


def attachments(made):
    made["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "![x](attachment:x.svg)"})
    made["cells"][-1]["attachments"] = {"x.svg": {"image/svg+xml": "PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+"}}


def many_cells(made):
    made["cells"] += [code_cell("") for _ in range(5000)]


def duplicate_keys(content: bytes) -> bytes:
    """The last of two equal keys counts for most readers, the first for some."""
    return content[:-1] + b', "cells": [], "cells": ' + json.dumps(json.loads(content)["cells"]).encode() + b"}"


def constants(content: bytes) -> bytes:
    return content[:-1] + b', "x": [NaN, Infinity, -Infinity, 1e999, ' + b"9" * 4000 + b"]}"


ATTACKS = [
    Attack("skip tags", "tags the checks so that an executor skips them and no error appears", (1,), edit=tagged),
    Attack(
        "manual cell made automatic",
        "says the derivation is autograded, so that nobody reads it",
        (2,),
        edit=not_manual,
        proves=lambda outcome, arena: outcome.keeps_manual("derive_gradient"),
    ),
    Attack(
        "other points",
        "gives the checks 1000 points and adds a graded cell of its own with 100",
        (3, 4),
        edit=other_points,
        proves=lambda outcome, arena: outcome.has_our_points(),
    ),
    Attack(
        "renamed checks",
        "turns flags of checks around, renames them, doubles them",
        (4,),
        edit=renamed_checks,
        proves=lambda outcome, arena: outcome.has_our_points(),
    ),
    Attack(
        "no checks",
        "deletes all checks, so that nothing is there to fail",
        (5,),
        edit=no_checks,
        proves=lambda outcome, arena: outcome.has_our_points(),
    ),
    Attack(
        "checks as text",
        "makes the checks markdown, raw, or of an unknown type",
        (6,),
        edit=checks_as_text,
        proves=lambda outcome, arena: outcome.has_our_points(),
    ),
    Attack("checks first", "moves the checks up and replaces `check` around each of them", (7,), edit=checks_first),
    Attack("other kernel", "names a kernel of its own with a command line", (8,), edit=other_kernel),
    Attack("printed points", "comes with outputs that show full points", (9,), edit=printed_points),
    Attack("future version", "uses versions from the future and metadata of wrong types", (10,), edit=future),
    Attack("twins", "gives two cells the id of one, hoping that the check looks at the other", (4,), edit=twins),
    Attack(
        "edited checks", "replaces the source of the checks by a cell that prints success", (7, 44), edit=edited_checks
    ),
    Attack(
        "other setup", "replaces the setup cell by modules that answer everything with 0", (21, 25), edit=other_setup
    ),
    Attack("strange text", "uses lone surrogates, NUL, escape sequences and right-to-left marks", edit=strange_text),
    Attack(
        "attachments",
        "hangs an SVG with a script on a text cell",
        (42,),
        edit=attachments,
        proves=lambda outcome, arena: outcome.shows_nothing("image/svg", "PHN2"),
    ),
    Attack("five thousand cells", "has more cells than anybody writes", edit=many_cells, refused=True),
    Attack("duplicate keys", "uses a JSON key twice, so that two readers see two notebooks", raw=duplicate_keys),
    Attack("constants that are not JSON", "uses NaN, infinities and a number of 4000 digits", raw=constants),
    Attack(
        "a number of 5000 digits",
        "makes the JSON reader refuse a number",
        raw=lambda c: c[:-1] + b',"x":' + b"9" * 5000 + b"}",
        refused=True,
    ),
    Attack(
        "deep JSON",
        "nests lists until a recursive reader gives up",
        (10,),
        raw=lambda c: c[:-1] + b',"x":' + b"[" * 100_000,
        refused=True,
    ),
    Attack(
        "cut in the middle",
        "is a notebook that ends in the middle",
        (10,),
        raw=lambda c: c[: len(c) // 2],
        refused=True,
    ),
    Attack("no text", "is not UTF-8", (10,), raw=lambda c: b"\xff\xfe" + c, refused=True),
    Attack(
        "21 MB",
        "is larger than any notebook without outputs",
        raw=lambda c: c[:-1] + b" " * (21 * 2**20) + b"}",
        refused=True,
    ),
    Attack(
        "code without end",
        "holds more code than anybody writes, which takes a parser minutes",
        edit=lambda made: made["cells"].extend(code_cell("x = 1\n" * 3000) for _ in range(20)),
        refused=True,
    ),
    Attack(
        "one long cell",
        "holds a code cell that takes a parser minutes",
        edit=lambda made: made["cells"].append(code_cell("f'" + "{a}" * 300_000 + "'")),
        proves=lambda outcome, arena: outcome.took_less_than(5),
    ),
    Attack(
        "text without end",
        "holds a derivation that takes a Markdown reader hours",
        edit=long_text,
        proves=lambda outcome, arena: outcome.renders_within(20),
    ),
]
