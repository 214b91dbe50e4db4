"""The search contract: what an index is given (`Document`) and what it holds (`Entry`).

A document carries display texts, codes to filter by and a card; never a contact. `project` turns it once
into the words, readings and themes that either engine searches, so that both find the same things.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

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
PIPELINE = 1
# 「…の増進に寄与することを目的とする」 closes nearly every statute and says nothing of the work.
_CLOSING_CLAUSE = re.compile("[^、。]*に寄与(?:する|し).*")
_LONGEST_SOUND = 60


@dataclass(frozen=True)
class Document:
    """One thing that can be found.

    `codes` are what it is filtered and counted by (name → codes), `position` is (latitude, longitude) in
    degrees, `updated_at` seconds since the epoch, `card` what a result shows besides name and summary.
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
    """A document as an index holds it: `words` by attribute, and `marks` for highlighting.

    `marks` maps a display text (name, summary) to `[term, start, length]` in code points of that text.
    """

    document: Document
    words: Mapping[str, str]
    marks: Mapping[str, list[list[Any]]]


def theme_word(code: str) -> str:
    """The token that stands for a theme; Latin, so that no tokenizer takes it apart.

    Closed at both ends, so that none is the beginning of another: the last word is searched as a prefix.
    """
    return f"z{code}z"


def place_word(code: str) -> str:
    """The token that stands for a prefecture or municipality code."""
    return f"p{code}p"


def project(document: Document) -> Entry:
    """The words, readings, themes and marks of a document. Deterministic."""
    names = [strip_legal_form(normalise(n)) for n in (document.name, *document.other_names) if n]
    name_runs = [phrases(name) for name in names]
    tag_runs = [phrases(normalise(tag)) for tag in document.keywords]
    purpose = phrases(normalise(document.purpose))
    activities = phrases(normalise(document.activities))
    place_runs = [phrases(normalise(place)) for place in document.places]
    stated = phrases(normalise(_CLOSING_CLAUSE.sub("", document.purpose)))
    main, more = _themes([name_runs, tag_runs, [stated], [activities]])
    wider = {thesaurus().broader(code) for code in (*main, *more)} - {None, *main, *more}
    kana = normalise(document.kana)
    return Entry(
        document,
        words={
            "name_words": _words(name_runs),
            "bare": " ".join(name.replace(" ", "") for name in names),
            "tags": _words(tag_runs),
            "theme": " ".join(map(theme_word, main)),
            "theme_more": " ".join(map(theme_word, more)),
            "purpose": _words([purpose]),
            "activities": _words([activities]),
            "place": _words(place_runs),
            "theme_wider": " ".join(sorted(theme_word(code) for code in wider if code)),
            "place_code": " ".join(map(place_word, document.codes.get("area", ()))),
            "name_sound": _sounds(_kana_sounds(kana), name_runs),
            "tag_sound": _sounds([], tag_runs),
            "place_sound": _sounds([], place_runs),
            "text_sound": _sounds([], [purpose, activities]),
        },
        marks={"name": _marks(document.name), "summary": _marks(document.summary)},
    )


_Runs = list[list[Token]]


def _themes(parts: Iterable[Iterable[_Runs]]) -> tuple[list[str], list[str]]:
    """Themes that two parts of the record speak of (a name alone may mislead), then the others."""
    evidence: Counter[str] = Counter()
    for texts in parts:
        tokens = [token for runs in texts for run in runs for token in run]
        evidence.update({mention.theme: 1 for mention in thesaurus().marks(tokens)})
    main = [code for code, parts_found in evidence.items() if parts_found > 1]
    return main, [code for code in evidence if code not in main]


def _words(texts: Iterable[_Runs]) -> str:
    return " . ".join(" ".join(token.term for run in runs for token in run) for runs in texts)


def _kana_sounds(kana: str) -> list[str]:
    """The official reading: without its corporate form as one word, and in its own words."""
    whole = strip_legal_form(kana)
    return [romaji(whole.replace(" ", "")), *(romaji(part) for part in whole.split())]


def _sounds(first: list[str], texts: Iterable[_Runs]) -> str:
    sounds = dict.fromkeys(sound for sound in first if sound)
    for runs in texts:
        for run in runs:
            parts = [romaji(token.reading) for token in run]
            sounds.update(dict.fromkeys(s for s in compounds(parts) if len(s) <= _LONGEST_SOUND))
    return " ".join(sounds)


def _marks(text: str) -> list[list[Any]]:
    # The text as shown: Sudachi normalises width and case itself and keeps the original offsets.
    tokens = tokenize(text)
    marks: list[list[Any]] = [[t.term, t.start, t.end - t.start] for t in tokens]
    for mention in thesaurus().marks(tokens):
        start, end = tokens[mention.start].start, tokens[mention.end - 1].end
        marks.append([theme_word(mention.theme), start, end - start])
    return marks
