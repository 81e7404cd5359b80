"""Real images, offline first: digits (in scikit-learn), Fashion-MNIST (files on the disk), MNIST and others (OpenML).

    images, labels = data.load_digits()                        # (1797, 1, 8, 8) float32 in [0, 1], (1797,) int64
    images, labels = data.load_fashion_mnist()                 # (60000, 1, 28, 28), where the files are on the disk
    images, labels = data.load_openml("CIFAR-10")              # (60000, 3, 32, 32), from the network, then from a cache
    train_x, train_y, test_x, test_y = data.split(images, labels, test_share=0.3, seed=0)

Every loader returns torch tensors on the CPU. Nothing is loaded at import, and only `load_openml` asks the network.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")  # where Debian's package dataset-fashion-mnist puts it

IDX_UNSIGNED_BYTE = 0x08  # third byte of the magic number: the type of the entries
IDX_PARTS = {"train": "train", "test": "t10k"}

# name -> (id of the data set on openml.org, shape of an image); the ids fix the version
OPENML = {
    "MNIST": (554, (1, 28, 28)),
    "Fashion-MNIST": (40996, (1, 28, 28)),
    "CIFAR-10": (40927, (3, 32, 32)),
}


def load_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """The 1797 handwritten digits that come with scikit-learn: images (1797, 1, 8, 8) in [0, 1], labels (1797,)."""
    from sklearn.datasets import load_digits as load

    bunch = load()
    # pixels are counts of dark dots in a 4 x 4 block, 0 to 16
    return torch.from_numpy(bunch.images.astype(np.float32) / 16)[:, None], torch.from_numpy(bunch.target).long()


def load_fashion_mnist(directory: str | Path | None = None, part: str = "train") -> tuple[torch.Tensor, torch.Tensor]:
    """Fashion-MNIST (Xiao et al. 2017) from its IDX files: images (n, 1, 28, 28) in [0, 1], labels (n,) from 0 to 9.

    directory  holds `train-images-idx3-ubyte.gz` and its three siblings, gzipped or not; None is FASHION_MNIST
    part       "train" (60000 images) or "test" (10000)

    Raises FileNotFoundError, with what to do, where there is no such file, and ValueError for a file that is corrupt or
    cut off, or files that do not belong together.
    """
    if part not in IDX_PARTS:
        raise ValueError(f"part must be one of {', '.join(IDX_PARTS)}, got {part!r}")
    folder = FASHION_MNIST if directory is None else Path(directory)
    images = read_idx(_idx_file(folder, f"{IDX_PARTS[part]}-images-idx3-ubyte"))
    labels = read_idx(_idx_file(folder, f"{IDX_PARTS[part]}-labels-idx1-ubyte"))
    if images.shape[1:] != (28, 28):
        raise ValueError(f"{folder}: the images must have shape (n, 28, 28), got {images.shape}")
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{folder}: {images.shape[0]} images but labels of shape {labels.shape}")
    if labels.size and labels.max() > 9:
        raise ValueError(f"{folder}: labels must lie in 0..9, found {labels.max()}")
    return torch.from_numpy(images).float().div_(255)[:, None], torch.from_numpy(labels).long()


def has_fashion_mnist(directory: str | Path | None = None) -> bool:
    """Whether the four files are there (they are not read)."""
    folder = FASHION_MNIST if directory is None else Path(directory)
    names = [f"{part}-{kind}" for part in IDX_PARTS.values() for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")]
    return all((folder / name).is_file() or (folder / f"{name}.gz").is_file() for name in names)


def load_openml(name: str, cache: str | Path | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """MNIST (70000, 1, 28, 28), Fashion-MNIST (70000, 1, 28, 28) or CIFAR-10 (60000, 3, 32, 32) from openml.org.

    The first call needs the network (tens to hundreds of MB); scikit-learn keeps what it fetched in `cache` (None:
    ~/scikit_learn_data), and later calls read that. Train and test part come as one; cut them with `split`.
    Raises ValueError for an unknown name, and ConnectionError, with what to do, without network and cache.
    """
    import warnings

    from sklearn.datasets import fetch_openml

    if name not in OPENML:
        raise ValueError(f"name must be one of {', '.join(OPENML)}, got {name!r}")
    number, shape = OPENML[name]
    arguments = {"data_id": number, "as_frame": False, "data_home": None if cache is None else str(cache)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one warning per retry would say what the error below says better
        try:
            try:
                bunch = fetch_openml(parser="auto", n_retries=1, **arguments)
            except ImportError:  # the quick parser needs pandas, the slow one does not
                bunch = fetch_openml(parser="liac-arff", n_retries=1, **arguments)
        except OSError as error:  # URLError, HTTPError, timeouts
            kept = Path(cache) if cache is not None else Path("~/scikit_learn_data")
            raise ConnectionError(
                f"{name} is neither in the cache {kept} nor can openml.org be reached ({error}). Either go online once "
                f"and call load_openml({name!r}) again, or copy the folder {kept}/openml from a machine that has "
                "fetched it, or use load_digits(), which needs neither."
            ) from error
    pixels = np.asarray(bunch.data, dtype=np.float32)
    if pixels.ndim != 2 or pixels.shape[1] != np.prod(shape) or len(bunch.target) != len(pixels):
        raise ValueError(f"openml data set {number} has rows of shape {pixels.shape}, {name} needs {np.prod(shape)}")
    labels = torch.from_numpy(np.asarray(bunch.target).astype(np.int64))
    return torch.from_numpy(pixels).div_(255).reshape(-1, *shape), labels


def split(
    images: torch.Tensor, labels: torch.Tensor, *, test_share: float, seed: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """A random cut into (train images, train labels, test images, test labels); the same seed cuts the same way.

    test_share  share of the images in the test part, 0 < test_share < 1; both parts must hold an image
    """
    n = len(images)
    if len(labels) != n:
        raise ValueError(f"{n} images but {len(labels)} labels")
    n_test = round(test_share * n)
    if not 0 < n_test < n:
        raise ValueError(f"test_share must leave an image in both parts, got {test_share!r} of {n} images")
    order = torch.from_numpy(np.random.default_rng(seed).permutation(n))
    test, train = order[:n_test], order[n_test:]
    return images[train], labels[train], images[test], labels[test]


def read_idx(path: str | Path) -> np.ndarray:
    """The array of unsigned bytes in an IDX file (gzipped where the name ends in .gz).

    Layout: two zero bytes, the type of the entries, the number of axes, then the length of each axis as a 4-byte
    big-endian integer, then the entries, last axis fastest. Raises ValueError with the file's name where that does not
    hold.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is corrupt or cut off: {error}. Get the file again.") from error
    if len(content) < 4 or content[:2] != b"\0\0":
        raise ValueError(f"{path} is no IDX file: it begins with {content[:4].hex(' ') or 'nothing'}, not with 00 00")
    kind, n_axes = content[2], content[3]
    if kind != IDX_UNSIGNED_BYTE:
        raise ValueError(f"{path}: entries of type 0x{kind:02x}, expected unsigned bytes (0x08)")
    header = 4 + 4 * n_axes
    if len(content) < header:
        raise ValueError(f"{path} is cut off inside its header: {len(content)} bytes of {header}")
    shape = tuple(int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(n_axes))
    expected = header + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        problem = "is cut off" if len(content) < expected else "has bytes to spare"
        raise ValueError(f"{path} {problem}: {len(content)} bytes, shape {shape} needs {expected}. Get the file again.")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape).copy()


def _idx_file(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{folder} holds neither {name}.gz nor {name}. Install Debian's package dataset-fashion-mnist, or get "
        "the four files from github.com/zalandoresearch/fashion-mnist and name their folder."
    )
