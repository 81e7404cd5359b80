"""Length-prefixed frames over a socket: a JSON header, then the raw bytes of arrays. No pickle, nothing executable.

Frame = two big-endian uint32 (length of the JSON, length of the raw bytes), the JSON, the raw bytes. The JSON holds
{"head": ..., "tree": packed tree or null, "arrays": [[dtype, shape], ...]}; arrays lie in the raw bytes in that order.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from typing import Any

import numpy as np

from course.check.codec import DTYPES, CodecError, pack, unpack

PREFIX = struct.Struct(">II")
ANSWER_CAP = 32 * 2**20  # bytes the parent is willing to read for one answer
REQUEST_CAP = 512 * 2**20


class WireError(Exception):
    """The other side closed the connection or sent what is no frame."""


class Timeout(WireError):
    """The deadline passed before the frame was complete."""


def send(sock: socket.socket, head: dict, tree: Any = None) -> None:
    """Send one frame. Raises CodecError when `tree` holds what cannot be encoded."""
    node, arrays = pack(tree)
    text = json.dumps({"head": head, "tree": node, "arrays": [[a.dtype.name, list(a.shape)] for a in arrays]}).encode()
    raw = b"".join(a.tobytes() for a in arrays)
    try:
        sock.sendall(PREFIX.pack(len(text), len(raw)) + text + raw)
    except TimeoutError as error:
        raise Timeout("the other side does not read") from error
    except OSError as error:
        raise WireError(f"connection lost: {error}") from error


def receive(sock: socket.socket, deadline: float | None = None, cap: int = ANSWER_CAP) -> tuple[dict, Any]:
    """Receive one frame as (head, tree). `deadline` is a time.monotonic() value; everything is checked before use."""
    text_length, raw_length = PREFIX.unpack(_read(sock, PREFIX.size, deadline))
    if text_length + raw_length > cap:
        raise WireError(f"answer of {text_length + raw_length} bytes is over the cap of {cap}")
    text, raw = _read(sock, text_length, deadline), _read(sock, raw_length, deadline)
    try:
        frame = json.loads(text.decode(), parse_constant=_no_constant)
        head, specs = frame["head"], frame["arrays"]
        if type(head) is not dict or type(specs) is not list:
            raise CodecError("malformed frame")
        return head, unpack(frame["tree"], _arrays(specs, raw))
    except (CodecError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise WireError(f"malformed frame: {str(error)[:200]}") from None


def _no_constant(name: str):
    raise ValueError(f"{name} is not JSON")


def _arrays(specs: list, raw: bytes) -> list[np.ndarray]:
    arrays, offset = [], 0
    for dtype, shape in specs:
        if dtype not in DTYPES or type(shape) is not list or len(shape) > 8:
            raise CodecError(f"array of dtype {str(dtype)[:20]!r} or of too many dimensions")
        if any(type(n) is not int or not 0 <= n <= 2**31 for n in shape):
            raise CodecError("array with a shape that is none")
        nbytes = np.dtype(dtype).itemsize * math.prod(shape)
        if offset + nbytes > len(raw):
            raise CodecError("array longer than the bytes sent")
        arrays.append(np.frombuffer(raw, dtype, math.prod(shape), offset).reshape(shape).copy())
        offset += nbytes
    if offset != len(raw):
        raise CodecError("more bytes than arrays")
    return arrays


def _read(sock: socket.socket, length: int, deadline: float | None) -> bytes:
    chunks = bytearray()
    while len(chunks) < length:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Timeout("no answer in time")
            sock.settimeout(left)
        try:
            chunk = sock.recv(min(length - len(chunks), 2**20))
        except TimeoutError:
            raise Timeout("no answer in time") from None
        except OSError as error:
            raise WireError(f"connection lost: {error}") from None
        if not chunk:
            raise WireError("connection closed")
        chunks += chunk
    return bytes(chunks)
