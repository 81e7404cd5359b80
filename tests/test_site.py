"""The web site, built once: nothing leaves it, every link leads somewhere, no solution is in it, it fits a phone."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import axe
import pytest
from axe import npm
from chromium import CHROMIUM, QUIET, needed

from autograder.units.manifest import ROOT, load_unit, unit_names

PICTURES = ROOT / "build" / "browser"
NEEDED = "sphinx myst_nb pydata_sphinx_theme sphinx_design sphinx_copybutton sphinxcontrib.bibtex".split()
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def missing(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is None
    except ModuleNotFoundError:
        return True


@pytest.fixture(scope="module")
def site(tmp_path_factory, worker_id):
    """The site, built by the command of `make site`, once for all processes of a test run."""
    if lacking := [module for module in NEEDED if missing(module)]:
        pytest.skip(f"the site extra is not installed: {', '.join(lacking)}")
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    out, log = shared / "web" / "site", shared / "web.json"
    with (shared / "web.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not log.is_file():
            done = subprocess.run(
                [sys.executable, "site/build.py", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=580
            )
            log.write_text(json.dumps({"status": done.returncode, "said": done.stdout + done.stderr}))
    built = SimpleNamespace(path=out, **json.loads(log.read_text()))
    assert built.status == 0, f"a warning or an error: {built.said[-4000:]}"
    built.pages = {path.relative_to(out).as_posix(): read(path) for path in sorted(out.rglob("*.html"))}
    return built


class Page(HTMLParser):
    """What a page links to, what it loads, its anchors, its images and its text."""

    def __init__(self):
        super().__init__()
        self.links, self.loads, self.ids, self.images, self.text = [], [], set(), [], []
        self.silent = 0

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs["id"]} if attrs.get("id") else set()
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        if tag == "link" and attrs.get("rel") not in ("canonical",) and attrs.get("href"):
            self.loads.append(attrs["href"])
        if attrs.get("src"):
            self.loads.append(attrs["src"])
        if tag == "img":
            self.images.append((attrs.get("src"), attrs.get("alt")))
        self.silent += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.silent:
            self.text.append(data)


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_the_site_is_built_without_a_warning_and_is_not_large(site):
    assert "WARNING" not in site.said
    assert "ERROR" not in site.said
    assert {f"lectures/{slug}.html" for slug in unit_names()} <= set(site.pages)
    assert {f"exercises/{slug}/{slug}.html" for slug in unit_names()} <= set(site.pages)
    assert sum(path.stat().st_size for path in site.path.rglob("*") if path.is_file()) < 40e6


def test_every_internal_link_leads_to_a_page_and_a_place_in_it(site):
    broken = []
    for name, page in site.pages.items():
        for link in page.links:
            there = urlsplit(link)
            if there.scheme or there.netloc:
                continue
            path = (site.path / name).parent / unquote(there.path) if there.path else site.path / name
            target = path.resolve()
            known = target.is_file() or (target / "index.html").is_file()
            if not known:
                broken.append(f"{name}: {link}")
            elif there.fragment and target.suffix == ".html":
                other = site.pages[target.relative_to(site.path.resolve()).as_posix()]
                if unquote(there.fragment) not in other.ids and there.fragment != "top":
                    broken.append(f"{name}: {link} (no such place)")
    assert not broken, broken[:20]


def test_pages_name_nothing_to_load_from_elsewhere(site):
    outside = {(name, url) for name, page in site.pages.items() for url in page.loads if urlsplit(url).netloc}
    assert not outside
    for path in [*site.path.glob("_static/*.css"), *site.path.glob("_static/styles/*.css")]:
        assert not re.search(r"url\(['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_no_line_of_a_solution_is_in_the_site(site):
    """Every line between the marks of a solution that exercises, lectures and `course` do not have themselves."""
    pages = squeezed("".join("".join(page.text) for page in site.pages.values()))
    downloads = "".join(path.read_text(encoding="utf-8") for path in site.path.rglob("*.ipynb"))
    pages += squeezed(downloads.replace('\\"', '"'))
    open_sources = [*ROOT.glob("lectures/*.py"), *ROOT.glob("course/**/*.py"), *ROOT.glob("docs/*.md")]
    open_sources += ROOT.glob("exercises/*/*.ipynb")
    given = squeezed("".join(path.read_text(encoding="utf-8").replace('\\"', '"') for path in open_sources))
    asked = 0
    for slug in unit_names():
        for cell in load_unit(slug).solved:
            for solution in re.findall(r"### BEGIN SOLUTION(.*?)### END SOLUTION", cell.source, re.DOTALL):
                lines = {squeezed(line) for line in solution.splitlines()}
                for line in {line for line in lines if len(line) > 30 and line not in given}:
                    asked += 1
                    assert line not in pages, f"{slug}: {line}"
    assert asked > 300
    assert not [path for path in site.path.rglob("*") if "solution" in path.name.lower()]


def test_every_figure_says_what_it_shows(site):
    shown = [(name, src, alt) for name, page in site.pages.items() for src, alt in page.images]
    assert len([name for name, _, _ in shown if name.startswith("lectures/")]) > 60
    silent = [(name, src) for name, src, alt in shown if not alt or len(alt) < 15 or re.search(r"\.(png|svg)$", alt)]
    assert not silent


def anchors(page: Page, kind: str) -> set[str]:
    return {identity for identity in page.ids if re.match(rf"{kind}-", identity)}


def test_every_statement_and_numbered_formula_of_a_lecture_can_be_linked_to(site):
    for slug in unit_names():
        source = (ROOT / "lectures" / f"{slug}.py").read_text(encoding="utf-8")
        page, index = site.pages[f"lectures/{slug}.html"], site.pages["pages/theorems.html"]
        heads = re.findall(
            r"^# \*\*(Theorem|Lemma|Proposition|Corollary) (\d+\.\d+|[A-Z]\+?|\d)(?!\w)", source, re.MULTILINE
        )
        assert len(heads) >= 6
        for kind, label in heads:
            place = f"{kind.lower()}-{label.replace('.', '-').replace('+', '-plus').lower()}"
            assert place in page.ids, (slug, place)
            assert f"../lectures/{slug}.html#{place}" in index.links, (slug, place)
        tags = re.findall(r"\\tag\{([^}]+)\}", source)
        assert {f"equation-{tag.replace('.', '-').lower()}" for tag in tags} <= page.ids, slug


def test_a_mention_leads_to_its_statement_also_in_another_lecture(site):
    def links(slug):
        return site.pages[f"lectures/{slug}.html"].links

    assert "02_latent_classes.html#theorem-2-3" in links("10_text_and_images")
    assert "06_spectral_loss.html#theorem-6-4" in links("10_text_and_images")
    assert "#equation-6-1" in links("07_linear_probe")  # 07 has a (6.1) of its own
    assert "06_spectral_loss.html#equation-6-1" not in links("07_linear_probe")
    glossary = site.pages["pages/glossary.html"].links  # "Lemma E of unit 03"
    assert {f"../lectures/03_many_negatives.html#lemma-{label}" for label in "ev"} <= set(glossary)
    # "(Louis and Makarychev 2014, Proposition 1.2)" is not ours
    assert not [link for link in links("07_linear_probe") if link.endswith("#proposition-1-2")]
    total = sum("#theorem-" in link or "#proposition-" in link for slug in unit_names() for link in links(slug))
    assert total > 150


def test_every_work_that_a_lecture_links_to_is_in_the_bibliography(site):
    listed = set(site.pages["pages/bibliography.html"].links)
    cited = {
        link
        for slug in unit_names()
        for link in site.pages[f"lectures/{slug}.html"].links
        if re.match(r"https://(arxiv|proceedings|jmlr|doi)", link)
    }
    assert len(cited) > 25
    assert cited <= listed, cited - listed


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(npm, "REGISTRY", "http://127.0.0.1:9")
    kept = npm.cache() / "axe-core-4.14.1.tgz"
    kept.parent.mkdir()
    kept.write_bytes(b"something else")
    with pytest.raises(npm.Unobtainable, match="axe-core"):
        npm.tarball("axe-core", timeout=2)
    monkeypatch.setitem(npm.PINNED, "axe-core", ("4.14.1", npm.digest(b"something else")))
    assert npm.tarball("axe-core", timeout=2) == b"something else"


def test_formulas_are_drawn_without_mathjax_too():
    """What a build without npm shows: the formulas of the lectures as MathML, with few exceptions."""
    from autograder.pages.formulas import mathml

    found = set()
    for slug in unit_names():
        text = re.sub(r"^# ?", "", (ROOT / "lectures" / f"{slug}.py").read_text(encoding="utf-8"), flags=re.MULTILINE)
        found |= {(formula, True) for formula in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)}
    undrawn = [formula for formula, display in found if not mathml(formula, display)]
    assert len(undrawn) <= 0.02 * len(found), undrawn[:5]


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--allow-file-access-from-files"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tab(chromium, site):
    """One page, opened from disk, that notes every request and every error; `tab.open(name)` waits for its formulas."""
    page = chromium.new_page(viewport=PHONE)
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))

    def go(name, formulas=True):
        path, _, asked = name.partition("?")
        page.unroute_all()
        if not formulas:
            page.route("**/tex-chtml.js", lambda route: route.abort())
        page.goto(f"{(site.path / path).as_uri()}?{asked}", wait_until="load", timeout=120_000)
        page.evaluate("globalThis.MathJax?.startup?.promise ?? null")

    page.open = go
    return page


WIDE = """() => [...document.querySelectorAll("article *")].filter((e) => {
  const box = e.getBoundingClientRect();
  if (box.right <= document.documentElement.clientWidth + 1 || box.width === 0) return false;
  for (let up = e; up && up !== document.body; up = up.parentElement)
    if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX)) return false;
  return true;
}).slice(0, 3).map((e) => e.outerHTML.slice(0, 200))"""
SCROLLS = "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"


@needed
@pytest.mark.browser
def test_pages_draw_their_formulas_fit_phone_and_desk_and_ask_nobody(site, tab):
    heavy = [f"lectures/{slug}.html" for slug in unit_names()]
    light = ["index.html", "pages/claims.html", "pages/symbols.html", "docs/learners.html", "api/worlds.html"]
    light.append("exercises/03_many_negatives/03_many_negatives.html")
    formulas = 0
    for name in heavy + light:
        tab.set_viewport_size(PHONE)
        tab.open(name)
        wrong = tab.evaluate("[...document.querySelectorAll('mjx-merror, [data-mjx-error]')].map((e) => e.textContent)")
        assert not wrong, (name, wrong[:3])
        formulas += tab.evaluate("document.querySelectorAll('mjx-container, math').length")
        # laying a lecture out anew takes a second; what fits a phone fits a desk, so three of them are enough there
        for size in (PHONE, DESK) if name in [*light, *heavy[2:5]] else (PHONE,):
            tab.set_viewport_size(size)
            assert not tab.evaluate(SCROLLS), (name, size, tab.evaluate(WIDE))
    assert formulas > 3000  # by MathJax; as MathML where npm's registry could not be reached
    outside = [url for url in tab.asked if not url.startswith(("file:", "data:", "blob:"))]
    assert not outside
    assert not tab.errors


@needed
@pytest.mark.browser
def test_the_search_finds_a_statement_by_its_number(site, tab):
    tab.set_viewport_size(DESK)
    tab.open("search.html?q=Proposition+10.7", formulas=False)
    first = tab.locator("#search-results li a").first
    first.wait_for()
    assert first.get_attribute("href").endswith("lectures/10_text_and_images.html#proposition-10-7")


@needed
@pytest.mark.browser
def test_the_ledger_is_filtered_by_source_verdict_and_unit(site, tab):
    tab.set_viewport_size(DESK)
    tab.open("pages/claims.html", formulas=False)
    rows = tab.locator("tr.claim")
    if not rows.count():
        pytest.skip("the ledger has no entries yet")
    assert tab.locator("tr.claim:visible").count() == rows.count()
    for kind in ("source", "verdict", "unit"):
        select = tab.locator(f"select[name={kind}]")
        value = select.locator("option").nth(1).get_attribute("value")
        select.select_option(value)
        shown = tab.locator("tr.claim:visible").count()
        assert 0 < shown == tab.locator(f"tr.claim.{kind}-{value}").count()
        select.select_option("")
    assert tab.locator("tr.claim:visible").count() == rows.count()


@needed
@pytest.mark.browser
def test_sliders_of_a_lecture_work_by_keyboard(site, tab):
    live = [name for name in site.pages if name.startswith("lectures/") and "cl-live" in (site.path / name).read_text()]
    if not live:
        pytest.skip("no lecture has a slider")
    tab.set_viewport_size(PHONE)
    tab.open(live[0])
    figure = tab.locator(".cl-live").first
    before = figure.inner_text()
    figure.locator("input").first.focus()
    tab.keyboard.press("ArrowRight")
    assert figure.inner_text() != before
    assert not tab.errors


@needed
@pytest.mark.browser
@pytest.mark.parametrize("name", [
    "index.html", "lectures/05_debiasing.html", "pages/claims.html?source=002&unit=03",
    "exercises/01_similarity_losses/01_similarity_losses.html",
])  # fmt: skip
def test_axe_finds_nothing_serious_in_light_and_dark(site, tab, name):
    program = axe.program()
    tab.set_viewport_size(DESK)
    tab.open(name, formulas=name.startswith("lectures/"))
    tab.evaluate(
        "document.querySelectorAll('[hidden], .erratum ~ .erratum').forEach((e) => e.remove())"
    )  # more of the same
    tab.evaluate(program)
    for theme, options in (("light", {}), ("dark", axe.COLOURS)):
        tab.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        serious = axe.serious(tab, **options)
        tab.screenshot(path=PICTURES / f"site-{Path(name.partition('?')[0]).stem}-{theme}.png")
        assert not serious, (theme, serious)
