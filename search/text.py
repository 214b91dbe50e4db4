"""Japanese text for searching: normalising, folding, words and readings. Pure functions.

The same functions prepare documents and questions, so that both meet in one form:

* `normalise`  width, case, old character forms, dashes
* `tokenize`   dictionary words in their normalised form (子供, 子ども and こども are one word)
* `romaji`     a reading as folded Latin letters: prefixes and typing errors letter by letter

Names and texts are never stored in these forms; they only serve as search keys.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import sudachipy

# 旧字・異体字 that NFKC keeps apart, old form → form in common use.
_OLD_FORMS = dict(
    zip(
        "澤邊邉齋齊斎髙﨑嵜濵濱廣國學會櫻龍瀧黑德惠團體與觀藝圓榮營嶋嶌塲眞實壽豐禮靜淸淨晉曾佛傳萬"
        "聲聽擔澁澀鐵賴邨峯祕彌巖嶽增郞ヶヵ",
        "沢辺辺斉斉斉高崎崎浜浜広国学会桜竜滝黒徳恵団体与観芸円栄営島島場真実寿豊礼静清浄晋曽仏伝万"
        "声聴担渋渋鉄頼村峰秘弥巌岳増郎ケカ",
        strict=True,
    )
)
_OLD_FORM = re.compile(f"[{''.join(_OLD_FORMS)}]")
_DASHES = re.compile("[‐‑‒–—―−﹘﹣－ｰ~〜～]")
_LONG_VOWEL = re.compile("-(?<=[ァ-ヴぁ-ゔー]-)")  # dash first: few texts have one
# Control, formatting and bidirectional characters, variation selectors, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ud800-\udfff\U000e0100-\U000e01ef]"
)
# Small-vowel spellings of loan words that dictionaries do not fold, and the common
# 「ボランテイア」.
_SPELLINGS = (
    ("ヴァ", "バ"),
    ("ヴィ", "ビ"),
    ("ヴェ", "ベ"),
    ("ヴォ", "ボ"),
    ("ヴ", "ブ"),
    ("テイア", "ティア"),
)

LEGAL_FORM = re.compile(
    "(?:認定|特例認定)?(?:特定非営利活動法人|npo法人)"
    "|(?:一般|公益|特例)?(?:社団法人|財団法人)|社会福祉法人|学校法人|医療法人(?:社団|財団)?|宗教法人"
    "|労働者協同組合|企業組合|株式会社|有限会社|合同会社|合資会社|合名会社"
    r"|\((?:株|有|特非|社福|一社|公社|一財|公財|npo|同)\)"
)
KANA_OR_LATIN = re.compile(r"[ぁ-ゖァ-ヺーa-z0-9\s・'.-]+")


def strip_invisible(text: str) -> str:
    """`text` without characters that cannot be seen: controls, bidi overrides, selectors."""
    return _INVISIBLE.sub("", text)


def normalise(text: str) -> str:
    """`text` in one width, case and character form; its length may differ from the original's."""
    text = unicodedata.normalize("NFKC", strip_invisible(text)).lower()
    text = _OLD_FORM.sub(lambda found: _OLD_FORMS[found[0]], text)
    text = _LONG_VOWEL.sub("ー", _DASHES.sub("-", text))
    for written, usual in _SPELLINGS:
        text = text.replace(written, usual)
    return text


def strip_legal_form(text: str) -> str:
    """A normalised name without 「NPO法人」 and the like; unchanged when nothing else remains."""
    return LEGAL_FORM.sub(" ", text).strip() or text.strip()


# ------------------------------------------------------------------------------------- words


@dataclass(slots=True)  # not frozen: that costs five times as much, a hundred times a document
class Token:
    """A dictionary word of a normalised text."""

    term: str  # normalised dictionary form, the unit of matching
    reading: str  # katakana, or the letters themselves where the dictionary would spell them out
    start: int  # offset in the text that was given
    end: int
    linked: bool  # nothing, not even a particle, stands between this word and the one before
    place: bool  # a place name by the dictionary
    negated: bool = False  # followed by ない


