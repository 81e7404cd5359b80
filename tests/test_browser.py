"""A learner at the keyboard: JupyterLab in a headless Chromium, a wrong answer, then the right one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from autograder.manifest import ROOT, load_unit

pytestmark = pytest.mark.browser
SLUG = "01_similarity_losses"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 240_000  # milliseconds, for a machine that does much else at the same time
WRONG = """def logistic_loss(anchor, positive, negative):
    return F.softplus((anchor * (positive - negative)).sum(dim=1)).mean()"""
RIGHT = next(cell.source for cell in load_unit(SLUG).solved if cell.id == "logistic_loss")


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on a copy of the exercise alone; gives its address."""
    shutil.copy(ROOT / "exercises" / SLUG / f"{SLUG}.ipynb", tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--IdentityProvider.token=t",
        f"--notebook-dir={tmp_path}",
    ]
    options += ["--LabApp.news_url=", "--ServerApp.ip=127.0.0.1"]
    with open(tmp_path / "lab.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={**os.environ, **home},
            stdout=log,
            stderr=log,
            cwd=tmp_path,
        )
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=t", timeout=1).close()
                break
            time.sleep(0.5)
        else:
            pytest.fail((tmp_path / "lab.log").read_text()[-2000:])
        yield f"http://127.0.0.1:{port}/lab/tree/{SLUG}.ipynb?token=t"
    finally:
        process.terminate()
        process.wait(20)


def replace_function_cell(page, source: str) -> None:
    """Type `source` over the cell of logistic_loss, as a keyboard would, and run it and the check below it."""
    cell = page.locator(".jp-CodeCell", has_text="def logistic_loss").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")


def run_until_numbered(page, cell, timed_out, tries: int = 8) -> None:
    """Run a cell as a user does. On a busy machine a key press can come before the kernel is there: JupyterLab asks which
    kernel to take, or forgets the press; then answer, and press again."""
    numbered = cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]:"))
    select = page.locator("dialog.jp-Dialog button.jp-mod-accept")
    for _ in range(tries):
        if select.count():
            select.first.click()
        else:
            cell.locator(".cm-content").click()
            page.keyboard.press("Shift+Enter")
        try:
            numbered.or_(select).first.wait_for(timeout=PATIENCE / tries)
        except timed_out:
            page.screenshot(path=ROOT / "build" / "browser" / "waiting.png")
        if numbered.count():
            return
    pytest.fail("the first cell does not run: see build/browser/waiting.png")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (.ci/run installs it)")
def test_a_wrong_then_a_right_answer_in_jupyterlab(lab, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    pictures = ROOT / "build" / "browser"
    pictures.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(lab, timeout=PATIENCE)
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=PATIENCE)
        page.wait_for_function(
            "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'", timeout=PATIENCE
        )
        setup = page.locator(".jp-CodeCell", has_text="from course import check, validate").first
        run_until_numbered(page, setup, playwright.TimeoutError)  # torch has been imported

        replace_function_cell(page, WRONG)
        verdict = page.locator(".cl-check[data-check='logistic_loss']").first
        verdict.wait_for(timeout=PATIENCE)
        assert verdict.get_attribute("data-status") == "fail"
        assert "The loss is small when the negative is the more similar one." in verdict.inner_text()
        assert "Take an anchor equal to its positive" not in verdict.inner_text()  # hints wait until they are asked for
        verdict.locator("summary").first.click()
        assert "Take an anchor equal to its positive" in verdict.inner_text()
        verdict.scroll_into_view_if_needed()
        page.screenshot(path=pictures / "wrong.png")

        replace_function_cell(page, RIGHT)
        right = page.locator(".cl-check[data-check='logistic_loss'][data-status='pass']").first
        right.wait_for(timeout=PATIENCE)
        assert "Everything here holds." in right.inner_text()
        right.scroll_into_view_if_needed()
        page.screenshot(path=pictures / "right.png")
        page.keyboard.press("Control+S")
        page.wait_for_timeout(1500)
        browser.close()
    saved = json.loads((tmp_path / f"{SLUG}.ipynb").read_text(encoding="utf-8"))
    assert any("softplus" in "".join(cell["source"]) for cell in saved["cells"])
