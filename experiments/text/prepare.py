"""python -m experiments text prepare: the sentences file, made again from gensim's wheel. Nothing else needs the network.

The wheel of gensim carries a sample of English Wikipedia's dump as test data. Its pages are cleaned of markup
(`wikitext`), cut into sentences by nupunkt, and kept where an article has enough of them. Neither package is a dependency
of the course: both are fetched into a temporary folder, and checked.
"""

from __future__ import annotations

import bz2
import hashlib
import importlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from pathlib import Path

from experiments.running import ExperimentError, written_whole
from experiments.text import corpus
from experiments.text.wikitext import paragraphs

DUMP = "gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
DUMP_SHA256 = "a53f4648dec40467ebdcbc7a1307eddb51fe6e28e9309f6ebde81ba0d04bea2d"
PACKAGES = {"gensim": "4.4.0", "nupunkt": "0.8.0"}
SPACE = "{http://www.mediawiki.org/xml/export-0.10/}"
LEAST, MOST = 50, 200  # sentences of an article: with fewer it is left out, of more the first ones are kept
WORDS = range(5, 61)  # words of a sentence
CLEAN = re.compile(r"[A-Z\"'(0-9][^{}\[\]|<>=*#\n]*[.!?][\"')]?")  # begins and ends as a sentence, no markup left


def prepare(path: Path = corpus.FILE) -> list[Path]:
    """Write the sentences file and its attribution. Raises ExperimentError where something cannot be fetched or has changed."""
    with tempfile.TemporaryDirectory() as folder:
        wheels = fetch(Path(folder))
        with zipfile.ZipFile(wheels["gensim"]) as wheel:
            dump = wheel.read(DUMP)
        checked(dump, DUMP_SHA256, DUMP)
        with zipfile.ZipFile(wheels["nupunkt"]) as wheel:
            wheel.extractall(Path(folder) / "nupunkt")
        sys.path.insert(0, str(Path(folder) / "nupunkt"))
        try:
            split = importlib.import_module("nupunkt").sent_tokenize
            found = [article for article in articles(bz2.decompress(dump), split) if len(article["sentences"]) >= LEAST]
        finally:
            sys.path.remove(str(Path(folder) / "nupunkt"))
    corpus.write(path, found)
    beside = path.with_name("ATTRIBUTION.md")
    written_whole(beside, lambda temporary: temporary.write_text(corpus.attribution(found), encoding="utf-8"))
    return [path, beside]


def fetch(folder: Path) -> dict[str, Path]:
    """The wheels of PACKAGES, name -> path, downloaded with pip."""
    wanted = [f"{name}=={version}" for name, version in PACKAGES.items()]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "-d",
        str(folder),
    ]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ExperimentError(f"pip cannot fetch {' and '.join(wanted)}: {reason}")
    return {name: next(folder.glob(f"{name}-*.whl")) for name in PACKAGES}


def checked(content: bytes, sha256: str, name: str) -> bytes:
    """The content. Raises ExperimentError where it is not what was fetched when the course was written."""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ExperimentError(f"{name} is not the expected file: its SHA-256 is {found}, not {sha256}")
    return content


def articles(dump: bytes, split) -> Iterator[dict]:
    """The articles of a dump with their clean sentences, no sentence twice. split: text -> sentences."""
    seen: set[str] = set()
    for page in ElementTree.fromstring(dump).iter(f"{SPACE}page"):
        revision = page.find(f"{SPACE}revision")
        text = revision.findtext(f"{SPACE}text") or ""
        if page.findtext(f"{SPACE}ns") != "0" or page.find(f"{SPACE}redirect") is not None:
            continue
        kept = []
        for sentence in (s.strip() for paragraph in paragraphs(text) for s in split(paragraph)):
            if CLEAN.fullmatch(sentence) and len(sentence.split()) in WORDS and sentence not in seen:
                seen.add(sentence)
                kept.append(sentence)
        title, number = page.findtext(f"{SPACE}title"), revision.findtext(f"{SPACE}id")
        quoted = urllib.parse.quote(title.replace(" ", "_"))
        yield {
            "title": title,
            "link": f"https://en.wikipedia.org/w/index.php?title={quoted}&oldid={number}",
            "date": revision.findtext(f"{SPACE}timestamp")[:10],
            "sentences": kept[:MOST],
        }
