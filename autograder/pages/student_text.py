"""A student's Markdown as it is stored in the graded notebook: no renderer of any dialect makes a tag or a link of it.

Our own pages clean what they show (autograder/pages/markdown.py). This is for everything else that opens a graded
notebook: JupyterLab, an editor, nbconvert without our settings.
"""

from __future__ import annotations

import re

MAX_EXTRA = 20_000  # characters of text outside the cells that were asked for
BREAKS = (
    r"<(?=[A-Za-z/!?])",  # a tag, a comment, an autolink
    r"\](?=[(\[:])",  # a link, a picture, a reference and its definition
)
MACROS = (
    r"\\(?=(?:href|url|html\w*|class|cssId|style|require|unicode|includegraphics|data|bbox|texttip|mathtip|toggle)\b)"
)


def harmless(markdown: str) -> str:
    """The text with a space inside each pair of characters that could begin a tag, a link, a picture or a macro with powers.

    Each construct needs its pair in one piece in every dialect of Markdown, and a space between them makes no new pair; in
    TeX and in code the space changes nothing. Long repetitions, on which renderers take quadratic time, are shortened.
    """
    text = re.sub("|".join((*BREAKS, MACROS)), lambda found: f"{found[0]} ", markdown)
    text = re.sub(r"([^\w\s])\1{40,}", lambda run: run[1] * 40, text)
    return re.sub(r"[ \t]{200,}", " " * 200, text)


def within(text: str, room: int) -> str:
    """The text, or where there is no room for it a line that says so."""
    return text if len(text) <= room else f"({len(text)} characters of text left out by the grader)"
