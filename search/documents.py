"""The search contract: what an index is given (`Document`) and what it holds (`Entry`).

A document carries display texts, codes to filter by and a card; never a contact. `project` turns
it once into the words, readings and themes that either engine searches, so that both find the same
things.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from search.text import (
    Token,
    compounds,
    normalise,
    phrases,
    romaji,
    strip_legal_form,
    tokenize,
)
from search.thesaurus import thesaurus

OWN_WORD = re.compile("z[a-z]+z|p[0-9]+p")
# Part of every index's fingerprint: raise it when `project` changes what it makes of a document.
PIPELINE = 3
# 「…の増進に寄与することを目的とする」 closes nearly every statute and says nothing of the work.
_CLOSING_CLAUSE = re.compile("[^、。]*に寄与(?:する|し).*")
_LONGEST_SOUND = 60


@dataclass(frozen=True)
class Document:
    """One thing that can be found.

    `codes` are what it is filtered and counted by (name → codes), `position` is (latitude,
    longitude) in degrees, `updated_at` seconds since the epoch, `card` what a result shows besides
    name and summary.
    """

    id: str
    kind: str
    name: str
    kana: str = ""
    other_names: tuple[str, ...] = ()
    summary: str = ""
    purpose: str = ""
    activities: str = ""
    keywords: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    position: tuple[float, float] | None = None
    updated_at: int = 0
    card: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A document as an index holds it: `words` by attribute, and a `hit` as JSON.

    A hit is `{"id", "name", "kana", "bare", "summary", "marks", "card", "position"}`; `marks` maps
    name and summary to `[term, start, length]` in code points of that text, for highlighting. It
    is one string because an engine hands back a string at a fraction of the cost of a tree.
    """

    document: Document
    words: Mapping[str, str]
    hit: str


def theme_word(code: str) -> str:
    """The token that stands for a theme; Latin, so that no tokenizer takes it apart.

    Closed at both ends, so that none is the beginning of another: the last word is searched as a
    prefix.
    """
    return f"z{code}z"


def place_word(code: str) -> str:
    """The token that stands for a prefecture or municipality code."""
    return f"p{code}p"


def project(document: Document) -> Entry:
    """The words, readings, themes and marks of a document. Deterministic."""
    names = [strip_legal_form(normalise(n)) for n in (document.name, *document.other_names) if n]
    name_words = [tokenize(name) for name in names]
    tag_words = [_often_read(tag) for tag in document.keywords]
    purpose_text = normalise(document.purpose)
    purpose = tokenize(purpose_text)
    activities = tokenize(normalise(document.activities))
    place_words = [_often_read(place) for place in document.places]
    said = _CLOSING_CLAUSE.search(purpose_text)
    stated = [token for token in purpose if not said or token.end <= said.start()]
    main, more = _themes([name_words, tag_words, [stated], [activities]])
    wider = {thesaurus().broader(code) for code in (*main, *more)} - {None, *main, *more}
    bare = " ".join(name.replace(" ", "") for name in names)
    words = {
        "name_words": _words(name_words),
        "bare": bare,
        "tags": _words(tag_words),
        "theme": " ".join(map(theme_word, main)),
        "theme_more": " ".join(map(theme_word, more)),
        "purpose": _words([purpose]),
        "activities": _words([activities]),
        "place": _words(place_words),
        "theme_wider": " ".join(sorted(theme_word(code) for code in wider if code)),
        "place_code": " ".join(map(place_word, document.codes.get("area", ()))),
        "name_sound": _sounds(_kana_sounds(normalise(document.kana)), name_words),
        "tag_sound": _sounds([], tag_words),
        "place_sound": _sounds([], place_words),
        "text_sound": _sounds([], [purpose, activities]),
    }
    hit = {
        "id": document.id,
        "name": document.name,
        "kana": document.kana,
        "bare": bare,
        "summary": document.summary,
        "marks": {
            # As shown, not as normalised: Sudachi normalises by itself and keeps the offsets.
            "name": _marks(_shown_words(document.name, names, name_words)),
            "summary": _marks(_summary_words(document, purpose_text, purpose)),
        },
        "card": document.card,
        "position": document.position,
    }
    return Entry(document, words, to_json(hit).decode())


@lru_cache(maxsize=5_000)
def _often_read(text: str) -> list[Token]:
    """The words of a keyword or a place, which many records share."""
    return tokenize(normalise(text))


def code_of(code_list: str, code: str) -> str:
    """A code and its list as one filter value."""
    return f"{code_list}={code}"


_Texts = Iterable[list[Token]]


def _themes(parts: Iterable[_Texts]) -> tuple[list[str], list[str]]:
    """Themes two parts of the record speak of (a name alone may mislead), then the others."""
    evidence: Counter[str] = Counter()
    for texts in parts:
        found = thesaurus().marks([token for text in texts for token in text])
        for theme in dict.fromkeys(mention.theme for mention in found):
            evidence[theme] += 1
    main = [code for code, parts_found in evidence.items() if parts_found > 1]
    return main, [code for code in evidence if code not in main]


def _words(texts: _Texts) -> str:
    return " . ".join(" ".join(token.term for token in text) for text in texts)


def _kana_sounds(kana: str) -> list[str]:
    """The official reading: without its corporate form as one word, and in its own words."""
    whole = strip_legal_form(kana)
    return [romaji(whole.replace(" ", "")), *(romaji(part) for part in whole.split())]


def _sounds(first: list[str], texts: _Texts) -> str:
    sounds = dict.fromkeys(sound for sound in first if sound)
    for text in texts:
        for run in phrases(text):
            parts = [romaji(token.reading) for token in run]
            for sound in compounds(parts) if len(parts) > 1 else parts:
                if sound and len(sound) <= _LONGEST_SOUND:
                    sounds[sound] = None
    return " ".join(sounds)


def _shown_words(name: str, names: list[str], name_words: list[list[Token]]) -> list[Token]:
    """The words of the name as shown, known where normalising and its legal form took nothing."""
    return name_words[0] if [name] == names[:1] else tokenize(name)


def _summary_words(document: Document, purpose_text: str, purpose: list[Token]) -> list[Token]:
    """The words of the summary, usually the beginning of the purpose, whose words are known."""
    shown = document.summary.removesuffix("…")
    if document.purpose.startswith(shown) and len(purpose_text) == len(document.purpose):
        return [token for token in purpose if token.end <= len(shown)]
    return tokenize(document.summary)


def _marks(tokens: list[Token]) -> list[list[Any]]:
    marks: list[list[Any]] = [[t.term, t.start, t.end - t.start] for t in tokens]
    for mention in thesaurus().marks(tokens):
        start, end = tokens[mention.start].start, tokens[mention.end - 1].end
        marks.append([theme_word(mention.theme), start, end - start])
    return marks