# Particles, auxiliaries and punctuation: they join or end words, and are not searched for.
_JOINTS = {"助詞", "助動詞", "補助記号", "記号", "空白"}
# Words so empty that they only get in the way of a phrase: する, ある, くれる, お, さん …
EMPTY_WORDS = frozenset(
    "為る 有る 居る 呉れる 貰う 頂く 下さる 御 さん 様 ちゃん 君 です ます".split()
)
_NEGATIONS = {"ない", "ず", "ぬ"}
_LETTERS = re.compile("[a-z0-9]+")


@dataclass(slots=True)
class _Word:
    """What the dictionary says of a word, kept because reading it anew costs more than all else."""

    term: str
    reading: str
    joint: bool
    negation: bool
    place: bool


_MOST_WORDS_KEPT = 60_000
# The dictionary's reader refuses more than 49,149 bytes at once; a character has at most four.
_LONGEST_READ = 10_000
_SENTENCE_END = re.compile("[。．！？!?\\n]")
_words: dict[int, _Word] = {}


_of_thread = threading.local()


@cache
def _dictionary() -> sudachipy.Dictionary:
    return sudachipy.Dictionary(dict="small")


def _tokenizer() -> sudachipy.Tokenizer:
    """This thread's own: one that is in use refuses a second caller."""
    tokenizer: sudachipy.Tokenizer | None = getattr(_of_thread, "tokenizer", None)
    if tokenizer is None:
        tokenizer = _dictionary().tokenizer(mode=sudachipy.SplitMode.C)
        _of_thread.tokenizer = tokenizer
    return tokenizer


def _new_word(morpheme: sudachipy.Morpheme) -> _Word:
    word = _read_word(morpheme)
    if not morpheme.is_oov():  # words outside the dictionary share one id
        if len(_words) >= _MOST_WORDS_KEPT:
            _words.clear()
        _words[morpheme.word_id()] = word
    return word


def _read_word(morpheme: sudachipy.Morpheme) -> _Word:
    part, detail, kind, *_ = morpheme.part_of_speech()
    surface = normalise(morpheme.surface())
    form = morpheme.normalized_form()
    return _Word(
        term=normalise(form).replace(" ", "") or surface,
        reading=surface if _LETTERS.fullmatch(surface) else morpheme.reading_form(),
        joint=part in _JOINTS,
        negation=part == "助動詞" and form in _NEGATIONS,
        place=detail == "固有名詞" and kind == "地名",
    )


