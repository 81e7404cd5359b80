"""Frames that the child writes by itself on the socket of the grader: claims, sizes, orders and times that no honest server has."""

from __future__ import annotations

from attacks.attack import Attack, everywhere
from attacks.tools import FORGE


def framed(name: str, tries: str, statement: str, first: str = "", **rest) -> Attack:
    """Every function runs `statement` (with the tools at hand) and then gives a wrong answer."""
    return Attack(
        name, tries, first=(FORGE, first) if first else FORGE, answers=everywhere(f"{statement}\nreturn 0.0"), **rest
    )


def small_parent(outcome, arena):
    assert outcome.grown < 400, f"the grader's memory grew by {outcome.grown} MB"


VALUE = '{"d": {"value": %s, "grads": {"l": [%s, %s]}, "changed": {"v": False}}}'
ZERO = VALUE % (('{"f": "0x0p+0"}',) * 3)

ATTACKS = [
    framed(
        "a score sent along",
        "answers with fields of a verdict",
        "forge({'l': [{'d': {'passed': {'v': True}, 'score': {'f': '0x1.4p+2'}}}] * 40}, score=5.0, status='pass')",
    ),
    framed(
        "a score in the head",
        "puts the points where the number of the question stands",
        "forge(None, score=20.0, passed=True, ended=0)",
    ),
    framed(
        "an answer twice",
        "sends an answer of its own before the server's: the second is read for the next question",
        f"forge({{'l': [{ZERO}]}})",
    ),
    framed(
        "answers in advance",
        "answers the next hundred questions before they are asked",
        f"for n in range(100):\n    forge({{'l': [{ZERO}]}}, number=question() + n)",
    ),
    framed(
        "answers of a thread",
        "a thread answers every question a little earlier than the server",
        "time.sleep(0.02)",
        f"""
        NUMBER = question()
        def talk():
            for n in range(1, 2000):
                try:
                    forge({{"l": [{ZERO}]}}, number=NUMBER + n % 50, to=SOCK)
                except OSError:
                    return
                time.sleep(0.002)
        threading.Thread(target=talk, daemon=True).start()
    """,
    ),
    framed(
        "late answer",
        "a thread keeps computing and answers a question that was given up long ago",
        "n = question()\nthreading.Timer(0.3, lambda: forge({'l': []}, number=n, to=SOCK)).start()",
    ),
    framed(
        "2^31 by 2^31",
        "claims an array of 2^62 numbers and sends none",
        "forge({'l': [{'a': 0}]}, [['float64', [2**31, 2**31]]])",
    ),
    framed(
        "2^31 rows of nothing",
        "claims 2^31 rows without columns, which need no bytes",
        "forge({'l': [{'d': {'value': {'a': 0}}}]}, [['float64', [2**31, 0]]])",
        proves=small_parent,
    ),
    framed("negative shape", "claims -1 rows", "forge({'l': [{'a': 0}]}, [['float64', [-1, -8]]], bytes(64))"),
    framed(
        "shape of other types",
        "claims true, 1.5, '3' and nested lists as shapes",
        "forge({'l': [{'a': 0}]}, [['float64', [True, 1.5, '3', [2]]], ['float64', None], 7], bytes(64))",
    ),
    framed(
        "nine thousand dimensions",
        "claims more dimensions than numpy has",
        "forge({'l': [{'a': 0}]}, [['int8', [1] * 9000]], b'x')",
    ),
    framed(
        "object dtype",
        "claims an array of Python objects, and of raw memory",
        "forge({'l': [{'a': 0}]}, [['O', [8]], ['V8', [1]], ['float64,int8', [1]]], bytes(64))",
    ),
    framed(
        "bytes too few", "claims more numbers than it sends", "forge({'l': [{'a': 0}]}, [['float64', [4]]], bytes(8))"
    ),
    framed(
        "bytes too many", "sends more bytes than it claims", "forge({'l': [{'a': 0}]}, [['float64', [1]]], bytes(4096))"
    ),
    framed(
        "booleans of 255",
        "sends booleans that are neither 0 nor 1",
        "forge({'l': [{'d': {'value': {'a': 0}}}]}, [['bool', []]], b'\\xff')",
    ),
    framed(
        "one array ten thousand times",
        "refers to one large array from many places, each of which is copied",
        "forge({'l': [{'t': 0}] * 5000 + [{'a': 0}] * 5000}, [['float64', [2**19]]], bytes(2**22))",
        proves=small_parent,
    ),
    framed(
        "ten million brackets",
        "sends 30 MB of JSON, which are 1 GB as objects",
        "raw_frame(b'[' + b'[],' * (10 * 2**20) + b'[]]')",
        proves=small_parent,
    ),
    framed(
        "a frame of 4 GB",
        "announces the largest frame that there is",
        "SOCK.sendall(b'\\xff' * 8); SOCK.sendall(bytes(2**22))",
        proves=small_parent,
    ),
    framed("deep frame", "nests JSON until a recursive reader gives up", "raw_frame(b'{\"head\":' + b'[' * 300_000)"),
    framed(
        "deep tree",
        "nests the tree of an answer",
        "t = {'v': None}\nfor _ in range(200):\n    t = {'l': [t]}\nforge(t)",
    ),
    framed(
        "deep error",
        "nests what stands where the name of an error is expected",
        'd = \'[\' * 900 + \']\' * 900\nraw_frame((\'{"head":{"id":%d,"error":[%s,%s]},"tree":null,"arrays":[]}\' % (question(), d, d)).encode())',
    ),
    framed(
        "not JSON",
        "sends NaN, infinity, and bytes that are no text",
        'raw_frame(b\'{"head": {"id": NaN}, "tree": Infinity}\')\nraw_frame(b\'\\xff\\xfe\')',
    ),
    framed(
        "pickle in a frame",
        "sends a pickle where JSON is expected, and as raw bytes",
        "import pickle\np = pickle.dumps(print)\nraw_frame(p, p)\nforge({'p': p.decode('latin-1')})",
    ),
    framed(
        "numbers that are texts",
        "writes numbers as text that int and float read",
        "forge({'l': [{'i': '9' * 5000}, {'f': 'nan'}, {'f': '0x1p+99999'}, {'i': 'x'}]})",
    ),
    framed(
        "an array for an error",
        "puts an array where a list is expected, whose truth value is undefined",
        "forge({'l': [{'d': {'error': {'a': 0}}}]}, [['int8', [2]]], b'ab')",
    ),
    Attack(
        "an array for a cell's error",
        "the same while cells are loaded",
        first=(FORGE, "forge({'d': {'error': {'a': 0}}}, [['int8', [2]]], b'ab')"),
    ),
    framed(
        "gradients of another number",
        "sends no, one and a hundred gradients",
        "forge({'l': [{'d': {'value': {'f': '0x0p+0'}, 'grads': {'l': [{'a': 0}]}}}]}, [['float64', []]], bytes(8))",
    ),
    framed(
        "gradients that are texts",
        "sends text, dictionaries and booleans as gradients",
        "forge({'l': [{'d': {'value': {'f': '0x0p+0'}, 'grads': {'l': [{'v': 'x'}, {'d': {}}]}}}]})",
    ),
    framed(
        "head that is a list",
        "sends lists and texts where the head is expected",
        "raw_frame(b'{\"head\": [1], \"tree\": null, \"arrays\": []}')\nraw_frame(b'[]')\nraw_frame(b'3')",
    ),
    framed(
        "slow drip",
        "sends a byte every 0.2 s, so that no single wait is long",
        "SOCK.sendall(struct.pack('>II', 1000, 0))\nfor _ in range(1000):\n    SOCK.sendall(b' ')\n    time.sleep(0.2)",
    ),
    framed("silence", "stops reading, so that the grader blocks while it writes", "while True:\n    time.sleep(1)"),
    framed(
        "socket closed",
        "closes the connection and opens another file in its place",
        "os.close(SOCK.fileno())\nos.open('/dev/zero', os.O_RDWR)",
    ),
    framed("socket shut down", "shuts one direction of the connection", "SOCK.shutdown(socket.SHUT_WR)"),
    framed(
        "descriptors sent",
        "sends file descriptors along with a frame",
        "socket.send_fds(SOCK, [struct.pack('>II', 2, 0) + b'{}'], [0, 1, 2])",
    ),
    Attack(
        "found by its number",
        "tries all file descriptors for the connection and writes full points on each",
        first="""
               import os
               for descriptor in range(256):
                   for text in (b'{"ended": 0}\\n', b'{"ready": true}\\n', b'{"score": 20}\\n'):
                       try:
                           os.write(descriptor, text)
                       except OSError:
                           pass
           """,
    ),
]
