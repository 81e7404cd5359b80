"""blind_shifts: what its check looks at. Fewer images than dimensions, more, as many, one; images that are not centred."""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch
from autograder.author.draw import odd_sizes, strided, tensor

exercise = Exercise(
    "blind_shifts",
    refuses=(batch(image_z="the images"),),
    hints={
        "values": (
            "The shift w adds u_i . w to the score of image i with every text.",
            "A text's softmax runs over the images: it does not notice a number that is the same for all images.",
            "u_i . w = u_1 . w for all i: w is orthogonal to all differences of images.",
        ),
        "properties": (
            "Try your projection on scores: shift the texts by P w for a random w, and compare both losses.",
        ),
        "bad input": ("`validate.batch(image_z=image_z)`.",),
    },
)


def images(rng, n, d):
    """n independent rows around a middle that is not 0."""
    return tensor(rng, n, d) + 1.5 * tensor(rng, d)


def flat(rng):
    """Four images in five dimensions whose differences have the singular values 4, 2 and 0.04."""
    left = torch.linalg.qr(differences(tensor(rng, 4, 4)))[0][:, :3]
    right = torch.linalg.qr(tensor(rng, 5, 3))[0]
    return left * torch.tensor([4, 2, 0.04], dtype=torch.float64) @ right.T + tensor(rng, 5)


@exercise.cases
def cases(rng):
    for n, d in ((3, 6), (4, 5), (2, 4), (5, 7)):
        yield Case(f"{n} images, d = {d}", (images(rng, n, d),), rtol=1e-8)
    yield Case("one image, d = 3", (images(rng, 1, 3),))
    yield Case("as many images as dimensions", (images(rng, 4, 4),), rtol=1e-8)
    yield Case("more images than dimensions", (images(rng, 7, 3),), rtol=1e-8)
    yield Case("not contiguous", (strided(images(rng, 3, 5)),), rtol=1e-8)
    yield from exercise.bad_inputs(images(rng, 3, 4))
    n, d = sorted(odd_sizes(rng, 2, high=30))
    yield Case("more dimensions", (images(rng, n, d + 3),), rtol=1e-7, public=False)
    yield Case("more images", (images(rng, d + 4, n),), rtol=1e-7, public=False)
    yield Case("nearly in a plane", (flat(rng),), rtol=1e-7, public=False)


@exercise.property("it is a projection, and the symmetric loss of random texts does not notice what it lets through")
def unnoticed(f, rng):
    u, v = images(rng, 4, 7), tensor(rng, 4, 7)
    p = np.asarray(f(u), dtype=float)
    if p.shape != (7, 7) or np.abs(p - p.T).max() > 1e-7 or np.abs(p @ p - p).max() > 1e-7:
        return "the answer is no orthogonal projection: symmetric, and the same when it is applied twice"
    w = torch.from_numpy(p @ rng.normal(size=7))

    def losses(texts):
        s, own = u @ texts.T, torch.arange(4)
        return float(F.cross_entropy(s, own)), float(F.cross_entropy(s.T, own))

    before, after = losses(v), losses(v + 5 * w)
    if abs(before[1] - after[1]) > 1e-6:
        return "a shift that your projection lets through changes the loss from texts to images"


def differences(u):
    return u - u.mean(dim=0)


def complement(rows):
    """Projection onto what is orthogonal to all rows."""
    v = torch.linalg.svd(rows, full_matrices=False)
    kept = v.Vh[1e-6 * max(1.0, float(v.S.max())) < v.S]
    return torch.eye(rows.shape[1], dtype=rows.dtype) - kept.T @ kept


def span(rows):
    return torch.eye(rows.shape[1], dtype=rows.dtype) - complement(rows)


@exercise.formula
def blind_shifts(image_z, *, taken=lambda u: u, watched=differences, space=complement):
    return space(watched(taken(image_z)))


exercise.slip("orthogonal to every image", watched=lambda u: u).says(
    "A shift goes unnoticed if it adds nothing to any score.",
    "May a shift add the same number to all scores of a text?",
    "Yes: the softmax over the images does not notice a constant. Orthogonal to the differences is enough.",
)
exercise.slip("every shift", watched=lambda u: 0 * u).says(
    "One vector for all texts adds a constant for each image, which no softmax notices.",
    "Over what does the softmax of a text run?",
    "Over the images: what the shift adds differs from image to image. Only the loss from images to texts is blind to it.",
)
exercise.slip("orthogonal to the mean image", watched=lambda u: u.mean(dim=0, keepdim=True)).says(
    "What counts is what the shift adds on average.",
    "A shift adds +1 to one image's scores and -1 to another's. Does a text notice?",
    "It does: the number must be the same for every image.",
)
exercise.slip("the shifts that are noticed", space=span).says(
    "The space is spanned by the differences of the images.",
    "Try a shift along u_1 - u_2: does the loss from texts to images change?",
    "What is wanted is orthogonal to that span: the identity minus the projection.",
)
exercise.slip("directions of the images", taken=lambda u: F.normalize(u, dim=1)).says(
    "Scores are cosines.",
    "Are the images in the question divided by their lengths?",
    "They are taken as they are.",
)
exercise.slip("no shift at all", space=lambda rows: 0 * rows.T @ rows).says(
    "The symmetric loss sees every shift.",
    "In 100 dimensions with two images: what does a shift that is orthogonal to both change?",
    "Nothing. Count: n images have n - 1 independent differences.",
)
exercise.slip(
    "orthogonal to neighbouring pairs",
    watched=lambda u: u[::2] - u[1::2].mean(dim=0, keepdim=True) if len(u) > 1 else 0 * u,
).says(
    "Some of the differences are enough.",
    "How many independent differences do your rows have?",
    "n - 1 of them: all differences to the mean, or to the first image.",
)

exercise.style("differences to the first image", watched=lambda u: u - u[:1])


@exercise.accepted("QR decomposition of the differences")
def blind_shifts(image_z):
    n, d = image_z.shape
    if n > d:
        return torch.zeros(d, d, dtype=image_z.dtype)
    q = torch.linalg.qr((image_z[1:] - image_z[:1]).T).Q
    return torch.eye(d, dtype=image_z.dtype) - q @ q.T


@exercise.accepted("kernel of the differences, in numpy")
def blind_shifts(image_z):
    x = image_z.numpy()
    _, s, vh = np.linalg.svd(x - x.mean(axis=0), full_matrices=True)
    rank = int((s > 1e-6 * max(1.0, s.max())).sum())
    return vh[rank:].T @ vh[rank:]


@exercise.accepted("eigenvectors of the covariance, validated by hand", guarded=False)
def blind_shifts(image_z):
    if image_z.ndim != 2 or 0 in image_z.shape or torch.isnan(image_z).any():
        raise ValueError(f"{image_z.shape}, {image_z}")
    x = image_z - image_z.mean(dim=0)
    values, vectors = torch.linalg.eigh(x.T @ x)
    kept = vectors[:, values < 1e-10 * max(1.0, float(values.max()))]
    return (kept @ kept.T).tolist()
