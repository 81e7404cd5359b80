"""A notebook that sets global state of torch, numpy or Python loses nothing by it, neither at home nor in the grader."""

from __future__ import annotations

import json
import os
import warnings

import numpy as np
import pytest
import torch

from autograder.grading.grade import grade
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT, load_unit
from course.check import check

STATES = {
    "gradients off": "torch.set_grad_enabled(False)",
    "float64": "torch.set_default_dtype(torch.float64)",
    "float16": "torch.set_default_dtype(torch.float16)",
    "threads": "torch.set_num_threads(3)",
    "numpy raises": "np.seterr(all='raise')",
    "warnings are errors": "import warnings; warnings.simplefilter('error')",
    "deterministic": "torch.use_deterministic_algorithms(True)",
    "default device": "torch.set_default_device('cpu')",
    "anomalies": "torch.autograd.set_detect_anomaly(True)",
    "inference": "mode = torch.inference_mode(); mode.__enter__()",
    "seeds": "import random; random.seed(0); np.random.seed(0); torch.manual_seed(0)",
    "another folder": "import os; os.chdir('/')",
}
# unit 01 takes gradients, refuses bad input and overflows; 05 and 08 train networks in their last function
UNITS = {"01_similarity_losses": None, "05_debiasing": "compare_debiasing", "08_convergence": "convergence_experiment"}


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_lost_in_the_grader(sandbox, state):
    for slug in UNITS if state in ("gradients off", "float64", "float16", "inference") else ["01_similarity_losses"]:
        notebook = json.loads((ROOT / "solutions" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        notebook["cells"].insert(0, {**cell, "source": f"import numpy as np\nimport torch\n{STATES[state]}"})
        record = grade(parse_submission(json.dumps(notebook).encode(), "test", slug), sandbox)
        assert record.score == record.max_score, {n: c.message for n, c in record.checks.items() if c.message}


@pytest.fixture
def kept_state():
    """Whatever a test sets is as before afterwards."""
    grad, dtype, threads, errors = (
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        np.geterr(),
    )
    folder, seeds = os.getcwd(), (np.random.get_state(), torch.get_rng_state())
    with warnings.catch_warnings():
        yield
    torch.set_grad_enabled(grad)
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    torch.set_default_device(None)
    torch.autograd.set_detect_anomaly(False)
    np.seterr(**errors)
    os.chdir(folder)
    np.random.set_state(seeds[0])
    torch.set_rng_state(seeds[1])


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_lost_in_the_notebook(kept_state, state):
    names = [
        ("01_similarity_losses", name) for name in ("nt_xent", "hinge_loss", "contrastive_gradient", "limit_collapse")
    ]
    names += [
        ("04_mutual_information", "alignment"),
        ("08_convergence", "train_triplets"),
        ("05_debiasing", "compare_debiasing"),
    ]
    references = {name: load_unit(slug).references()[name] for slug, name in names}
    namespace = {"torch": torch, "np": np}
    exec(STATES[state], namespace)
    try:
        reports = {name: check(reference, name) for name, reference in references.items()}
    finally:
        if "mode" in namespace:
            namespace["mode"].__exit__(None, None, None)
    assert all(report.passed for report in reports.values()), [repr(r) for r in reports.values() if not r.passed]


def test_the_check_leaves_the_notebooks_state_as_it_is(kept_state):
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float16)
    np.seterr(all="raise")
    warnings.simplefilter("error")
    filters = list(warnings.filters)
    check(load_unit("01_similarity_losses").references()["nt_xent"], "nt_xent")
    assert not torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float16
    assert set(np.geterr().values()) == {"raise"}
    assert warnings.filters == filters
