"""Packages of npm without npm: pinned address and SHA-512, fetched once and kept in the user's cache.

python site/npm.py            # fetches what the site is built with
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile
import urllib.request
from pathlib import Path, PurePosixPath

REGISTRY = "https://registry.npmjs.org"
# name -> (version, SHA-512 in base64 as npm's `dist.integrity` has it)
PINNED = {
    "mathjax": ("4.1.3", "BN/8Pkgn7G1pIDYJqd9md+JHsE/jydSYbyOZnSdSA0WziuVO8mRxdYiWFumkVVly/8U+hm9DpIIoWuvySverzw=="),
    "@mathjax/mathjax-newcm-font": (
        "4.1.3",
        "gzAB3dFHilHX1l5x2xUqRL+1jDQt3Fyza1DkEMVXWC4E8SvsGdlgEza47HYi2WhVcgfkvf4zgUGzuhbq3Pjlew==",
    ),
    "axe-core": ("4.14.1", "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="),
}


class Unobtainable(Exception):
    """A package is neither in the cache nor to be had; the message says why."""


def cache() -> Path:
    """Where fetched packages are kept: $XDG_CACHE_HOME or ~/.cache, then contrastive-theory-course."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "contrastive-theory-course"


def digest(data: bytes) -> str:
    """SHA-512 in base64."""
    return base64.b64encode(hashlib.sha512(data).digest()).decode()


def sound(data: bytes, name: str) -> bool:
    return digest(data) == PINNED[name][1]


def tarball(name: str, timeout: float = 60) -> bytes:
    """The package's archive from the cache, else from the registry. Unobtainable, with the reason, where neither has it."""
    version = PINNED[name][0]
    kept = cache() / f"{name.replace('/', '-').lstrip('@')}-{version}.tgz"
    if kept.is_file() and sound(data := kept.read_bytes(), name):
        return data
    address = f"{REGISTRY}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:
            data = answer.read()
    except OSError as error:
        raise Unobtainable(f"{address}: {error}") from None
    if not sound(data, name):
        raise Unobtainable(f"{address}: its SHA-512 is not the pinned one")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(
            f"{kept.name}.{os.getpid()}"
        )  # two builds at once: each writes its own, the move is atomic
        part.write_bytes(data)
        part.replace(kept)
    except OSError:
        pass  # a home that cannot be written to costs the next build a download
    return data


def files(name: str, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Path -> content of a package's files whose path begins with one of `wanted`."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(tarball(name)), mode="r:gz") as archive:
        for member in archive:
            path = PurePosixPath(member.name).relative_to("package").as_posix() if member.isfile() else ""
            if path and path.startswith(wanted) and ".." not in path:
                found[path] = archive.extractfile(member).read()
    return found


if __name__ == "__main__":
    for package in PINNED:
        print(f"{package} {PINNED[package][0]}: {len(tarball(package)) / 1e6:.1f} MB in {cache()}")
