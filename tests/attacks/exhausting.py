"""Using up time, memory, processes, descriptors, disk, and the grader's patience. Rows 30 to 34."""

from __future__ import annotations

from attacks.attack import SOLVED, UNIT, Attack, cell_of, code_cell


def only(name: str, tries: str, rows: tuple[int, ...], body: str, **rest) -> Attack:
    """nt_xent does it, everything else is solved: the others must keep their points."""
    source = "def nt_xent(view1, view2, temperature=0.5):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    without = {**SOLVED, "nt_xent": "def nt_xent(view1, view2, temperature=0.5):\n    return 0.0\n"}
    return Attack(
        name,
        tries,
        rows,
        "blank",
        without,
        answers={"nt_xent": source},
        proves=lambda outcome, arena: outcome.scores(outcome.record.max_score - UNIT.checks["nt_xent"]),
        **rest,
    )


def cell(name: str, tries: str, rows: tuple[int, ...], source: str, **rest) -> Attack:
    """A cell does it before anything is defined; the solved rest must keep its points."""
    return Attack(
        name,
        tries,
        rows,
        "solved",
        first=source,
        proves=lambda outcome, arena: outcome.scores(outcome.record.max_score),
        **rest,
    )


NAMES = list(UNIT.checks)
BEFORE = sum(UNIT.checks[name] for name in NAMES[: NAMES.index("nt_xent")])  # points of what stands above nt_xent


def slow_cells(made):
    at = made["cells"].index(cell_of(made, "nt_xent"))
    made["cells"][at:at] = [code_cell("import time\ntime.sleep(1.8)") for _ in range(12)]


def holds_less_than(megabytes: int):
    """The cell says how much it got hold of, in the name of the file it could not write: read from the notes."""

    def proves(outcome, arena):
        assert outcome.reported("HELD") < megabytes, outcome.record.notes

    return proves


HOLD = "HELD = 0\ntry:\n    while HELD < {limit}:\n        {step}\n        HELD += {size}\nexcept (OSError, MemoryError):\n    pass\nraise RuntimeError(f'HELD {{HELD}}')\n"


def hold(name: str, tries: str, setup: str, step: str, size: int, limit: int, allowed: int, **rest) -> Attack:
    return Attack(
        name,
        tries,
        (33,),
        "solved",
        first=setup + HOLD.format(step=step, size=size, limit=limit),
        proves=holds_less_than(allowed),
        **rest,
    )


NEED = "import ctypes\nlibc = ctypes.CDLL(None)\ndef need(result):\n    if result < 0:\n        raise OSError\n"

