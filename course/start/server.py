"""The extension of jupyter_server behind `make lab`: `/course/` is the START page, `/course/solution/UNIT` a solved notebook.

Both are behind the server's own token or cookie. Nothing is cached: each look reads the local records anew.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "course.start.server"}]


def _load_jupyter_server_extension(app) -> None:
    from jupyter_server.base.handlers import JupyterHandler
    from jupyter_server.utils import url_path_join
    from tornado import web

    work, base = Path(app.root_dir).resolve(), app.web_app.settings["base_url"]

    class Start(JupyterHandler):
        @web.authenticated
        def get(self):
            self.set_header("Cache-Control", "no-store")
            self.finish(start_page(ROOT, work, base))

    class Solution(JupyterHandler):
        @web.authenticated
        def get(self, slug):
            if not open_solution(ROOT, work, slug):
                raise web.HTTPError(404, f"the solution of {slug} opens once its checks pass or it was graded")
            self.redirect(url_path_join(base, "lab/tree/solutions", slug, f"{slug}.ipynb"))

    app.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "course/?"), Start),
            (url_path_join(base, r"course/solution/(\d\d_\w+)"), Solution),
        ],
    )


def start_page(root: Path, work: Path, base: str = "/") -> str:
    """The START page of the checkout `root` for the working copies in `work`."""
    from course import records
    from course.start.page import page
    from course.start.state import progress
    from course.start.units import units

    entries, found = records.read(work), units(root)
    state = {unit.slug: progress(unit, entries, work) for unit in found}
    return page(found, state, entries, (root / "solutions").is_dir(), base)


def open_solution(root: Path, work: Path, slug: str) -> bool:
    """Copy a unit's solved notebook into `work` where the records say that it is open; False where it is not."""
    from course import records
    from course.start.state import progress
    from course.start.units import units
    from course.work import refresh

    unit = next((unit for unit in units(root) if unit.slug == slug), None)
    if unit is None or not progress(unit, records.read(work), work).unlocked or work != root / "work":
        return False
    if not (root / "solutions" / slug / f"{slug}.ipynb").is_file():
        return False
    refresh(root, (slug,))
    return True
