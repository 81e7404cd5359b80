"""python -m experiments clip prepare: the emoji file, made again from npm packages. Nothing else needs the network.

Drawings of Noto (Google, Apache-2.0) and Fluent Emoji Flat (Microsoft, MIT) as Iconify packs them, names and tags of
emojibase (MIT), drawn by resvg at 32 x 32 on white. None of the packages is a dependency of the course: they are fetched
into a temporary folder with npm and pip, and checked.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import PIL.Image

from experiments.clip import pictures
from experiments.running import ExperimentError

STYLES = {"noto": "iconify-json-noto-1.2.9.tgz", "fluent": "iconify-json-fluent-emoji-flat-1.2.6.tgz"}
NAMES = "emojibase-data-17.0.0.tgz"
PACKAGES = ("@iconify-json/noto@1.2.9", "@iconify-json/fluent-emoji-flat@1.2.6", "emojibase-data@17.0.0")
SHA256 = {
    "iconify-json-noto-1.2.9.tgz": "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
    "iconify-json-fluent-emoji-flat-1.2.6.tgz": "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
    "emojibase-data-17.0.0.tgz": "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
}
RESVG = "resvg-py==0.5.0"
LEFT_OUT = (
    "component",
    "flags",
)  # skin tones and hair alone; 270 flags, of which the name says nothing about the picture


def prepare(path: Path = pictures.FILE) -> Path:
    """Write the emoji file. Raises ExperimentError where something cannot be fetched, or is not what it was."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        called("npm", "pack", "--silent", "--pack-destination", str(folder), *PACKAGES)
        options = ("--quiet", "--no-deps", "--only-binary=:all:", "-d", str(folder))
        called(sys.executable, "-m", "pip", "download", *options, RESVG)
        for file, expected in SHA256.items():
            found = hashlib.sha256((folder / file).read_bytes()).hexdigest()
            if found != expected:
                raise ExperimentError(f"{file} is not the expected file: its SHA-256 is {found}, not {expected}")
        with zipfile.ZipFile(next(folder.glob("resvg_py-*.whl"))) as wheel:
            wheel.extractall(folder / "resvg")
        sys.path.insert(0, str(folder / "resvg"))
        try:
            drawn = draw_all(folder, importlib.import_module("resvg_py").svg_to_bytes)
        finally:
            sys.path.remove(str(folder / "resvg"))
    pictures.write(path, *drawn)
    return path


def called(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ExperimentError(f"{command[0]} is not installed here; it fetches {', '.join(PACKAGES)}") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ExperimentError(f"{' '.join(command[:3])} failed: {reason}")


def draw_all(folder: Path, to_png: Callable) -> tuple[np.ndarray, list[dict], list[int], list[str]]:
    """(drawings (n, 32, 32, 3) uint8, concepts, the concept of each drawing, the style of each drawing)."""
    with tarfile.open(folder / NAMES) as pack:
        emoji = json.load(pack.extractfile("package/en/data.json"))
        groups = {g["order"]: g for g in json.load(pack.extractfile("package/en/messages.json"))["groups"]}
    images, concepts, of_concept, styles = [], [], [], []
    icons = {style: Icons(folder / file) for style, file in STYLES.items()}
    for entry in sorted(emoji, key=lambda e: e.get("order", 0)):
        group = groups.get(entry.get("group"), {"key": LEFT_OUT[0]})
        found = {style: svg for style, pack in icons.items() if (svg := pack.svg(entry["hexcode"]))}
        if group["key"] in LEFT_OUT or not found:
            continue
        concept = {"code": entry["hexcode"], "name": entry["label"], "tags": entry.get("tags", [])}
        concepts.append(concept | {"group": group["message"], "base": pictures.base(entry["hexcode"])})
        for style, svg in found.items():
            images.append(pixels(to_png(svg_string=svg, width=pictures.SIDE, height=pictures.SIDE)))
            of_concept.append(len(concepts) - 1)
            styles.append(style)
    return np.stack(images), concepts, of_concept, styles


class Icons:
    """One of Iconify's packs: the drawing of a code point sequence."""

    def __init__(self, path: Path):
        with tarfile.open(path) as pack:
            self.icons = json.load(pack.extractfile("package/icons.json"))
            self.chars: Mapping[str, str] = json.load(pack.extractfile("package/chars.json"))

    def svg(self, code: str) -> str:
        """As text; empty where the pack has none."""
        name = next((self.chars[c] for c in spellings(code.lower()) if c in self.chars), None)
        while name in self.icons.get("aliases", {}):
            name = self.icons["aliases"][name]["parent"]
        if name not in self.icons["icons"]:
            return ""
        icon = self.icons["icons"][name]
        width, height = (icon.get(side, self.icons.get(side, 16)) for side in ("width", "height"))
        box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
        kinds = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        return f'<svg {kinds} viewBox="{box}">{icon["body"]}</svg>'


def spellings(code: str) -> Iterator[str]:
    """With the variation selectors, and without them."""
    yield code
    yield "-".join(part for part in code.split("-") if part != "fe0f")


def pixels(png) -> np.ndarray:
    """A picture in the middle of a white square, (32, 32, 3) uint8."""
    picture = PIL.Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    white = PIL.Image.new("RGBA", (pictures.SIDE, pictures.SIDE), "white")
    white.alpha_composite(picture, tuple((pictures.SIDE - side) // 2 for side in picture.size))
    return np.asarray(white.convert("RGB"))