ATTACKS = [
    only("exit without a word", "ends the process inside a call", (30,), "import os\nos._exit(0)"),
    only(
        "exit with full points",
        "ends the process with the number of points as its status",
        (31,),
        "import os\nos._exit(5)",
    ),
    only("SystemExit", "raises SystemExit(0), the status of success", (31,), "raise SystemExit(0)"),
    only("KeyboardInterrupt", "raises what a person at the keyboard would", (31,), "raise KeyboardInterrupt"),
    only(
        "GeneratorExit",
        "raises an exception that is no Exception",
        (31,),
        "raise type('E', (BaseException,), {})('not to be caught')",
    ),
    only("segmentation fault", "reads address 0", (30,), "import ctypes\nctypes.string_at(0)"),
    only("abort", "aborts in C", (30,), "import os\nos.abort()"),
    only(
        "stack used up",
        "recurses in C until the stack ends",
        (30,),
        "import sys\nsys.setrecursionlimit(10**9)\nf = lambda x: f(x) + 1\nreturn f(1)",
    ),
    only(
        "endless loop",
        "catches everything and goes on",
        (32,),
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    ),
    only(
        "loop in C",
        "computes for hours in one C function that looks at no signal",
        (32,),
        "return float(len(str(7 ** (7 ** 10))))",
    ),
    only(
        "matching without end",
        "lets a regular expression backtrack for years",
        (32,),
        "import re\nreturn float(bool(re.match('(a*)*b', 'a' * 60)))",
    ),
    only("sleep", "sleeps for a day", (32,), "import time\ntime.sleep(86400)"),
    only("memory at once", "takes more memory than there is", (33,), "return float(len(bytearray(2**34)))"),
    only(
        "memory bit by bit",
        "takes memory in pieces until it ends",
        (33,),
        "hoard = []\nwhile True:\n    hoard.append(bytearray(2**24))",
    ),
    only("memory of torch", "lets torch take it", (33,), "return torch.ones(2**33).sum()"),
    only(
        "threads",
        "starts threads until it cannot",
        (33,),
        "import threading, time\nfor _ in range(10**4):\n    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\nreturn 0.0",
    ),
    only(
        "processes",
        "forks until it cannot",
        (33,),
        "import os\nfor _ in range(10**4):\n    if os.fork() == 0:\n        while True: pass\nreturn 0.0",
    ),
    only(
        "descriptors",
        "opens files until it cannot, so that no frame can be sent",
        (33,),
        "hoard = [open('/dev/null') for _ in range(10**5)]\nreturn 0.0",
    ),
    only("a great answer", "answers with a gigabyte", (34,), "return torch.zeros(2**27)"),
    only(
        "output without end",
        "prints and writes until somebody chokes",
        (34,),
        "import os, sys\nfor _ in range(50):\n    print('x' * 10**6)\n    os.write(1, b'x' * 10**6)\n    os.write(2, b'x' * 10**6)\nreturn 0.0",
    ),
    only("a message without end", "raises an error with a message of 100 MB", (34,), "raise RuntimeError('x' * 10**8)"),
    only(
        "a text that never ends",
        "raises an error whose text takes forever",
        (32,),
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    ),
    cell(
        "exit in a cell",
        "ends the process while cells are loaded, each time anew",
        (30,),
        ("import os\nos._exit(0)",) * 5,
    ),
    cell("endless cell", "a cell that never ends", (32,), "while True: pass"),
    cell(
        "disk full",
        "fills /tmp",
        (33,),
        "with open('/tmp/a', 'wb') as f:\n    for i in range(10**4):\n        f.write(b'x' * 2**20)",
    ),
    cell(
        "disk full of files",
        "fills /tmp with files and folders of all depths",
        (33,),
        "import os\nfor i in range(10**5):\n    os.makedirs(f'/tmp/{i}/a/b/c')",
    ),
    cell(
        "everything printed",
        "prints 200 MB while cells are loaded",
        (34,),
        "for _ in range(20):\n    print('x' * 10**7)",
    ),
    cell(
        "great message in a cell",
        "raises 100 MB in a cell",
        (34,),
        "raise type('N' * 10**6, (Exception,), {})('x' * 10**8)",
    ),
    cell(
        "parser bombs",
        "cells that are hard to parse and to compile",
        (32,),
        (
            "x = " + "(" * 5000,
            "-" * 50_000 + "1",
            "a" + ".b" * 40_000,
            "x = " + "[" * 90 + "]" * 90,
            "1" + "+1" * 40_000,
            "f'" + "{a}" * 4000 + "'",
        ),
    ),
    Attack(
        "slow cells",
        "uses up the whole time of the submission before the last function",
        (32,),
        "solved",
        edit=slow_cells,
        proves=lambda outcome, arena: outcome.scores(BEFORE),
    ),
    hold(
        "files in memory",
        "holds memory as files that have no path, which no limit of the process counts",
        "import os\nb = b'x' * 2**20\n",
        "f = os.memfd_create('x')\n        for _ in range(60): os.write(f, b)",
        60,
        1500,
        1100,
    ),
    hold("semaphores", "holds kernel memory as semaphores", NEED, "need(libc.semget(0, 32000, 0o1600))", 2, 200, 100),
    hold("message queues", "holds kernel memory as messages", NEED, "need(libc.msgget(0, 0o1600))", 1, 200, 100),
    hold(
        "empty files",
        "holds kernel memory as files without content",
        "import os\nn = 0\n",
        "n += 1; os.close(os.open(f'/tmp/{n}', os.O_CREAT))",
        1,
        50_000,
        20_000,
    ),
    hold(
        "pipes",
        "holds kernel memory in full pipes",
        "import fcntl, os\n",
        "r, w = os.pipe(); os.set_blocking(w, False); os.write(w, b'x' * 65536)",
        1,
        5000,
        200,
    ),
    hold(
        "mapped memory",
        "maps memory of all kinds",
        "import mmap\nhoard = []\n",
        "hoard.append(mmap.mmap(-1, 2**26)); hoard[-1].write(bytes(2**26))",
        64,
        4096,
        1100,
    ),
]
