"""What a person typed, understood: words, themes, places and wishes. Pure; knows no engine.

Everything read out of the words is reported (`Question.understood`) and can be switched off.
Places and labels come from the application through `Lexicon`; this package has no gazetteer of its
own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Protocol

from search.days import without_dates
from search.text import (
    KANA_OR_LATIN,
    LEGAL_FORM,
    Token,
    normalise,
    reading,
    romaji,
    strip_legal_form,
    tokenize,
)
from search.thesaurus import Mention, Strength, thesaurus
from search.wishes import TASKS, read_wishes

LONGEST_QUESTION = 200
# A kana string this long is read as a sentence, not as one word in kana.
_SENTENCE = 9
_KATAKANA_OR_LETTER = re.compile("[ァ-ヺa-z]")


class Lexicon(Protocol):
    """Names the application knows."""

    def places(self, name: str) -> tuple[str, ...]:
        """Codes of prefectures (2 digits) and municipalities (6) of that name, 市 or no 市."""

    def label(self, name: str) -> tuple[str, str] | None:
        """(code list, code) whose label this normalised text is."""


@dataclass(frozen=True)
class Question:
    """What is looked for.

    `words` are matching forms, most telling first; `sounds` folded readings, for questions in kana
    or Latin letters; `themes` thesaurus codes; `understood` what was read out of the words, by
    code list; `nearer` a municipality to rank first inside an understood prefecture.
    """

    typed: str = ""
    bare: str = ""
    words: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    sound: str = ""
    themes: tuple[str, ...] = ()
    certain: bool = True
    understood: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nearer: str | None = None

    @property
    def plain(self) -> bool:
        """Nothing doubtful was read into the words (a place beside a certain theme is not)."""
        return self.certain and (
            not self.understood or (set(self.understood) == {"area"} and bool(self.themes))
        )


def understand(
    typed: str,
    lexicon: Lexicon,
    *,
    kind: str = "organisation",
    given: frozenset[str] = frozenset(),
    interpret: bool = True,
    today: date | None = None,
) -> Question:
    """The question behind `typed`, about documents of a kind.

    `given` names the code lists the caller already filters by: those are not read out of the words.
    With `interpret=False` only the letters count; without `today` no days are read.
    """
    text = " ".join(normalise(typed[:LONGEST_QUESTION]).split())
    if not interpret:
        return _plain(typed, strip_legal_form(text))
    if label := _label(text, lexicon, given):
        return Question(typed=typed, understood=label)
    understood, nearer, bare = _read(kind, text, lexicon, given, today)
    question = _plain(typed, bare)
    themes, certain = _themes(question, without_dates(bare) if kind in TASKS else bare)
    return Question(
        typed=typed,
        bare=strip_legal_form(text).replace(" ", ""),
        words=question.words,
        sounds=question.sounds,
        sound=question.sound,
        themes=themes,
        certain=certain,
        understood=understood,
        nearer=nearer,
    )


def _read(
    kind: str, text: str, lexicon: Lexicon, given: frozenset[str], today: date | None
) -> tuple[dict[str, tuple[str, ...]], str | None, str]:
    """Times, places and wishes named in `text`, the municipality to rank first, and the rest."""
    wishes, rest = read_wishes(kind, text, given, today)
    understood, nearer = dict(wishes), None
    rest = strip_legal_form(rest)
    if "area" not in given:
        codes, nearer, remaining = _read_place(rest, lexicon, alone=kind in TASKS)
        if codes:
            understood["area"], rest = codes, remaining
    if understood and not _says_more(rest):
        rest = ""  # 「平日の夜に活動している団体」 names no other wish
    return understood, nearer, rest


def correct(question: Question) -> tuple[tuple[str, ...], str] | None:
    """The themes of the known word nearest to a misspelt question, and that word.

    What is written in kanji must be nearly written so: half of all place names (吉祥寺, 池袋) are
    read nearly as some known word is.
    """
    known = thesaurus()
    near = known.nearest(question.sound) if question.sounds else None
    if near := near or known.nearest_written(question.bare):
        return tuple(code for code, _ in known.heard(near)), known.labels[near]
    return None


def _plain(typed: str, text: str) -> Question:
    tokens = tokenize(text)
    sounds = tuple(romaji(part) for part in text.split()) if KANA_OR_LATIN.fullmatch(text) else ()
    return Question(
        typed=typed,
        bare=text.replace(" ", ""),
        words=_telling([token.term for token in tokens]),
        sounds=sounds,
        sound="".join(sounds) or reading(tokens),
    )


@cache
def stop_words() -> frozenset[str]:
    lines = Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _telling(words: list[str]) -> tuple[str, ...]:
    """Without empty words, unless nothing else was said."""
    return tuple(dict.fromkeys([w for w in words if w not in stop_words()] or words))


# ------------------------------------------------------------------------------------- themes


def _themes(question: Question, text: str) -> tuple[tuple[str, ...], bool]:
    """Theme codes, most certain and most specific first, and whether all are certain."""
    found = _heard(question) if question.sounds else []
    if not found:
        found = [(m.theme, m.certain) for m in _mentioned(question, text)]
    codes = tuple(dict.fromkeys(code for code, _ in found))
    wider = {thesaurus().broader(code) for code in codes}
    codes = tuple(code for code in codes if code not in wider)
    certainty = dict(reversed(found))
    return codes, all(certainty[code] for code in codes)


def _heard(question: Question) -> list[tuple[str, bool]]:
    known = thesaurus()
    return known.heard(question.sound) or [
        theme for sound in question.sounds for theme in known.heard(sound)
    ]


def _mentioned(question: Question, text: str) -> list[Mention]:
    tokens = tokenize(text)
    mentions = thesaurus().asked(tokens)
    if question.sounds and len(text) < _SENTENCE and not _KATAKANA_OR_LETTER.search(text):
        # A short word in hiragana is easily cut in the wrong places: believe only what covers it.
        mentions = [m for m in mentions if m.start == 0 and m.end == len(tokens)]
    if _near_miss(tokens, mentions) and (near := thesaurus().nearest(question.sound)):
        corrected = [
            Mention(c, Strength.CUE, start=0, end=len(tokens), words=len(tokens))
            for c, _ in thesaurus().heard(near)
        ]
        return corrected + mentions
    return mentions


def _near_miss(tokens: list[Token], mentions: list[Mention]) -> bool:
    """One compound of which only a part is known may be a known compound with a wrong letter."""
    one_run = all(token.linked for token in tokens[1:]) and 1 < len(tokens) <= 4
    return one_run and bool(mentions) and not any(m.end - m.start == len(tokens) for m in mentions)


# ------------------------------------------------------------------------------------- places

_PLACE_SUFFIX = re.compile(".+[都道府県市区町村]$")
_LONGEST_PLACE = 5  # words


def _read_place(
    text: str, lexicon: Lexicon, *, alone: bool
) -> tuple[tuple[str, ...], str | None, str]:
    """Codes of the place named in `text`, the municipality to rank first, and the text without it.

    A name with its 市 counts anywhere; a bare one only as a word of its own (「札幌の…」「京都
    …」). A question that is nothing but a place stays as it is, unless `alone`: names and addresses
    are searched for it.
    """
    tokens = tokenize(text)
    for first in range(len(tokens)):
        for last in range(min(len(tokens), first + _LONGEST_PLACE), first, -1):
            name = text[tokens[first].start : tokens[last - 1].end]
            if not _may_be_place(tokens, first, last, name):
                continue
            codes = lexicon.places(name)
            rest = text[: tokens[first].start] + " " + _without_joint(text[tokens[last - 1].end :])
            if codes and (alone or _says_more(rest)):
                return *_narrowed(codes), rest.strip()
    return (), None, text


def _may_be_place(tokens: list[Token], first: int, last: int, name: str) -> bool:
    if _PLACE_SUFFIX.match(name):
        return True
    alone = not tokens[first].linked and (last == len(tokens) or not tokens[last].linked)
    return last - first == 1 and tokens[first].place and alone and len(name) > 1


def _narrowed(codes: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """「京都」 is the prefecture, the city of that name first."""
    prefectures = tuple(code for code in codes if len(code) == 2)
    if not prefectures:
        return codes, None
    city = next((c for c in codes if len(c) == 6 and c.startswith(prefectures[0])), None)
    return prefectures, city


def _without_joint(text: str) -> str:
    return re.sub(
        r"^(?:内|周辺|近辺|付近|近く)?(?:の|で|に|から|在住の?|にある|にお住まいの)?", "", text
    )


def _says_more(text: str) -> bool:
    return any(token.term not in stop_words() for token in tokenize(text))


def _label(
    text: str, lexicon: Lexicon, given: frozenset[str]
) -> Mapping[str, tuple[str, ...]] | None:
    found = lexicon.label(text)
    if found is None or found[0] in given:
        return None
    return {found[0]: (found[1],)}


def only_legal_form(text: str) -> bool:
    """Nothing but 「NPO法人」 or the like was typed."""
    return bool(LEGAL_FORM.fullmatch(normalise(text).strip()))
