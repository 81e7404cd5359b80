"""Installation files agree with each other, and the documents name commands that exist."""

from __future__ import annotations

import re
import sys
import tomllib

import numpy
import torch

from autograder.units.manifest import ROOT


def pins(text):
    return {
        m[1].lower().replace("_", "-"): m[2] for m in re.finditer(r"^\s*-?\s*([\w-]+)==([\w.]+)", text, re.MULTILINE)
    }


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_conda_environment_has_the_pins_of_the_constraints():
    constraints, conda = pins(read("constraints.txt")), pins(read("environment.yml"))
    assert conda
    assert {name: constraints.get(name) for name in conda} == conda


def test_every_direct_dependency_is_pinned_and_in_the_conda_environment():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    name = lambda requirement: re.match(r"[\w-]+", requirement)[0].lower()  # noqa: E731
    direct = {name(r) for r in project["dependencies"]}
    extra = {name(r) for group in project["optional-dependencies"].values() for r in group}
    assert direct | extra <= set(pins(read("constraints.txt")))
    assert direct <= set(pins(read("environment.yml")))


def test_what_runs_here_is_what_is_pinned():
    constraints = pins(read("constraints.txt"))
    assert torch.__version__.split("+")[0] == constraints["torch"]
    assert numpy.__version__ == constraints["numpy"]


def test_every_install_line_uses_the_constraints():
    for name in (
        "README.md",
        "Makefile",
        "environment.yml",
        ".ci/run",
        *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
    ):
        for line in re.findall(r"^.*\bpip install .*$", read(name), re.MULTILINE):
            assert "constraints.txt" in line or "--no-deps" in line, f"{name}: {line}"


def test_make_targets_of_the_contract_exist():
    makefile = read("Makefile")
    for target in ("lab", "demo", "test", "bench"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        assert f"make {target}" in read("README.md")
    assert "make test" in read(".ci/run")


def test_what_the_packages_import_is_a_direct_dependency():
    """Not only a dependency of something that the tests install (tqdm was)."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    named = {
        re.match(r"[\w-]+", r)[0].lower()
        for r in [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    }
    modules = {"sklearn": "scikit-learn", "dask": "distributed", "markdown_it": "markdown-it-py"}
    modules |= {"mdit_py_plugins": "mdit-py-plugins"}
    # those of matplotlib, nbgrader and jupyterlab
    behind = {"pil", "nbconvert", "nbformat", "nbclient", "traitlets", "sqlalchemy", "ipython", "jinja2", "pygments"}
    behind |= {"jupyter_core", "jupyter_server", "ipywidgets", "tornado"}
    ours = {"course", "autograder", "experiments", "child", "__future__", *sys.stdlib_module_names}
    for path in [
        *(ROOT / "course").rglob("*.py"),
        *(ROOT / "autograder").rglob("*.py"),
        *(ROOT / "experiments").rglob("*.py"),
        *(ROOT / "lectures").glob("*.py"),
    ]:
        text = path.read_text(encoding="utf-8")
        for found in re.findall(r"^\s*(?:from|import) (\w+)", "".join(re.split(r'"""(?s:.*?)"""', text)), re.MULTILINE):
            name = modules.get(found, found).lower()
            assert found in ours or name in named | behind, f"{path.relative_to(ROOT)} imports {found}"
