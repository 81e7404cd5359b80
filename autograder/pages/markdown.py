"""Markdown as HTML that can do nothing: rendered by markdown-it, formulas as MathML, cleaned by nh3's allow-list.

The last step is the cleaner, so nothing that is added here needs to be trusted. No id, class, style, picture, form or frame
is left; links go to http(s) and mailto only and tell the other side nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.pages.formulas import ATTRIBUTES, GROUPS, LEAVES, mathml

MAX_NESTING = (
    100  # lists in quotes in lists ...: beyond it markdown-it leaves text out, and the source is shown instead
)
MAX_BRACKETS = 500  # with more, which of them make links is not asked: that takes quadratic time
MAX_TAGS = 12_000  # of one text, closing ones too; a derivation that is all formulas has 7 for 10 characters
TEXT_TAGS = set(
    "p br hr h1 h2 h3 h4 h5 h6 em strong s code pre blockquote ul ol li table thead tbody tr th td a".split()
)
MATH_TAGS = {"math", *LEAVES, *GROUPS}
ALLOWED = {
    "a": {"href", "title"},
    "ol": {"start"},
    "math": {"display"},
    **{tag: set(ATTRIBUTES) for tag in (*LEAVES, *GROUPS)},
}
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # characters that turn the direction of what follows


def rendered(markdown: str) -> str:
    """HTML of a text in Markdown with TeX between dollar signs; the text itself where that would grow without bounds."""
    parser = _parser(links=markdown.count("[") <= MAX_BRACKETS)
    tokens = parser.parse(markdown)
    if any(token.level >= MAX_NESTING - 1 for token in tokens):
        return as_it_is(markdown)
    html = parser.renderer.render(tokens, parser.options, {})
    return clean(html) if html.count("<") <= MAX_TAGS else as_it_is(markdown)


def as_it_is(text: str) -> str:
    """The text itself, every character of it."""
    return f"<pre>{escape(directed(text))}</pre>"


def clean(html: str) -> str:
    """Only the tags and attributes above, only http(s) and mailto links."""
    return nh3.clean(
        directed(html),
        tags=TEXT_TAGS | MATH_TAGS,
        attributes=ALLOWED,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def directed(text: str) -> str:
    """Characters that would turn the direction of the text around it, made visible: 5/0 must not read 0/5."""
    return re.sub(f"[{TURNS}]", lambda turn: f"\u27e8U+{ord(turn[0]):04X}\u27e9", text)


@lru_cache(maxsize=2)
def _parser(links: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    if not links:
        parser.disable(["link", "image", "reference"])
    parser.use(dollarmath_plugin, double_inline=True).use(amsmath_plugin)
    for kind in ("math_inline", "math_inline_double", "math_block", "math_block_label", "amsmath"):
        parser.add_render_rule(kind, _formula)
    parser.add_render_rule("image", _image)
    return parser


def _formula(renderer, tokens, index, options, env) -> str:
    token = tokens[index]
    display = token.type != "math_inline"
    drawn = mathml(token.content, display)
    if drawn is None:
        mark = "" if token.type == "amsmath" else "$$" if display else "$"
        source = f"<code>{escape(mark + token.content.strip() + mark)}</code>"
        return f"<p>{source}</p>" if token.type in ("math_block", "math_block_label", "amsmath") else source
    return drawn


def _image(renderer, tokens, index, options, env) -> str:
    """No picture is loaded, wherever it is: its address stands in its place."""
    return escape(f"![{tokens[index].content}]({tokens[index].attrs.get('src', '')})")
