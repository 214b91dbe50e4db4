"""Themes: what groups do, under the words that groups and residents use for it.

`thesaurus.toml` is read once. A record is marked with the themes whose *terms* it holds, a
question with the themes whose terms, *cues* or *hints* it holds; both then meet on the theme,
whatever the wording (SKOS: a theme is a concept, `label` its preferred label, terms its alternative
labels, cues and hints its hidden ones).
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from search.text import KANA_OR_LATIN, Token, normalise, reading, romaji, tokenize

_FILE = Path(__file__).with_name("thesaurus.toml")
_LINK = "|"  # begins a word of a record that touches the one before: no particle, no punctuation
_NOT = "¬"  # ends a word that is negated: 「眠れない」 is not 「眠る」
_GAP = 2  # words that may stand between the words of a cue in a question
# A misspelt word may differ by one letter from five letters on, by two from nine (as Meilisearch
# has it).
_ONE_TYPO, _TWO_TYPOS = 5, 9
_SHORTEST_WRITTEN = 3  # characters a word needs for one wrong one (自冶会) to leave it recognisable


class Strength(IntEnum):
    """How surely a word speaks of a theme: a hint counts where nothing surer was said."""

    HINT = 0
    CUE = 1
    TERM = 2


@dataclass(frozen=True)
class Theme:
    code: str
    label: str
    broader: str | None
    terms: tuple[str, ...]
    cues: tuple[str, ...]
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mention:
    """A theme found in tokens `start` to `end`."""

    theme: str
    strength: Strength
    start: int
    end: int
    words: int

    @property
    def certain(self) -> bool:
        return self.strength is Strength.TERM


_Phrase = tuple[tuple[str, ...], str, Strength]


class Thesaurus:
    """The themes and the ways to find them in words and readings."""

    def __init__(self, themes: Iterable[Theme]) -> None:
        self.themes = {theme.code: theme for theme in themes}
        self._written: dict[str, list[_Phrase]] = defaultdict(list)
        self._asked: dict[str, list[_Phrase]] = defaultdict(list)
        self._readings: dict[str, dict[str, bool]] = defaultdict(dict)
        self._sound_of: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        for theme in self.themes.values():
            self._learn(theme)
        self._reading_list = list(self._readings)
        self._written_list = [word for word in self._sound_of if len(word) >= _SHORTEST_WRITTEN]

    def _learn(self, theme: Theme) -> None:
        for strength, words in (
            (Strength.TERM, (theme.label, *theme.terms)),
            (Strength.CUE, theme.cues),
            (Strength.HINT, theme.hints),
        ):
            for word in dict.fromkeys(words):
                self._learn_word(word, theme.code, strength)

    def _learn_word(self, word: str, code: str, strength: Strength) -> None:
        text = normalise(word)
        cuts = _cuts(text)
        for tokens in cuts:
            self._add(self._asked, (_spoken(tokens), code, strength))
            if strength is Strength.TERM:
                self._add(self._written, (_written(tokens), code, strength))
        for sound in {reading(cuts[0]), romaji(word) if KANA_OR_LATIN.fullmatch(word) else ""}:
            if sound:
                known = self._readings[sound]
                known[code] = known.get(code, False) or strength is Strength.TERM
                self.labels.setdefault(sound, word)
                self._sound_of[text] = sound

    @staticmethod
    def _add(table: dict[str, list[_Phrase]], phrase: _Phrase) -> None:
        words = phrase[0]
        if words and phrase not in table[words[0]]:
            table[words[0]].append(phrase)

    def broader(self, code: str) -> str | None:
        return self.themes[code].broader

    def marks(self, tokens: Sequence[Token]) -> list[Mention]:
        """The themes a record's words speak of: terms only, word by word as written."""
        words = _written(tokens)
        return _longest(
            [
                Mention(code, strength, start, start + len(phrase), len(phrase))
                for start, token in enumerate(tokens)
                for phrase, code, strength in self._written.get(token.term, ())
                if words[start + 1 : start + len(phrase)] == phrase[1:]
            ]
        )

    def asked(self, tokens: Sequence[Token]) -> list[Mention]:
        """The themes a question's words speak of, the surest first, longer before shorter."""
        found = _longest(_mentions(_spoken(tokens), self._asked))
        found = [m for m in found if m.strength > Strength.HINT] or found
        return sorted(found, key=lambda m: (-m.strength, -m.words, m.start))

    def heard(self, sound: str) -> list[tuple[str, bool]]:
        """The themes one of whose words has exactly this folded reading, and whether by a term."""
        return sorted(self._readings.get(sound, {}).items(), key=lambda item: not item[1])

    def nearest(self, sound: str) -> str | None:
        """The word whose reading is nearest to a misspelt one, or None when none is near."""
        typos = (len(sound) >= _ONE_TYPO) + (len(sound) >= _TWO_TYPOS)
        if not typos:
            return None
        best = process.extractOne(
            sound, self._reading_list, scorer=DamerauLevenshtein.distance, score_cutoff=typos
        )
        return best[0] if best else None

    def nearest_written(self, text: str) -> str | None:
        """The reading of the word that differs from a normalised one by a single character."""
        best = process.extractOne(
            text, self._written_list, scorer=DamerauLevenshtein.distance, score_cutoff=1
        )
        return self._sound_of[best[0]] if best else None

    def completions(self, typed: str) -> list[Theme]:
        """The themes a half-typed word may be on its way to, by their label or its reading."""
        text = normalise(typed)
        sound = romaji(text) if KANA_OR_LATIN.fullmatch(text) else None
        return [
            theme
            for theme in self.themes.values()
            if normalise(theme.label).startswith(text)
            or (sound and reading(tokenize(normalise(theme.label))).startswith(sound))
        ]