def tokenize(text: str) -> list[Token]:
    """The words of a text, empty ones and joints left out; offsets are those of the text given."""
    found: list[Token] = []
    linked = False
    for offset, piece in _pieces(text):
        for morpheme in _tokenizer().tokenize(piece):
            word = _words.get(morpheme.word_id()) or _new_word(morpheme)
            if word.joint:
                linked = False
                if word.negation and found:
                    found[-1].negated = True
            elif word.term not in EMPTY_WORDS:
                start, end = offset + morpheme.begin(), offset + morpheme.end()
                found.append(Token(word.term, word.reading, start, end, linked, word.place))
                linked = True
    return found


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text in pieces short enough to be read at once, each with its offset."""
    start = 0
    while start < len(text):
        end = _piece_end(text, start)
        yield start, text[start:end]
        start = end


def _piece_end(text: str, start: int) -> int:
    """Where to stop reading: at the end, else behind the last sentence, else anywhere."""
    longest = start + _LONGEST_READ
    if longest >= len(text):
        return len(text)
    for end in range(longest, start, -1):
        if _SENTENCE_END.match(text, end - 1):
            return end
    return longest


def terms(text: str) -> tuple[str, ...]:
    """The matching forms of the words of any text."""
    return tuple(token.term for token in tokenize(normalise(text)))


def phrases(tokens: Iterable[Token]) -> list[list[Token]]:
    """Words in runs that no particle and no punctuation interrupts."""
    runs: list[list[Token]] = []
    for token in tokens:
        if token.linked and runs:
            runs[-1].append(token)
        else:
            runs.append([token])
    return runs


def compounds(run: Iterable[str], longest: int = 3) -> Iterator[str]:
    """Every concatenation of one to `longest` neighbours: 「がくしゅうしえん」 is one word."""
    parts = list(run)
    for first in range(len(parts)):
        compound = ""
        for part in parts[first : first + longest]:
            compound += part
            yield compound


# ---------------------------------------------------------------------------------- readings

_SYLLABLES = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヰヱヲン"
        "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポーッァィゥェォャュョヮヶ",
        "a i u e o ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho "
        "ma mi mu me mo ya yu yo ra ri ru re ro wa i e o n ga gi gu ge go za ji zu ze zo "
        "da ji zu de do ba bi bu be bo pa pi pu pe po _ _ a i u e o ya yu yo wa ga".split(),
        strict=True,
    )
)
_SYLLABLES["ー"] = _SYLLABLES["ッ"] = ""
_DIGRAPHS = {
    kana + small: consonant + vowel
    for kana, consonant in zip(
        "キシチニヒミリギジヂビピ", "ky sh ch ny hy my ry gy j j by py".split(), strict=True
    )
    for small, vowel in zip("ャュョェ", "auoe", strict=True)
} | dict(
    zip(
        "ファ フィ フェ フォ ティ ディ ウィ ウェ ウォ トゥ ドゥ デュ ツァ イェ クォ".split(),
        "fa fi fe fo tei dei ui ue uo to do du tsa ie ko".split(),
        strict=True,
    )
)
# Kunrei and word-processor spellings → Hepburn; then everything a typist may leave out.
_ROMAJI_SPELLINGS = (
    ("sya", "sha"), ("syu", "shu"), ("syo", "sho"), ("tya", "cha"), ("tyu", "chu"), ("tyo", "cho"),
    ("zya", "ja"), ("zyu", "ju"), ("zyo", "jo"), ("jya", "ja"), ("jyu", "ju"), ("jyo", "jo"),
    ("thi", "tei"), ("dhi", "dei"), ("zi", "ji"), ("di", "ji"),
)  # fmt: skip
_ROMAJI_PATTERNS = (
    (re.compile("(?<=[aiueo])-"), ""),  # the long vowel of 「ko-hi-」
    (re.compile("nip+on"), "nihon"),  # 日本 is read both ways; the dictionary knows one
    (re.compile("(?<![cs])hu"), "fu"),
    (re.compile("(?<!s)si"), "shi"),
    (re.compile("(?<![st])ti"), "chi"),
    (re.compile("(?<!t)tu"), "tsu"),
    (re.compile("m(?=[bmp])"), "n"),
    (re.compile("nn(?=[^aiueoy]|$)"), "n"),
    (re.compile(r"([bcdfghjkmprstwyz])\1+"), r"\1"),
    (re.compile("tch"), "ch"),
    (re.compile("o[uo]+|oh(?![aiueoy])"), "o"),
    (re.compile("([aiue])\\1+"), r"\1"),
)


def katakana(text: str) -> str:
    """Hiragana as katakana; everything else unchanged."""
    return "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text)


@lru_cache(200_000)
def romaji(reading: str) -> str:
    """A reading (kana or Latin letters) as folded Latin letters.

    Long vowels, double consonants and the competing romanisations fall together:
    ボウサイ, ぼうさい, bousai and bosai are all `bosai`.
    """
    kana = normalise(katakana(reading))
    letters: list[str] = []
    at = 0
    while at < len(kana):
        if pair := _DIGRAPHS.get(kana[at : at + 2]):
            letters.append(pair)
            at += 2
            continue
        letters.append(_SYLLABLES.get(kana[at], kana[at]))
        at += 1
    return _fold_romaji("".join(letters))


def _fold_romaji(letters: str) -> str:
    for written, usual in _ROMAJI_SPELLINGS:
        letters = letters.replace(written, usual)
    for pattern, usual in _ROMAJI_PATTERNS:
        letters = pattern.sub(usual, letters)
    return letters


def reading(tokens: Iterable[Token]) -> str:
    """The folded reading of words as one string of letters."""
    return "".join(romaji(token.reading) for token in tokens)
