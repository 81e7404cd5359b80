"""Pictures with captions: the emoji that are shipped, or a folder of images with a captions file; and the split.

data = load()                       # emoji in two styles: data/LICENCES.md
data = load("folder")               # captions.csv, lines FILE,CAPTION[,GROUP], beside the images
parts = by_base(data, seed=0)       # {"train": numbers of concepts, "validation": ..., "test": ...}
"""

from __future__ import annotations

import csv
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image

from experiments.running import ExperimentError, written_whole

FILE = Path(__file__).parent / "data" / "emoji.npz"
CAPTIONS = "captions.csv"
SIDE = 32
LEAST = 10  # captions: with fewer a part of the split could be empty
SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
PEOPLE = {"1F468", "1F469", "1F9D1"}  # man, woman, person: the same picture but for hair and moustache
SIGNS = {"200D", "FE0F", "2640", "2642", "27A1"}  # joiner, variant, female, male, "facing right"


@dataclass(frozen=True)
class Pictures:
    """Drawings and what they show. A concept may be drawn in several styles."""

    images: np.ndarray  # (n, 32, 32, 3) uint8
    concepts: tuple[dict, ...]  # {"code", "name", "tags", "group", "base"} each
    of_concept: np.ndarray  # (n,) which concept a drawing shows
    styles: np.ndarray  # (n,) names

    def drawn(self, style: str, concepts: Sequence[int]) -> np.ndarray:
        """Numbers of the drawings of these concepts in a style, in the order of the concepts; those there are."""
        at = {c: i for i, c in enumerate(self.of_concept.tolist()) if self.styles[i] == style}
        return np.array([at[c] for c in concepts if c in at], dtype=int)


def base(code: str) -> str:
    """What the variants of an emoji have in common: the code points without sex, joiners and direction."""
    parts = ["1F9D1" if part in PEOPLE else part for part in code.split("-")]
    return "-".join(part for part in parts if part not in SIGNS)


def load(path: str | Path = FILE) -> Pictures:
    """The pictures of a file that `write` wrote, or of a folder. Raises ExperimentError, in one line, where the file is
    corrupt, or the folder lacks its captions or one of the images that they name."""
    path = Path(path)
    if path.is_dir():
        return _from_folder(path)
    try:
        with np.load(path) as stored:
            concepts = tuple(json.loads(bytes(stored["concepts"]).decode()))
            return Pictures(stored["images"], concepts, stored["of_concept"], stored["styles"])
    except FileNotFoundError as error:
        raise ExperimentError(
            f"{path} does not exist; `python -m experiments clip prepare` makes the one shipped"
        ) from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError, KeyError) as error:
        raise ExperimentError(f"{path} is no file of pictures: {error}") from error


def _from_folder(folder: Path) -> Pictures:
    file = folder / CAPTIONS
    if not file.is_file():
        raise ExperimentError(f"{folder} holds no {CAPTIONS}: expected lines FILE,CAPTION or FILE,CAPTION,GROUP")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [(number, row) for number, row in enumerate(csv.reader(lines), 1) if row]
    if not rows:
        raise ExperimentError(f"{file} is empty: no picture has a caption")
    if len(rows) < LEAST:
        raise ExperimentError(f"{file} has {len(rows)} captions, at least {LEAST} are needed")
    images, concepts = [], []
    for number, row in rows:
        if len(row) not in (2, 3) or not row[1].strip():
            raise ExperimentError(f"{file}, line {number}: expected FILE,CAPTION or FILE,CAPTION,GROUP, got {row!r}")
        images.append(_picture(folder / row[0], f"{file}, line {number}"))
        group = row[2] if len(row) == 3 else "all"
        concepts.append({"code": row[0], "name": row[1].strip(), "tags": [], "group": group, "base": row[1].strip()})
    return Pictures(np.stack(images), tuple(concepts), np.arange(len(images)), np.array(["own"] * len(images)))


def _picture(path: Path, where: str) -> np.ndarray:
    try:
        with PIL.Image.open(path) as picture:
            return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), PIL.Image.Resampling.BILINEAR))
    except FileNotFoundError as error:
        raise ExperimentError(f"{where}: there is no image {path.name}") from error
    except (OSError, PIL.UnidentifiedImageError) as error:
        raise ExperimentError(f"{where}: {path.name} is no image ({error})") from error


def write(path: Path, images: np.ndarray, concepts: list[dict], of_concept: list[int], styles: list[str]) -> None:
    text = np.frombuffer(json.dumps(concepts, ensure_ascii=False).encode(), dtype=np.uint8)
    arrays = {
        "images": images,
        "concepts": text,
        "of_concept": np.array(of_concept, np.int32),
        "styles": np.array(styles),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    written_whole(path, lambda temporary: np.savez_compressed(temporary, **arrays))


def by_base(data: Pictures, seed: int = 0, *, leaky: bool = False) -> dict[str, list[int]]:
    """Concepts cut at random into train, validation and test, all variants of one emoji in one part.

    leaky: True cuts by concept instead, so that a man may be in one part and the woman of the same picture in another:
    the mistake that the experiment shows."""
    keys = [c["code"] if leaky else c["base"] for c in data.concepts]
    order = np.random.default_rng(seed).permutation(sorted(set(keys)))
    ends = np.round(np.cumsum([*SHARES.values()][:-1]) * len(order)).astype(int)
    chosen = zip(SHARES, np.split(order, ends), strict=True)
    part_of = {key: part for part, some in chosen for key in some.tolist()}
    return {part: [i for i, key in enumerate(keys) if part_of[key] == part] for part in SHARES}