def _cuts(text: str) -> list[list[Token]]:
    """A word as it is cut alone and before a particle: 見守り is one word, 見守りを two."""
    alone, before = tokenize(text), tokenize(text + "を")
    same = [token.term for token in alone] == [token.term for token in before]
    return [alone] if same else [alone, before]


def _written(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The words of a record. What the first of a phrase is linked to does not matter."""
    return tuple([_LINK + token.term if token.linked else token.term for token in tokens])


def _spoken(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.term + _NOT if token.negated else token.term for token in tokens)


def _mentions(words: Sequence[str], table: dict[str, list[_Phrase]]) -> list[Mention]:
    found = []
    for start, word in enumerate(words):
        phrases = table.get(word, ())
        if word.endswith(_NOT):
            phrases = [*phrases, *table.get(word.removesuffix(_NOT), ())]
        for phrase, code, strength in phrases:
            end = _match(words, start, phrase)
            if end:
                found.append(Mention(code, strength, start, end, len(phrase)))
    return found


def _match(words: Sequence[str], start: int, phrase: tuple[str, ...]) -> int | None:
    """Where `phrase`, beginning at `start`, ends, with at most `_GAP` words between its words."""
    at = start
    for word in phrase[1:]:
        for step in range(1, _GAP + 2):
            if at + step < len(words) and words[at + step] in (word, word + _NOT):
                at += step
                break
        else:
            return None
    return at + 1


def _longest(mentions: list[Mention]) -> list[Mention]:
    """Without mentions inside a longer phrase: 「認知症カフェ」 is not also 「認知症」."""
    return [
        m
        for m in mentions
        if not any(
            o.start <= m.start and m.end <= o.end and o.words > m.words and o.theme != m.theme
            for o in mentions
        )
    ]


@cache
def thesaurus() -> Thesaurus:
    """The thesaurus of this installation, read once."""
    entries = tomllib.loads(_FILE.read_text(encoding="utf-8"))["theme"]
    return Thesaurus(
        Theme(
            e["code"],
            e["label"],
            e.get("broader"),
            tuple(e["terms"]),
            tuple(e["cues"]),
            tuple(e.get("hints", ())),
        )
        for e in entries
    )
