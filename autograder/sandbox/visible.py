"""What the sandbox shows of this machine: the interpreter, its library, its packages, the shared libraries. Little else.

Nothing is shown because it is convenient: neither /usr nor /usr/share nor a whole Python prefix, below any of which a
checkout, a class or an exchange may lie. What must stay hidden and lies below something that is shown (a checkout in
/usr/lib, or beside the packages) gets an empty file system over it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from autograder.sandbox.errors import SandboxError

PACKAGES = ("numpy", "torch", "scipy", "sklearn", "matplotlib", "tqdm", "threadpoolctl", "pyseccomp")
# Distributions that hold answers to graded functions, and what they are imported as: invisible even when installed.
# The first is this project itself: an installation of it would show the checks and the path of the checkout.
HOLD_ANSWERS = {
    "contrastive-theory-course": ("course", "autograder", "experiments", "solutions"),
    "pytorch-metric-learning": ("pytorch_metric_learning",),
    "infonce": ("infonce",),
    "info-nce-pytorch": ("info_nce",),
    "lightly": ("lightly",),
    "open-clip-torch": ("open_clip",),
    "solo-learn": ("solo",),
}
FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")  # public images that course.data offers


class Mount(NamedTuple):
    """kind: show (a file or folder as it is, read-only), link (a symbolic link to `to`), hide (an empty folder, or an
    empty file, over what is there)."""

    path: Path
    kind: str
    to: str = ""


def mounts(hide: Sequence[Path] = ()) -> list[Mount]:
    """Everything that is mounted, outer before inner. `hide` must not be seen, wherever it lies.

    Raises SandboxError where a place of `hide` cannot be covered: it is itself what Python needs, or is not there yet.
    """
    made = [*_python(), *_libraries()]
    shown = {mount.path for mount in made if mount.kind == "show"}
    for place in {path.resolve() for path in hide}:
        above = next((path for path in shown if path == place or path in place.parents), None)
        if above is None:
            continue
        if above == place:
            raise SandboxError(f"{place} must be hidden from students' code, but Python itself needs it")
        if not place.exists():
            raise SandboxError(
                f"{place} lies below {above}, which students' code can read: create it first, or move it"
            )
        made.append(Mount(place, "hide"))
    made += [Mount(path, "hide") for path in _with_answers()]
    return sorted(set(made), key=lambda mount: (len(mount.path.parts), mount))


def interpreter() -> Path:
    """The program itself, not a virtual environment's link to it: beside that may lie anything."""
    base = Path(getattr(sys, "_base_executable", "") or sys.executable)
    return (base if base.exists() else Path(sys.executable)).resolve()


def package_folders() -> list[Path]:
    """The folders of installed packages, in the order in which Python looks into them."""
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    for name in PACKAGES:  # what is found elsewhere, by PYTHONPATH or a .pth file: there is no other way to it inside
        found = importlib.util.find_spec(name)
        if found is not None and found.origin:
            folder = Path(found.origin).parent
            folders.append(folder.parent if found.submodule_search_locations else folder)
    real = [Path(folder).resolve() for folder in folders if os.path.isdir(folder)]
    return list(dict.fromkeys(real))


def _python() -> list[Mount]:
    packages = package_folders()
    paths = {"platstdlib": {"platbase": sys.base_exec_prefix}, "stdlib": {"base": sys.base_prefix}}
    library = {Path(sysconfig.get_path(name, vars=prefix)).resolve() for name, prefix in paths.items()}
    library |= {Path(path).resolve() for path in sys.path if path.endswith("lib-dynload")}
    made = [Mount(path, "show") for path in {interpreter(), *library, *packages} if path.exists()]
    unused = {folder / name for folder in library for name in ("site-packages", "dist-packages")} - set(packages)
    made += [Mount(path, "hide") for path in unused if path.is_dir()]
    if interpreter().is_relative_to("/nix/store"):
        made.append(Mount(Path("/nix/store"), "show"))
    return made


def _libraries() -> list[Mount]:
    """The folders in which the dynamic loader looks, and the shared libraries of Python's own prefix, one by one."""
    triplet = sysconfig.get_config_var("MULTIARCH") or "none"
    folders = [
        Path(top) / name for top in ("/lib", "/usr/lib") for name in {triplet, f"{os.uname().machine}-linux-gnu"}
    ]
    folders += [Path("/lib64"), Path("/usr/lib64")]
    if not any((folder / "libc.so.6").exists() for folder in folders):  # no folder for libraries alone: Arch, Alpine
        folders += [Path("/lib"), Path("/usr/lib")]
    shown = {folder.resolve() for folder in folders if folder.is_dir()}
    shown |= {path for path in (Path("/etc/ld.so.cache"), Path("/etc/alternatives"), FASHION_MNIST) if path.exists()}
    made = {Mount(path, "show") for path in shown}
    loose = [path for top in ("/lib", "/usr/lib") for path in Path(top).glob("ld-*.so*")]
    prefixes = {sys.base_prefix, sys.base_exec_prefix, sys.prefix}
    loose += [path for prefix in prefixes for name in ("lib", "lib64") for path in Path(prefix, name).glob("*.so*")]
    for path in loose:
        made |= _file(path.parent.resolve() / path.name, shown)
    for name in ("/lib", "/lib32", "/lib64", "/libx32"):
        if os.path.islink(name):
            made.add(Mount(Path(name), "link", os.readlink(name)))
    return sorted(made)


def _file(path: Path, shown: Iterable[Path]) -> set[Mount]:
    """A file, and what it links to, unless a folder that is shown holds it."""
    if any(folder in path.parents for folder in shown) or path.is_dir():
        return set()
    if not path.is_symlink():
        return {Mount(path, "show")} if path.is_file() else set()
    target = path.parent / os.readlink(path)
    return {Mount(path, "link", os.readlink(path)), *_file(target.parent.resolve() / target.name, shown)}


def _with_answers() -> set[Path]:
    """In the folders of packages: distributions that hold answers, and the files by which an editable installation names
    its checkout."""
    found = set()
    for folder in package_folders():
        for name, imported in HOLD_ANSWERS.items():
            found |= {folder / top for top in imported}
            for distribution in importlib.metadata.distributions(name=name, path=[str(folder)]):
                for file in distribution.files or []:
                    cached = file.parts[0] == "__pycache__"  # shared with others: of these, only the file itself
                    found |= {folder / (file if cached else file.parts[0])} - {folder / ".."}
        found |= {path for kind in ("*.pth", "*.egg-link", "__editable__*") for path in folder.glob(kind)}
    return {path.resolve() for path in found if path.exists()}
