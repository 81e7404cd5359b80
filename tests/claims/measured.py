"""What the experiments measured, read from `lectures/data`; nothing is trained here."""

from __future__ import annotations

import json
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "lectures" / "data"


def stored(name: str) -> dict:
    """The JSON file of that name below lectures/data, for example "09_in_practice/table_digits"."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def practice(part: str) -> dict[tuple[str, str], dict[str, float]]:
    """(group, label) -> quantity -> mean over the seeds; "quantity half" is half of the 95 % interval (unit 09)."""
    return {
        (entry["group"], entry["label"]): entry["mean"] | {f"{k} half": v for k, v in entry.get("half", {}).items()}
        for entry in stored(f"09_in_practice/{part}_digits")["entries"]
    }


def sentences(cells: tuple[str, ...], methods: tuple[str, ...], table: str = "table") -> dict[str, list[float]]:
    """Method -> accuracy of trained head and mean classifier in each cell, such as "k = 10 / all labels" (unit 10)."""
    rows = stored("10_text_and_images/text_wikipedia")["rows"][table]
    return {m: [rows[m][f"{cell} / {how}"][0] for cell in cells for how in ("trained", "mean")] for m in methods}


def emoji(variant: str) -> dict[str, list[float]]:
    """Quantity -> [mean, half of the 95 % interval] of a CLIP on emoji (unit 10)."""
    return stored("10_text_and_images/clip_emoji")["rows"][variant]


def debiasing(classes: int, batch: int) -> dict:
    """The setting of unit 05's experiment on digits: an entry as `course.comparison` wants it."""
    settings = stored("05_debiasing/debiasing_digits")["settings"]
    return next(s for s in settings if (s["n_classes"], s["batch"]) == (classes, batch))
