"""Build the web site: lectures as they are stored, exercises, guides, indices; every warning is an error.

    python site/build.py [FOLDER]         # build/site
    make site                             # the same, after installing what it needs

Nothing is executed. The one thing that is fetched is MathJax (site/npm.py), once; without it formulas become MathML.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]
TAKEN = (
    "lectures/[0-9]*.ipynb",
    "lectures/data/*/*.png",
    "exercises/*/[0-9]*.ipynb",
    "docs/*.md",
    "docs/*.svg",
)  # as they are, and where they are


def put(target: Path, content: str | bytes | Path) -> None:
    """Write only what changed, so that the next build reads only that."""
    data = (
        content.read_bytes() if isinstance(content, Path) else content.encode() if isinstance(content, str) else content
    )
    if not target.is_file() or target.read_bytes() != data:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def here_only(name: str, content: Path | str, files: dict) -> str:
    """A guide's text; what it links to in the repository and not in the site is named in place of a link."""
    text = content.read_text(encoding="utf-8") if isinstance(content, Path) else content

    def named(link: re.Match) -> str:
        target = (ROOT / name).parent / link[2].partition("#")[0]
        path = target.resolve().relative_to(ROOT).as_posix() if target.exists() else ""
        if not path or path in files:
            return link[0]
        return f"{link[1]} (`{path}`)" if path not in link[1] else link[1]

    return re.sub(r"(?<!!)\[([^\]]+)\]\(((?!https?:|#)[^)]+)\)", named, text)


def lay_out(source: Path) -> None:
    """All sources of the site below one folder, in the places that the links between them expect."""
    from pages import generated

    files: dict[str, Path | str] = {}
    for path in [path for pattern in TAKEN for path in ROOT.glob(pattern)]:
        files[path.relative_to(ROOT).as_posix()] = path
    files |= {f"pages/{path.name}": path for path in HERE.glob("pages/*.md")}
    files |= generated()
    for name, content in files.items():
        put(
            source / name,
            here_only(name, content, files) if name.startswith("docs/") and name.endswith(".md") else content,
        )
    for path in [
        path for path in source.rglob("*") if path.is_file() and path.relative_to(source).as_posix() not in files
    ]:
        path.unlink()  # of an earlier build


def build(out: Path) -> int:
    """Build into `out`; what goes with it stands beside it. Sphinx's exit status: 0 if there was no warning."""
    import formulas
    from sphinx.cmd.build import build_main

    started = time.monotonic()
    static = out.parent / f"{out.name}-static"
    source = out.parent / f"{out.name}-source"
    problem = formulas.provide(static)
    if problem:
        print(f"== formulas as MathML: MathJax could not be fetched ({problem})")
    lay_out(source)
    shutil.rmtree(out, ignore_errors=True)  # a page that is no more must not stay
    doctrees = out.parent / f"{out.name}-doctrees"
    read = doctrees / "environment.pickle"
    if read.is_file() and any(path.stat().st_mtime > read.stat().st_mtime for path in HERE.rglob("*.py")):
        shutil.rmtree(doctrees)  # what was read was read by other code
    os.environ["COURSE_STATIC"] = str(static)
    strict = ["-W", "--keep-going", "-q", "--color" if sys.stdout.isatty() else "--no-color"]
    settings = ["-D", f"course_mathjax={int(not problem)}"]
    folders = ["-c", str(HERE), "-d", str(doctrees), str(source), str(out)]
    status = build_main(["-b", "html", *strict, *settings, *folders])
    if status == 0:
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        print(f"== {out / 'index.html'}  ({size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s)")
    return status


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "site").resolve()))
