"""axe-core on a page of ours: what it calls serious or critical. Fetched once from npm's registry, pinned by site/npm.py."""

from __future__ import annotations

import importlib.util

import pytest

from autograder.units.manifest import ROOT

spec = importlib.util.spec_from_file_location("site_npm", ROOT / "site" / "npm.py")  # its folder stays off the path
npm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(npm)


def program() -> str:
    """The text of axe.min.js; skips the test, with the reason, where it cannot be had."""
    try:
        return npm.files("axe-core", ("axe.min.js",))["axe.min.js"].decode()
    except npm.Unobtainable as problem:
        pytest.skip(f"axe-core could not be fetched: {problem}")


def serious(page, **options) -> list[tuple[str, list[str]]]:
    """(rule, what breaks it) on a page into which `program()` was put."""
    found = page.evaluate(
        "(o) => axe.run({exclude: ['mjx-container']}, {resultTypes: ['violations'], ...o}).then((r) => r.violations)",
        options,
    )
    return [
        (each["id"], [node["html"][:120] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


COLOURS = {"runOnly": ["color-contrast"]}  # what a theme changes


def serious_in_both_themes(page) -> list[tuple[str, list[str]]]:
    """The same for a page that follows the system's light and dark. The page must allow scripts of ours."""
    page.emulate_media(color_scheme="light")
    page.evaluate(program())
    found = serious(page)
    page.emulate_media(color_scheme="dark")
    return found + serious(page, **COLOURS)
