"""Frames: what is sent comes back equal, what is forged is refused without doing anything."""

from __future__ import annotations

import ast
import contextlib
import socket
import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.sandbox.child import wire
from autograder.sandbox.deadline import Deadline
from course.check.call import same_tree
from course.check.codec import CodecError, pack, unpack


@pytest.fixture
def pair():
    a, b = socket.socketpair()
    yield a, b
    a.close()
    b.close()


def raw(text, payload=b""):
    text = text.encode() if isinstance(text, str) else text
    return struct.pack(">II", len(text), len(payload)) + text + payload


def frame(tree="null", arrays="[]", head="{}", payload=b""):
    return raw(f'{{"head": {head}, "tree": {tree}, "arrays": {arrays}}}', payload)


TREES = [
    None,
    True,
    7,
    -(10**18),
    0.1,
    float("inf"),
    "text",
    [1, 2.5, "x", None],
    {"a": np.arange(6.0).reshape(2, 3), "b": [np.float32(1.5), np.array(3)]},
    np.zeros((0, 4)),
    np.array([np.nan, -0.0, 5e-324]),
    torch.randn(3, 4, dtype=torch.float16),
    torch.randn(4, 6)[:, ::2],
    torch.tensor(2.0),
]


@pytest.mark.parametrize("tree", TREES, ids=lambda t: str(type(t).__name__))
def test_a_tree_comes_back_equal(pair, tree):
    wire.send(pair[0], {"op": "x"}, tree)
    head, back = wire.receive_request(pair[1])
    assert head == {"op": "x"}
    assert same_tree(tree, back)
    if isinstance(tree, torch.Tensor):
        assert back.dtype == tree.dtype
        assert back.is_contiguous() == tree.is_contiguous()


def test_nan_and_signed_zero_keep_their_bits():
    node, arrays = pack(np.array([np.nan, -0.0, 5e-324]))
    assert unpack(node, arrays).tobytes() == np.array([np.nan, -0.0, 5e-324]).tobytes()


@pytest.mark.parametrize(
    "value", [object(), 1j, np.array([object()]), np.array(["x"]), np.zeros(2, "complex128"), {1, 2}]
)
def test_what_is_no_number_cannot_be_sent(value):
    with pytest.raises(CodecError):
        pack(value)


@pytest.mark.parametrize(
    "forged",
    [
        raw(b"\xff\xfe"),
        raw("null"),
        raw("[]"),
        raw("{}"),
        raw("NaN"),
        frame(tree='{"x": 1}'),
        frame(tree='{"a": 0}'),
        frame(tree='{"a": -1}', arrays='[["float64", [1]]]', payload=b"\0" * 8),
        frame(tree='{"a": true}', arrays='[["float64", [1]]]', payload=b"\0" * 8),
        frame(tree='{"a": 0}', arrays='[["float64", [2]]]', payload=b"\0" * 8),
        frame(tree='{"a": 0}', arrays='[["float64", [1]]]', payload=b"\0" * 16),
        frame(tree='{"a": 0}', arrays='[["object", [1]]]', payload=b"\0" * 8),
        frame(tree='{"a": 0}', arrays='[["<f8,<f8", [1]]]', payload=b"\0" * 16),
        frame(tree='{"a": 0}', arrays='[["float64", [-1]]]'),
        frame(tree='{"a": 0}', arrays='[["float64", [2147483648, 2147483648, 2147483648]]]'),
        frame(tree='{"a": 0}', arrays='[["float64", [0, 99999999999999999999]]]'),
        frame(tree='{"a": 0}', arrays='[["float64", [1, 1, 1, 1, 1, 1, 1, 1, 1]]]', payload=b"\0" * 8),
        frame(tree='{"l": [{"a": 0}, {"a": 0}]}', arrays='[["float64", [1]]]', payload=b"\0" * 8),
        frame(tree='{"t": 0, "strided": false}', arrays='[["float64", [1]]]', payload=b"\0" * 8),
        frame(tree='{"g": 3}'),
        frame(tree='{"a": 0}', arrays='[["float64", [0, 4294967296]]]'),
        frame(tree='{"v": "' + "x" * 2**20 + '"}'),
        frame(tree='{"f": "not hex"}'),
        frame(tree='{"i": "9e9"}'),
        frame(tree='{"v": 3}'),
        frame(tree='{"l": {}}'),
        frame(tree='{"d": []}'),
        frame(tree='{"l": [' * 500 + '{"v": null}' + "]}" * 500),
        frame(tree='{"l": [' + ", ".join(['{"v": null}'] * 30_000) + "]}"),
        raw("[" * 100_000),
        raw('{"head": {}, "tree": {"v": null}, "arrays": [3]}'),
    ],
)
def test_a_forged_frame_is_refused(pair, forged):
    def send():
        with contextlib.suppress(OSError):  # the other side may hang up before it has read everything
            pair[0].sendall(forged)

    sender = threading.Thread(target=send)
    sender.start()
    with pytest.raises(wire.WireError):
        wire.receive(pair[1], Deadline(5))
    pair[1].close()
    sender.join()


def test_a_frame_over_the_cap_is_refused_before_it_is_read(pair):
    pair[0].sendall(struct.pack(">II", 2**31, 2**31))
    with pytest.raises(wire.WireError, match="over the cap"):
        wire.receive(pair[1], Deadline(5))


def test_a_frame_that_drips_is_cut_off_at_the_deadline(pair):
    pair[0].sendall(struct.pack(">II", 100, 0))
    stop = threading.Event()

    def drip():
        while not stop.wait(0.05):
            try:
                pair[0].send(b" ")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    start = time.monotonic()
    with pytest.raises(wire.Timeout):
        wire.receive(pair[1], Deadline(0.5))
    stop.set()
    thread.join()
    assert time.monotonic() - start < 3


ALLOWED = {
    "__future__",
    "json",
    "math",
    "select",
    "socket",
    "struct",
    "time",
    "numpy",
    "torch",
    "collections",
    "typing",
}
EXECUTE = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "getattr",
    "setattr",
    "import_module",
    "loads",
    "load",
    "frombuffer",
}


def what_could_execute(source: str) -> set[str]:
    """Modules beyond ALLOWED that a source imports, and functions of EXECUTE that it calls, save json.loads and
    np.frombuffer."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.split(".")[0] not in ALLOWED}
        elif isinstance(node, ast.ImportFrom) and not node.module.startswith("course.check"):
            found |= {node.module} - {m for m in (node.module,) if m.split(".")[0] in ALLOWED}
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in EXECUTE and ast.unparse(node.func) not in ("json.loads", "np.frombuffer", "torch.frombuffer"):
                found.add(name)
    return found


def test_nothing_on_the_wire_can_execute():
    """No pickle, marshal, eval or dynamic import in the modules that both sides share; arrays are raw bytes, JSON the rest."""
    from course.check import codec

    for module in (wire, codec):
        assert not what_could_execute(Path(module.__file__).read_text(encoding="utf-8"))
    for source in ("import pickle", "from marshal import loads", "np.load(f)", "eval(text)", "torch.load(f)"):
        assert what_could_execute(source), source
