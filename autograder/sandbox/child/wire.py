"""Length-prefixed frames over a socket: a JSON header, then the raw bytes of arrays. No pickle, nothing executable.

Frame = two big-endian uint32 (length of the JSON, length of the raw bytes), the JSON, the raw bytes. The JSON holds
{"head": ..., "tree": packed tree or null, "arrays": [[dtype, shape], ...]}; arrays lie in the raw bytes in that order.
"""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from course.check.codec import DTYPES, MAX_NODES, NAMES, CodecError, pack, unpack

PREFIX = struct.Struct(">II")
ANSWER_CAP = 32 * 2**20  # bytes of arrays that the parent is willing to read for one answer
TEXT_CAP = 2**20  # bytes of JSON: as Python objects it takes many times that
REQUEST_CAP = 512 * 2**20


class WireError(Exception):
    """The other side closed the connection or sent what is no frame."""


class Timeout(WireError):
    """The deadline passed before the frame was complete."""


def send(sock: socket.socket, head: dict, tree: Any = None) -> None:
    """Send one frame. Raises CodecError when `tree` holds what cannot be encoded."""
    node, arrays = pack(tree)
    text = json.dumps(
        {"head": head, "tree": node, "arrays": [[NAMES[a.dtype], list(a.shape)] for a in arrays]}
    ).encode()
    raw = b"".join(a.tobytes() for a in arrays)
    try:
        sock.sendall(PREFIX.pack(len(text), len(raw)) + text + raw)
    except TimeoutError as error:
        raise Timeout("the other side does not read") from error
    except OSError as error:
        raise WireError(f"connection lost: {error}") from error


def receive(sock: socket.socket, left: Callable[[], float]) -> tuple[dict, Any]:
    """Receive an answer as (head, tree of plain arrays). `left` says how many seconds it may still take. Trusts nothing."""
    return _receive(sock, left, TEXT_CAP, ANSWER_CAP, plain=True)


def receive_request(sock: socket.socket) -> tuple[dict, Any]:
    """Receive what the parent sent; tensors come back as tensors."""
    return _receive(sock, None, REQUEST_CAP, REQUEST_CAP, plain=False)


def _receive(sock, left: Callable[[], float] | None, text_cap: int, cap: int, plain: bool) -> tuple[dict, Any]:
    text_length, raw_length = PREFIX.unpack(_read(sock, PREFIX.size, left))
    if text_length > text_cap or raw_length > cap:
        raise WireError(f"answer of {text_length + raw_length} bytes is over the cap of {cap}")
    text, raw = _read(sock, text_length, left), _read(sock, raw_length, left)
    try:
        frame = json.loads(text.decode(), parse_constant=_no_constant)
        head, specs = frame["head"], frame["arrays"]
        if type(head) is not dict or type(specs) is not list:
            raise CodecError("malformed frame")
        return head, unpack(frame["tree"], _arrays(specs, raw), plain=plain)
    except (CodecError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise WireError(f"malformed frame: {str(error)[:200]}") from None


def _no_constant(name: str):
    raise ValueError(f"{name} is not JSON")


def _arrays(specs: list, raw: bytes) -> list[np.ndarray]:
    arrays, offset = [], 0
    if len(specs) > MAX_NODES:
        raise CodecError("too many arrays")
    for dtype, shape in specs:
        if dtype not in DTYPES or type(shape) is not list or len(shape) > 8:
            raise CodecError(f"array of dtype {str(dtype)[:20]!r} or of too many dimensions")
        if any(type(n) is not int or n < 0 for n in shape) or math.prod(n for n in shape if n) > REQUEST_CAP:
            raise CodecError("array with a shape that is none, or too large")
        nbytes = np.dtype(dtype).itemsize * math.prod(shape)
        if offset + nbytes > len(raw):
            raise CodecError("array longer than the bytes sent")
        arrays.append(np.frombuffer(raw, dtype, math.prod(shape), offset).reshape(shape).copy())
        offset += nbytes
    if offset != len(raw):
        raise CodecError("more bytes than arrays")
    return arrays


def _read(sock: socket.socket, length: int, left: Callable[[], float] | None) -> bytes:
    chunks = bytearray()
    while len(chunks) < length:
        if left is not None:
            seconds = left()
            if seconds <= 0:
                raise Timeout("no answer in time")
            sock.settimeout(seconds)
        try:
            chunk = sock.recv(min(length - len(chunks), 2**20))
        except TimeoutError:
            continue  # the time that is left may have grown
        except OSError as error:
            raise WireError(f"connection lost: {error}") from None
        if not chunk:
            raise WireError("connection closed")
        chunks += chunk
    return bytes(chunks)
