"""Sphinx's settings. `python site/build.py` lays the sources out and calls it; nothing is executed, nothing is fetched."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

project = "Why contrastive learning works"
author = "The authors of the course"
copyright = "MIT licence"
html_title = project
extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx_design", "sphinx_copybutton", "sphinxcontrib.bibtex",
    "formulas", "statements", "docstrings", "claims", "downloads",
]  # fmt: skip
exclude_patterns = ["**/.ipynb_checkpoints"]
root_doc = "index"
keep_warnings = False

# notebooks are stored executed
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # else pages ask for require.js and the widgets at a CDN
nb_number_source_lines = False
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist", "attrs_inline", "attrs_block"]
myst_dmath_double_inline = True
myst_heading_anchors = 3
myst_update_mathjax = False
math_number_all = False
html_math_renderer = "course"
numfig = False

bibtex_bibfiles = [str(HERE / "references.bib")]
bibtex_reference_style = "author_year"
bibtex_default_style = "unsrt"

autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # torch has its own markup
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "pydata_sphinx_theme"
html_static_path = [str(HERE / "static"), os.environ.get("COURSE_STATIC", "")][
    : 2 if "COURSE_STATIC" in os.environ else 1
]
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_show_search_summary = False  # the summaries are fetched, which a browser refuses for file://
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_domain_indices = False
html_last_updated_fmt = None
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 7,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": [],
    "footer_end": ["sphinx-version"],
    "secondary_sidebar_items": ["page-toc"],
    "back_to_top_button": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "logo": {"text": project},
}
html_sidebars = {"index": [], "pages/*": [], "search": []}
copybutton_exclude = ".linenos, .gp"
