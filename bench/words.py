"""An invented vocabulary: words that sound Japanese, some common, most rare, each of a theme."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

FIELDS = 20
_SYLLABLES = (
    "あ い う え お か き く け こ さ し す せ そ た ち つ て と な に ぬ ね の は ひ ふ へ ほ "
    "ま み む め も や ゆ よ ら り る れ ろ わ が ぎ ぐ げ ご ざ じ だ で ど ば び ぶ べ ぼ"
).split()
_THEMATIC = 0.6  # of the words of a text


class Vocabulary:
    """Words by theme, their frequencies falling as Zipf's law has it."""

    def __init__(self, rng: random.Random, size: int = 3_000) -> None:
        self._rng = rng
        found: dict[str, None] = {}
        while len(found) < size:
            found["".join(rng.choices(_SYLLABLES, k=rng.randint(3, 5)))] = None
        words = list(found)
        common, own = words[: size // 5], words[size // 5 :]
        self._common = _Zipf(common)
        self._own = [_Zipf(own[field::FIELDS]) for field in range(FIELDS)]

    def text(self, fields: Sequence[int], length: int) -> list[str]:
        """Words of a text about these fields (1 to 20), the first ones its title."""
        return [
            (
                self._own[self._rng.choice(fields) - 1]
                if fields and self._rng.random() < _THEMATIC
                else self._common
            ).draw(self._rng)
            for _ in range(length)
        ]


class _Zipf:
    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._shares = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))

    def draw(self, rng: random.Random) -> str:
        return rng.choices(self._words, cum_weights=self._shares)[0]


def idf_of(texts: Iterable[Iterable[str]]) -> dict[str, float]:
    """ln((N+1)/(n+½)), n being how many of the N texts hold the word, as the service counts it."""
    held: Counter[str] = Counter()
    number = 0
    for text in texts:
        number += 1
        held.update(set(text))
    return {word: round(math.log((number + 1) / (n + 0.5)), 4) for word, n in held.items()}
