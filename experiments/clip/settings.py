"""What is trained and measured, and what was chosen on the validation concepts (`python -m experiments clip choose`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

RUNS, STEPS, BATCH = 3, 400, 256
QUICK_RUNS, QUICK_STEPS, QUICK_BATCH = 2, 15, 64
LARGEST_SCALE = 100.0  # as in CLIP: a learned scale does not grow beyond
FASTER = 10  # the scale and the bias learn at so many times the rate of the towers


@dataclass(frozen=True)
class Variant:
    """One training. loss: "symmetric", "one-sided" or "siglip"; scale: at the start, learned or not; bias: at the start, for
    siglip; styles: drawings that are shown, all if empty; more: the steps times this; leaky: the split by concept."""

    loss: str = "symmetric"
    scale: float = 10.0
    learned: bool = True
    bias: float = 0.0
    batch: int = BATCH
    more: int = 1
    styles: tuple[str, ...] = ()
    leaky: bool = False
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """mixed: captions of names and tags, not names alone; shifted: pictures are moved."""

    mixed: bool
    shifted: bool
    lr: float


# The best of `choose`, whose numbers are in lectures/data/10_text_and_images/clip_choices.json
CHOICE = Choice(mixed=True, shifted=True, lr=2e-3)
CANDIDATES = (
    Choice(False, False, 5e-3),
    Choice(False, True, 5e-3),
    Choice(True, False, 5e-3),
    Choice(True, True, 5e-3),
    Choice(True, True, 2e-3),
)

WITHHELD = ("cat", "fish", "flower", "moon", "book", "music", "car", "fruit", "clock", "bird")
VARIANTS = {
    "symmetric": Variant(),
    "one-sided": Variant("one-sided"),
    "SigLIP, b from -ln(B-1)": Variant("siglip", bias=-math.log(BATCH - 1)),
    "SigLIP, b from 0": Variant("siglip"),
    "scale 1": Variant(scale=1.0, learned=False),
    "scale 50": Variant(scale=50.0, learned=False),
    "B = 32, equal steps": Variant(batch=32),
    "B = 32, equal pairs": Variant(batch=32, more=8),
    "one style": Variant(styles=("noto",)),
    "variants in both parts": Variant(leaky=True),
    "words withheld": Variant(withheld=WITHHELD),
}
QUICK = ("symmetric", "SigLIP, b from -ln(B-1)")

# Prompts for the groups, written before any test: one word, and eight
PROMPTS = {
    "smileys & emotion": ("face", "smile", "happy", "sad", "heart", "angry", "grinning face", "emotion"),
    "people & body": ("person", "man", "woman", "hand", "family", "walking", "worker", "body"),
    "animals & nature": ("animal", "bird", "cat", "fish", "flower", "tree", "insect", "plant"),
    "food & drink": ("food", "fruit", "drink", "vegetable", "meal", "dessert", "bread", "cup"),
    "travel & places": ("place", "building", "car", "train", "clock", "weather", "moon", "vehicle"),
    "activities": ("sport", "game", "ball", "medal", "celebration", "ticket", "art", "play"),
    "objects": ("tool", "clothing", "book", "phone", "light", "money", "musical instrument", "paper"),
    "symbols": ("sign", "arrow", "button", "symbol", "square", "circle", "zodiac", "mark"),
}
QUERIES = (
    "vehicle", "blue square", "green plant", "happy face", "fruit", "animal", "building", "red heart", "clock", "music",
    "woman", "water", "angry", "sport", "night",
)  # fmt: skip
