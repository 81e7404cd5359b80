"""The image loaders: what comes back, and what a damaged or missing file is answered with."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import torch

from course import data


def idx(array: np.ndarray) -> bytes:
    return (
        b"\0\0\x08"
        + bytes([array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.astype(np.uint8).tobytes()
    )


@pytest.fixture
def folder(tmp_path):
    """A Fashion-MNIST of five images: the training part gzipped, the test part not."""
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(256, size=(5, 28, 28)), np.array([3, 0, 9, 1, 1])
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pixels)))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(pixels[:2]))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(labels[:2]))
    return tmp_path


def test_digits():
    images, labels = data.load_digits()
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == (
        (1797, 1, 8, 8),
        torch.float32,
        (1797,),
        torch.int64,
    )
    assert (images.min(), images.max()) == (0, 1)


def test_fashion_mnist_reads_both_parts_gzipped_or_not(folder):
    images, labels = data.load_fashion_mnist(folder)
    assert (images.shape, images.dtype, labels.tolist()) == ((5, 1, 28, 28), torch.float32, [3, 0, 9, 1, 1])
    assert 0 <= images.min() < images.max() <= 1
    assert len(data.load_fashion_mnist(folder, part="test")[0]) == 2
    assert data.has_fashion_mnist(folder)
    assert not data.has_fashion_mnist(folder / "nowhere")


def test_fashion_mnist_without_files_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="dataset-fashion-mnist"):
        data.load_fashion_mnist(tmp_path)
    with pytest.raises(ValueError, match="'valid'"):
        data.load_fashion_mnist(tmp_path, part="valid")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-5], "cut off"),
        (lambda raw: raw[:6], "inside its header"),
        (lambda raw: raw + b"\0", "bytes to spare"),
        (lambda raw: b"\1" + raw[1:], "no IDX file"),
        (lambda raw: raw[:2] + b"\x0d" + raw[3:], "0x0d"),
        (lambda raw: b"", "nothing"),
        (lambda raw: raw[:4] + b"\xff" * 12 + raw[16:], "cut off"),  # a header that promises 8e28 entries
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, damage, message):
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(damage(idx(np.zeros((2, 28, 28)))))
    with pytest.raises(ValueError, match=message) as caught:
        data.read_idx(path)
    assert path.name in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[:-20], lambda raw: b"xx" + raw[2:], lambda raw: raw[:40] + bytes([raw[40] ^ 255]) + raw[41:]],
)
def test_a_damaged_archive_is_refused(folder, damage):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="corrupt or cut off"):
        data.load_fashion_mnist(folder)


def test_files_that_do_not_belong_together_are_refused(folder):
    labels = folder / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(gzip.compress(idx(np.array([1, 2]))))
    with pytest.raises(ValueError, match="5 images but labels"):
        data.load_fashion_mnist(folder)
    labels.write_bytes(gzip.compress(idx(np.array([1, 2, 3, 4, 77]))))
    with pytest.raises(ValueError, match="77"):
        data.load_fashion_mnist(folder)


class Answer:
    """What scikit-learn's fetch_openml gives back for three grey images."""

    data = np.arange(3 * 784).reshape(3, 784) % 256
    target = np.array(["5", "0", "9"])


def test_openml_turns_rows_into_images(monkeypatch):
    asked = []

    def fetch(**arguments):
        asked.append(arguments)
        if arguments["parser"] == "auto":
            raise ImportError("pandas")
        return Answer

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    images, labels = data.load_openml("MNIST")
    assert (images.shape, labels.tolist()) == ((3, 1, 28, 28), [5, 0, 9])
    assert images[0, 0, 1, 0].item() == pytest.approx(28 / 255)
    assert [a["parser"] for a in asked] == ["auto", "liac-arff"]


def test_openml_without_network_says_what_to_do(monkeypatch, tmp_path):
    def fetch(**arguments):
        raise OSError("name or service not known")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(ConnectionError, match="load_digits"):
        data.load_openml("CIFAR-10", cache=tmp_path)
    with pytest.raises(ValueError, match="'CIFAR'"):
        data.load_openml("CIFAR")


def test_a_split_is_a_partition_that_the_seed_fixes():
    images, labels = torch.arange(10.0).view(10, 1, 1, 1), torch.arange(10)
    first, again, other = (data.split(images, labels, test_share=0.3, seed=s) for s in (1, 1, 2))
    assert sorted([*first[1].tolist(), *first[3].tolist()]) == list(range(10))
    assert (len(first[0]), len(first[2])) == (7, 3)
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])
    assert torch.equal(first[0].flatten().long(), first[1])
    for share in (0, 1, -0.5):
        with pytest.raises(ValueError, match="both parts"):
            data.split(images, labels, test_share=share, seed=0)
    with pytest.raises(ValueError, match="9 labels"):
        data.split(images, labels[:9], test_share=0.5, seed=0)
