"""Wikipedia's markup off a page: what is left is the running text, a paragraph a string."""

from __future__ import annotations

import html
import re

BRACKETS = {"{{": "}}", "{|": "|}"}  # templates and tables, nested in each other
GONE = re.compile(
    r"<!--.*?-->|<ref[^>/]*/>|<(ref|gallery|math|code|source|syntaxhighlight|timeline|blockquote|poem|sub|sup)\b[^>]*>.*?</\1>",
    re.DOTALL | re.IGNORECASE,
)
LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
OUTSIDE = re.compile(r"\[(?:https?:)?//\S+\s*([^\]]*)\]")
NOT_TEXT = ("*", "#", ":", ";", "=", "|", "!", "{", " ", "<")  # lists, headings, tables, indented formulas


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a page's wikitext, without templates, tables, references, pictures, lists and headings."""
    text = without_brackets(GONE.sub("", text))
    while (shorter := LINK.sub(_shown, text)) != text:  # links inside the captions of pictures first
        text = shorter
    text = re.sub(r"<[^<>]*>", "", OUTSIDE.sub(r"\1", text)).replace("'''", "").replace("''", "")
    lines = (html.unescape(line).replace("\xa0", " ") for line in text.splitlines())
    kept = (re.sub(r" ([,.;:)])", r"\1", re.sub(r"\(\s*[,;]?\s*\)| +", " ", line)) for line in lines)
    return [line.strip() for line in kept if line.strip() and not line.startswith(NOT_TEXT)]


def without_brackets(text: str) -> str:
    """The text outside {{templates}} and {|tables|}; one that is never closed takes the rest of the page with it."""
    kept, closing = [], []
    for part in re.split(r"(\{\{|\}\}|\{\||\|\}(?!\}))", text):
        if part in BRACKETS:
            closing.append(BRACKETS[part])
        elif closing and part == closing[-1]:
            closing.pop()
        elif not closing:
            kept.append(part)
    return "".join(kept)


def _shown(link: re.Match) -> str:
    """What a link shows: its text, else its target; nothing for pictures, categories and other languages."""
    target, _, text = link[1].partition("|")
    if ":" in target and re.match(r"\s*:?(File|Image|Category|[a-z-]{2,12}|Wikt|Special)\s*:", target, re.IGNORECASE):
        return ""
    return text.rpartition("|")[2] if text else target
