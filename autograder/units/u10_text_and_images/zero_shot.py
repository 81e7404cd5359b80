"""zero_shot: what its check looks at. Prompts of all lengths, classes whose prompts agree more or less, C, P, n, d different."""

import math
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, needs
from autograder.author.draw import larger_sizes, strided, tensor

FITS = needs(
    "class_text_z.ndim == 3 and class_text_z.numel() > 0 and class_text_z.shape[2] == image_z.shape[1]",
    {
        "another dimension": {"class_text_z": lambda z: z[:, :, :-1]},
        "classes without a prompt": {"class_text_z": lambda z: z[:, :0]},
        "one prompt a class, without its axis": {"class_text_z": lambda z: z[:, 0]},
    },
)
LENGTHS = needs(
    "image_z.norm(dim=1).min() > 0 and class_text_z.norm(dim=2).min() > 0",
    {
        "NaN in a prompt": {"class_text_z": lambda z: z * math.nan},
        "an image of zeros": {"image_z": lambda z: z * (torch.arange(len(z)) > 0)[:, None]},
        "a prompt of zeros": {"class_text_z": lambda z: z * (torch.arange(z.shape[1]) > 0)[:, None]},
    },
)
CANCEL = needs(
    "(class_text_z / class_text_z.norm(dim=2, keepdim=True)).mean(dim=1).norm(dim=1).min() > 1e-6",
    {"two prompts that cancel": {"class_text_z": lambda z: torch.stack([z[:, 0], -2 * z[:, 0]], dim=1)}},
)

exercise = Exercise(
    "zero_shot",
    refuses=(batch(image_z="the images"), FITS, LENGTHS, CANCEL),
    hints={
        "values": (
            "With P = 1 only the prompt's direction counts: the largest cosine.",
            "Two rules, two divisions by a length: one for each prompt, one for each class.",
        ),
        "properties": ("Neither the length of a prompt nor that of an image may change the answer.",),
        "bad input": ("A class whose prompts cancel has no direction; nor has a row of zeros.",),
    },
)


def questions(rng, n, n_classes, n_prompts, dim):
    """Images anywhere; classes whose prompts agree a lot or hardly, with lengths from 0.1 to 10."""
    centres = F.normalize(tensor(rng, n_classes, 1, dim), dim=2)
    noise = torch.from_numpy(rng.permutation(np.geomspace(0.1, 0.8, n_classes)))[:, None, None]
    prompts = centres + noise * tensor(rng, n_classes, n_prompts, dim)
    lengths = torch.from_numpy(rng.uniform(-2.3, 2.3, size=(n_classes, n_prompts, 1))).exp()
    return tensor(rng, n, dim, scale=2.0), prompts * lengths


@exercise.cases
def cases(rng):
    for n, c, p, d in ((48, 5, 3, 2), (40, 3, 6, 4), (40, 7, 2, 3)):
        yield Case(f"{n} images, {c} classes of {p} prompts, d = {d}", questions(rng, n, c, p, d))
    yield Case("one prompt a class", questions(rng, 30, 4, 1, 3))
    yield Case("float32", tuple(x.float() for x in questions(rng, 20, 4, 3, 3)))
    yield Case("not contiguous", tuple(strided(x) for x in questions(rng, 20, 3, 5, 3)))
    yield Case("one image", questions(rng, 1, 6, 4, 3))
    yield from exercise.bad_inputs(*questions(rng, 5, 4, 3, 2))
    images, z = questions(rng, 5, 4, 3, 2)
    nearly = torch.stack([z[:, 0], 1e-9 * z[:, 1] - 2 * z[:, 0]], dim=1)
    yield replace(bad_input("two prompts that cancel up to rounding", images, nearly), public=False)
    n, c, p, d = larger_sizes(rng, 4, high=25)
    yield Case("more classes, prompts and dimensions", questions(rng, 20 * n, c, p, d), public=False)
    yield Case("many images", questions(rng, 301, 5, 4, 3), public=False)


@exercise.property("the lengths of images and prompts and the order of the prompts change nothing")
def invariance(f, rng):
    images, prompts = questions(rng, 40, 5, 4, 3)
    answer = f(images, prompts)
    longer = torch.from_numpy(rng.uniform(0.2, 5.0, size=(5, 4, 1)))
    others = {
        "making an image longer": f(images * torch.arange(1, 41)[:, None], prompts),
        "making prompts longer": f(images, prompts * longer),
        "permuting the prompts of a class": f(images, prompts[:, torch.from_numpy(rng.permutation(4))]),
    }
    changed = [what for what, other in others.items() if (other != answer).any()]
    if changed:
        return f"{changed[0]} changed an answer"


def unit_prompts(z):
    return F.normalize(z, dim=2)


def directions(z):
    return F.normalize(z, dim=1)


