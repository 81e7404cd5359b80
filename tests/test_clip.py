"""The clip experiment: pictures with licences, a split that keeps variants together, honest measures, one command."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from experiments.__main__ import main
from experiments.clip import measures, pictures, prepare, settings, towers, training
from experiments.clip.run import Job, functions_from, possible, variant_of
from experiments.running import ExperimentError
from experiments.text.command import SOLVED

ROOT = Path(__file__).resolve().parent.parent
LECTURE = ROOT / "lectures" / "data" / "10_text_and_images"


@pytest.fixture(scope="module")
def data():
    return pictures.load()


@pytest.fixture(scope="module")
def functions():
    return functions_from(SOLVED)


@pytest.fixture
def folder(tmp_path):
    """Twenty plain squares with captions and groups."""
    path, lines = tmp_path / "squares", []
    path.mkdir()
    for i in range(20):
        colour, kind = ((255, 0, 0), "red") if i % 2 else ((0, 0, 255), "blue")
        PIL.Image.new("RGB", (40, 30), colour).save(path / f"{i}.png")
        lines.append(f"{i}.png,a {kind} square number {i},{kind}")
    (path / pictures.CAPTIONS).write_text("\n".join(lines) + "\n")
    return path


# --- data


def test_every_drawing_has_a_concept_a_style_and_ink(data):
    assert data.images.shape == (len(data.of_concept), pictures.SIDE, pictures.SIDE, 3)
    assert data.images.dtype == np.uint8
    assert set(data.of_concept.tolist()) == set(range(len(data.concepts)))
    assert set(data.styles.tolist()) == set(prepare.STYLES)
    pairs = set(zip(data.of_concept.tolist(), data.styles.tolist(), strict=True))
    assert len(pairs) == len(data.images)  # no concept twice in a style
    assert (data.images != 255).any(axis=(1, 2, 3)).all()
    groups = {concept["group"] for concept in data.concepts}
    assert groups == set(settings.PROMPTS)
    assert {len(prompts) for prompts in settings.PROMPTS.values()} == {8}
    for concept in data.concepts:
        assert concept["name"], concept
        assert concept["base"] == pictures.base(concept["code"]), concept


def test_the_licences_stand_beside_the_file():
    text = pictures.FILE.with_name("LICENCES.md").read_text(encoding="utf-8")
    for needed in ("Google", "Microsoft Corporation", "Miles Johnson", "Apache-2.0", "Permission is hereby granted"):
        assert needed in text
    for package in prepare.PACKAGES:
        name, _, version = package.rpartition("@")
        assert f"{name}` {version}" in text or f"{name} {version}" in text, package
    apache = pictures.FILE.with_name("LICENSE-Apache-2.0.txt").read_text(encoding="utf-8")
    assert "Apache License" in apache
    assert "END OF TERMS AND CONDITIONS" in apache
    assert pictures.FILE.stat().st_size < 2_000_000


def test_variants_of_one_emoji_share_their_base():
    man, woman, person = "1F468-200D-2695-FE0F", "1F469-200D-2695-FE0F", "1F9D1-200D-2695-FE0F"
    assert len({pictures.base(code) for code in (man, woman, person)}) == 1
    assert pictures.base("1F6B6-200D-2640-FE0F-200D-27A1-FE0F") == pictures.base("1F6B6")
    assert pictures.base("1F431") != pictures.base("1F436")


def test_the_split_keeps_variants_together_and_the_leaky_one_does_not(data):
    parts = pictures.by_base(data)
    assert sorted(c for part in parts.values() for c in part) == list(range(len(data.concepts)))
    bases = {name: {data.concepts[c]["base"] for c in part} for name, part in parts.items()}
    assert not bases["train"] & bases["test"]
    assert not bases["train"] & bases["validation"]
    assert not bases["validation"] & bases["test"]
    leaky = pictures.by_base(data, leaky=True)
    assert {data.concepts[c]["base"] for c in leaky["train"]} & {data.concepts[c]["base"] for c in leaky["test"]}
    assert not set(leaky["train"]) & set(leaky["test"])


def test_a_folder_of_images_takes_the_place_of_the_file(folder):
    found = pictures.load(folder)
    assert found.images.shape == (20, 32, 32, 3)
    assert found.concepts[1]["name"] == "a red square number 1"
    assert (found.images[1] == (255, 0, 0)).all()
    assert [name for name in settings.VARIANTS if not possible(name, found)] == [
        "one style", "variants in both parts", "words withheld",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: (d / pictures.CAPTIONS).unlink(), "holds no captions.csv: expected lines FILE,CAPTION"),
        (lambda d: (d / pictures.CAPTIONS).write_text(""), "is empty: no picture has a caption"),
        (lambda d: (d / "3.png").unlink(), "line 4: there is no image 3.png"),
        (lambda d: (d / "3.png").write_text("no"), "line 4: 3.png is no image"),
        (
            lambda d: (d / pictures.CAPTIONS).write_text("0.png\n" * 10),
            r"line 1: expected FILE,CAPTION or .*, got \['0.png'\]",
        ),
        (lambda d: (d / pictures.CAPTIONS).write_text("0.png, \n" * 10), "line 1: expected FILE,CAPTION"),
        (lambda d: (d / pictures.CAPTIONS).write_text("0.png,a red square\n"), "1 captions, at least 10 are needed"),
    ],
)
def test_a_bad_folder_is_one_line(folder, spoil, message):
    spoil(folder)
    with pytest.raises(ExperimentError, match=message) as caught:
        pictures.load(folder)
    assert "\n" not in str(caught.value)


def test_a_bad_file_is_one_line(tmp_path):
    with pytest.raises(ExperimentError, match="clip prepare"):
        pictures.load(tmp_path / "none.npz")
    for content in (b"no archive", pictures.FILE.read_bytes()[:5000]):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ExperimentError, match="no file of pictures"):
            pictures.load(tmp_path / "bad.npz")


def test_what_was_written_is_what_is_read(data, tmp_path):
    concepts, styles = list(data.concepts[:2]), data.styles[:3].tolist()
    pictures.write(tmp_path / "some.npz", data.images[:3], concepts, [0, 0, 1], styles)
    found = pictures.load(tmp_path / "some.npz")
    assert found.concepts == tuple(concepts)
    assert np.array_equal(found.images, data.images[:3])
    assert found.of_concept.tolist() == [0, 0, 1]
    assert found.styles.tolist() == styles


def test_a_missing_tool_and_a_failing_one_are_one_line():
    with pytest.raises(ExperimentError, match="no-such-tool is not installed here"):
        prepare.called("no-such-tool", "pack")
    with pytest.raises(ExperimentError, match="ls /no failed: "):
        prepare.called("ls", "/no")


# --- towers and training


def test_a_text_is_the_weighted_mean_of_its_words():
    """What lets the lecture embed any text of known words without the tower."""
    _, texts = towers.make_towers(0, "cpu")
    bags = [towers.grams(word) for word in ("red", "heart")]
    table = texts.bag.weight
    sums = torch.stack([table[torch.tensor(bag)].sum(dim=0) for bag in bags])
    expected = sums.sum(dim=0) / sum(map(len, bags))
    torch.testing.assert_close(texts([towers.grams("Red heart")])[0], expected)
    with pytest.raises(ExperimentError, match="caption 1 of the batch has no words"):
        texts([bags[0], []])


def test_moved_pictures_are_shifted_and_nothing_else():
    images = torch.zeros(40, 3, 8, 8)
    images[:, :, 4, 4] = 0.5
    shifted = towers.moved(images, torch.Generator().manual_seed(0))
    assert shifted.shape == images.shape
    assert ((shifted == 0.5).sum(dim=(1, 2, 3)) == 3).all()
    places = {tuple(row.tolist()) for row in (shifted[:, 0] == 0.5).nonzero()[:, 1:]}
    assert len(places) > 10
    assert all(abs(r - 4) <= towers.SHIFT and abs(c - 4) <= towers.SHIFT for r, c in places)
    assert (shifted == 1.0).any()  # white comes in


def test_withheld_words_are_in_no_caption():
    concepts = [{"name": "cat face", "tags": ["cat", "black cat", "pet"]}]
    captions = towers.Captions(concepts, ("cat",))
    assert captions.names == [towers.grams("face")]
    assert captions.tags == [[towers.grams("black"), towers.grams("pet")]]


def test_mixed_captions_are_names_tags_or_both():
    captions = towers.Captions([{"name": "tulip", "tags": ["flower", "plant"]}])
    rng = np.random.default_rng(0)
    drawn = [captions.drawn([0], True, rng)[0] for _ in range(100)]
    name, tags = towers.grams("tulip"), [towers.grams("flower"), towers.grams("plant")]
    assert {tuple(bag) for bag in drawn} >= {
        tuple(name),
        tuple(name + tags[0]),
        tuple(tags[0]),
        tuple(tags[1] + tags[0]),
    }
    assert all(captions.drawn([0], False, rng)[0] == name for _ in range(20))


def test_a_seed_decides_a_training_and_a_fixed_scale_stays(data, functions):
    choice, some = settings.CHOICE, list(range(30))
    fixed = settings.Variant(scale=20.0, learned=False, batch=16)
    run = lambda variant, seed: training.train(variant, functions, data, some, choice, seed=seed, steps=3)  # noqa: E731
    (one, losses), (again, _), (other, _) = run(fixed, 0), run(fixed, 0), run(fixed, 1)
    z = one.see(data.images[:5])
    assert torch.equal(z, again.see(data.images[:5]))
    assert not torch.equal(z, other.see(data.images[:5]))
    torch.testing.assert_close(z.norm(dim=1), torch.ones(5))
    assert float(one.log_scale) == pytest.approx(math.log(20))
    assert len(losses) == 3
    learned, _ = run(settings.Variant("siglip", bias=-2.0, batch=16), 0)
    assert learned.log_scale.item() != pytest.approx(math.log(10))
    assert learned.bias.item() != -2


def test_one_sided_is_half_of_the_symmetric_loss(functions):
    generator = torch.Generator().manual_seed(0)
    z, text_z = (torch.randn(6, 4, generator=generator) for _ in range(2))
    model = training.Model(None, None, torch.tensor(1.5), torch.tensor(0.0))
    value = lambda loss, a, b: training.value_of(functions, loss, model, a, b)  # noqa: E731
    both = value("one-sided", z, text_z) + value("one-sided", text_z, z)
    torch.testing.assert_close(value("symmetric", z, text_z), both / 2)


def test_a_loss_that_is_not_finite_stops_with_one_line(data, functions):
    broken = {**functions, "clip_loss": lambda z, text_z, log_scale: (z * text_z).sum() * math.nan}
    with pytest.raises(ExperimentError, match="diverged: its loss is nan at step 1"):
        training.train(settings.Variant(batch=8), broken, data, list(range(9)), settings.CHOICE, seed=0, steps=2)


def test_a_smaller_batch_moves_the_bias_along():
    variant = variant_of(Job("table", "SigLIP, b from -ln(B-1)", 0, batch=64))
    assert variant.batch == 64
    assert variant.bias == pytest.approx(-math.log(63))
    assert variant_of(Job("table", "symmetric", 0)) == settings.VARIANTS["symmetric"]


# --- measures


class Knowing:
    """In the place of a model: pictures and names of a concept have the row of its number."""

    def __init__(self, rows):
        self.rows = rows

    def see(self, images):
        return self.rows[images[:, 0, 0, 0].astype(int)]

    def read(self, bags):
        return self.rows[[bag[0] for bag in bags]]


def small(n):
    images = np.zeros((n, 32, 32, 3), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(n)
    concepts = tuple({"name": "x", "tags": [], "group": "g", "base": str(i)} for i in range(n))
    found = pictures.Pictures(images, concepts, np.arange(n), np.array(["own"] * n))
    captions = towers.Captions(concepts)
    captions.names = [[i] for i in range(n)]
    return found, captions


def test_search_counts_the_right_one(functions):
    data, captions = small(12)
    right = measures.search(Knowing(torch.eye(12)), functions, data, captions, range(12), "own")
    assert right["candidates"] == 12
    assert {right[f"{way} R@{k}"] for way in ("image to text", "text to image") for k in measures.KS} == {1.0}
    circle = torch.stack([torch.tensor([math.cos(i / 2), math.sin(i / 2)]) for i in range(12)])
    shifted = Knowing(circle)
    shifted.read = lambda bags: circle[[(bag[0] + 1) % 12 for bag in bags]]  # every name at its neighbour's place
    found = measures.search(shifted, functions, data, captions, range(12), "own")
    assert found["image to text R@1"] == 0
    assert found["image to text R@5"] > 0.8


def test_the_area_of_a_word_is_one_where_its_pictures_come_first():
    data, _ = small(4)
    data.concepts[2]["tags"].append("cat")
    model = Knowing(torch.tensor([[0.1, 1.0], [0.2, 1.0], [3.0, 1.0], [0.3, 1.0]]))
    model.read = lambda bags: torch.tensor([[1.0, 0.0]])
    assert measures.areas(model, data, ("cat", "dog")) == {"cat": 1}
    model.read = lambda bags: torch.tensor([[-1.0, 0.0]])
    assert measures.areas(model, data, ("cat", "dog")) == {"cat": 0}


def test_exponentials_without_precaution_overflow_and_the_loss_does_not(functions):
    z = torch.nn.functional.normalize(torch.randn(8, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    found = measures.overflow(z, z, functions, (1.0, 10.0, 100.0))
    assert found["naive"][:2] == pytest.approx(found["stable"][:2], rel=1e-4)
    assert found["naive"][2] is None
    assert math.isfinite(found["stable"][2])


# --- the command


@pytest.mark.slow
def test_the_command_leaves_numbers_and_a_figure_drawn_from_them(tmp_path, capsys):
    assert main(["clip", "--quick", "--out", str(tmp_path)]) == 0
    names = {f"clip_emoji.{kind}" for kind in ("png", "npz", "json")}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert {Path(line).name for line in capsys.readouterr().out.splitlines()} == names
    summary = json.loads((tmp_path / "clip_emoji.json").read_text(encoding="utf-8"))
    assert list(summary["rows"]) == list(settings.QUICK)
    with np.load(tmp_path / "clip_emoji.npz") as numbers:
        assert len(numbers["images"]) == len(numbers["image_z"]) == len(summary["names"])
        assert len(numbers["word_sums"]) == len(summary["words"])
        assert numbers["losses / symmetric"].shape[0] == settings.QUICK_RUNS
    png = tmp_path / "clip_emoji.png"
    before = png.read_bytes()
    png.unlink()
    assert main(["clip", "--redraw", "--out", str(tmp_path)]) == 0
    assert png.read_bytes() == before


@pytest.mark.slow
def test_a_folder_can_be_trained_on(folder, tmp_path):
    arguments = ["--quick", "--steps", "2", "--dataset", str(folder), "--out", str(tmp_path / "out")]
    assert main(["clip", *arguments]) == 0
    summary = json.loads((tmp_path / "out" / "clip_own.json").read_text(encoding="utf-8"))
    assert summary["groups"] == ["blue", "red"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.ipynb"], "none.ipynb is no notebook"),
        (["--runs", "1"], "runs must be at least 2, got 1"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--dataset", "nowhere"], "nowhere does not exist"),
        (["--redraw"], "no numbers to draw from"),
    ],
)
def test_bad_input_is_one_line_that_quotes_it(tmp_path, capsys, arguments, message):
    assert main(["clip", *arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


# --- what the lecture reads


def test_the_choice_is_the_best_on_the_validation_concepts():
    stored = json.loads((LECTURE / "clip_choices.json").read_text(encoding="utf-8"))
    best = max(stored["found"], key=lambda row: row["recall"])
    assert stored["chosen"] == best
    choice = settings.CHOICE
    found = {"mixed": choice.mixed, "shifted": choice.shifted, "lr": choice.lr, "steps": settings.STEPS}
    assert found == {key: best[key] for key in found}


def test_the_lecture_draws_results_of_the_settings_in_the_code():
    summary = json.loads((LECTURE / "clip_emoji.json").read_text(encoding="utf-8"))
    assert list(summary["rows"]) == list(settings.VARIANTS)
    assert summary["steps"] == settings.STEPS
    with np.load(LECTURE / "clip_emoji.npz") as numbers:
        lengths = np.linalg.norm(numbers["image_z"].astype(float), axis=1)
        assert np.allclose(lengths, 1, atol=1e-3)
        assert numbers["images"].shape[1:] == (32, 32, 3)
    assert sum(path.stat().st_size for path in LECTURE.glob("*")) < 400_000
