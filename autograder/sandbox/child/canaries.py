"""Look, inside the sandbox and before any student's code, for what must not be seen there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any


def seen(wanted: dict[str, Any]) -> str | None:
    """The path of the first thing that is visible, None where all is hidden.

    wanted  files: paths that must not be readable; folders: path -> names that may stand in it; same: [device, inode] of
            folders and files that must not turn up under another name; names: of files that must stand nowhere;
            walk: folder -> how deep the last two are looked for below it
    """
    for path in wanted["files"]:
        if _readable(path):
            return path
    for folder, allowed in wanted["folders"].items():
        for name in _names(folder):
            if name not in allowed:
                return f"{folder}/{name}"
    names, same = set(wanted["names"]), {tuple(identity) for identity in wanted["same"]}
    inodes = {inode for _, inode in same}
    for top, depth in wanted["walk"].items():
        for entry in _entries(top, depth):
            if entry.name in names and _readable(entry.path):
                return entry.path
            if entry.inode() in inodes and (os.stat(entry.path).st_dev, entry.inode()) in same:
                return entry.path
    return None


def _readable(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))  # a file with an empty one mounted over it is hidden
    except OSError:
        return False


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _entries(folder: str, depth: int) -> Iterator[os.DirEntry]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        yield entry
        if depth > 1 and entry.name != "__pycache__" and entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path, depth - 1)