def mean_prompt(z):
    return z.mean(dim=1)


def cosines(images, classes):
    return images @ classes.T


def best_prompt(z):
    """The prompt of each class that the others agree with most."""
    middle = z.mean(dim=1, keepdim=True)
    return z[torch.arange(len(z)), (z * middle).sum(dim=2).argmax(dim=1)]


@exercise.formula
def zero_shot(
    image_z,
    class_text_z,
    *,
    voice=unit_prompts,
    together=mean_prompt,
    unit=directions,
    score=cosines,
    choose=torch.argmax,
):
    return choose(score(image_z, unit(together(voice(class_text_z)))), dim=1)


exercise.slip("prompts averaged as they are", voice=lambda z: z).says(
    "The average of the embeddings is the ensemble; lengths take care of themselves.",
    "Make one prompt ten times longer: does an answer change?",
    "A prompt counts by its direction: divide each by its length before the mean.",
)
exercise.slip("class means as they are", unit=lambda z: z).says(
    "The mean of unit vectors needs no further division.",
    "Which of your classes wins most often: one whose prompts agree, or one whose prompts differ?",
    "Prompts that agree have a longer mean. Cosines need a division by the length of the mean, too.",
)
exercise.slip("no division at all", voice=lambda z: z, unit=lambda z: z).says(
    "Inner products of the average embeddings decide.",
    "Make one prompt ten times longer: does an answer change?",
    "Two rules, two divisions by a length: one for each prompt, one for each class.",
)
exercise.slip("first prompt only", together=lambda z: z[:, 0]).says(
    "One prompt is as good as another.",
    "Does your answer change when the second prompt of a class moves?",
    "All P prompts have the same influence: their mean direction.",
)
exercise.slip("one prompt represents the class", together=best_prompt).says(
    "The prompt that the others agree with most stands for the class.",
    "Does every prompt have the same influence on your class's direction?",
    "Average the directions of all P prompts.",
)
exercise.slip("divided along the prompts", voice=lambda z: F.normalize(z, dim=1)).says(
    "Normalising a (C, P, d) tensor runs over the prompts.",
    "Which axis of (C, P, d) holds one embedding?",
    "The last: F.normalize(class_text_z, dim=2).",
)
exercise.slip("the least similar class", choose=torch.argmin).says(
    "A small score means a small distance.",
    "Is your score a distance or a cosine?",
    "The largest cosine wins.",
)
exercise.slip("distance to the class mean", unit=lambda z: z, score=lambda x, c: -torch.cdist(x, c)).says(
    "The class whose average prompt is nearest wins.",
    "Make an image ten times longer: does its class change?",
    "Only directions count: cosines with the class's direction.",
)
exercise.slip(
    "the best prompt decides",
    together=lambda z: z,
    unit=lambda z: z,
    score=lambda x, c: torch.einsum("nd,cpd->ncp", x, c).amax(dim=2),
).says(
    "A class is as good as its best prompt.",
    "Does a prompt that no image likes have any influence in your function?",
    "Average the directions of the prompts, then one cosine for each class.",
)

exercise.style("sum for the mean: the length is divided out", together=lambda z: z.sum(dim=1))


@exercise.accepted("cosine similarity of all images and classes")
def zero_shot(image_z, class_text_z):
    p = class_text_z / torch.linalg.vector_norm(class_text_z, dim=-1, keepdim=True)
    return F.cosine_similarity(image_z[:, None], p.mean(1)[None], dim=2).argmax(1)


@exercise.accepted("loop over the classes, numpy")
def zero_shot(image_z, class_text_z):
    scores = []
    for prompts in class_text_z.numpy():
        middle = sum(prompt / np.linalg.norm(prompt) for prompt in prompts)
        scores.append(image_z.numpy() @ (middle / np.linalg.norm(middle)))
    return np.argmax(scores, axis=0)


@exercise.accepted("average cosine over the length of the mean, validated by hand", guarded=False)
def zero_shot(image_z, class_text_z):
    if image_z.ndim != 2 or class_text_z.ndim != 3 or image_z.shape[1] != class_text_z.shape[2]:
        raise ValueError(f"{image_z.shape}, {class_text_z.shape}")
    if 0 in image_z.shape or 0 in class_text_z.shape:
        raise ValueError(f"{image_z.shape}, {class_text_z.shape}")
    sizes = torch.cat([image_z.norm(dim=1), class_text_z.norm(dim=2).flatten()])
    if not bool((sizes > 0).all()):
        raise ValueError(f"{sizes}")
    p = F.normalize(class_text_z, dim=2)
    length = p.mean(dim=1).norm(dim=1)
    if float(length.min()) <= 1e-6:
        raise ValueError(f"{length}")
    return (torch.einsum("nd,cpd->nc", image_z, p) / length).max(dim=1).indices
