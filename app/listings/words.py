"""What a text is about: its content words, the more telling the rarer they are.

A word's weight is its idf, ln((N+1)/(n+½)), where n of the N published listings held it last night:
the same for everybody all day, on every database.
"""

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlmodel import SQLModel, col, select

from app.core.db import Database, ReadSession, WriteSession
from app.listings.models import Listing, WordCount
from app.people.models import Person
from app.vocabulary.listings import ListingStatus
from search.text import terms
from search.understanding import stop_words

MOST_WORDS = 16
# Under no word at all stands the number of published listings.
_ALL = ""
_LONGEST_WORD = 40
_EMPTY = re.compile(r"[\W\d_]*|[ぁ-ゖァ-ヺーa-z]")
_BATCH = 500
# Of the details, what is no text: addresses and codes.
_NO_WORDS = ("photos", "when")
_MOST_ASKED = 5_000


def content_words(text: str) -> tuple[str, ...]:
    """The words that say what a text is about, in their matching form, each once.

    No particles, no stop words (`search/stop_words.txt`), no numbers, no single letters.
    """
    return tuple(_occurrences(text))


def text_of(title: str, description: str | None, details: Mapping[str, Any]) -> str:
    """All free text of a listing; the title twice, because it tells the most."""
    said = [value for name, value in sorted(details.items()) if name not in _NO_WORDS]
    texts = [one for value in said for one in (value if isinstance(value, list) else [value])]
    return "\n".join([title, title, description or "", *(t for t in texts if isinstance(t, str))])


def weigh(session: ReadSession, texts: Sequence[str]) -> list[dict[str, float]]:
    """For each text its `MOST_WORDS` most telling words (most often, most rarely elsewhere)."""
    found = [_occurrences(text) for text in texts]
    counts = _find_counts(session, {word for occurrences in found for word in occurrences})
    return [_telling(occurrences, counts) for occurrences in found]


def recount_words(database: Database) -> int:
    """Count anew in how many published listings each word stands, then weigh every text anew.

    For the night. Nobody waits for it: it writes in short transactions of its own, and no history,
    since nobody said anything new. Returns how many listings and people have other words now.
    """
    with database.read(piecewise=True) as session:
        counts = _count_words(session)
    with database.write() as session:
        session.execute(delete(WordCount))
        rows = [{"word": word, "listings": n} for word, n in sorted(counts.items())]
        session.execute(insert(WordCount), rows)
    return sum(
        changed for model in (Listing, Person) for changed in _weigh_anew(database, model, counts)
    )


def _occurrences(text: str) -> Counter[str]:
    return Counter(
        word
        for word in terms(text)
        if len(word) <= _LONGEST_WORD and not _EMPTY.fullmatch(word) and word not in stop_words()
    )


def _telling(occurrences: Counter[str], counts: Mapping[str, int]) -> dict[str, float]:
    idf = {
        word: round(log((counts.get(_ALL, 0) + 1) / (counts.get(word, 0) + 0.5)), 4)
        for word in occurrences
    }
    first = sorted(idf, key=lambda word: (-occurrences[word] * idf[word], word))
    return {word: idf[word] for word in sorted(first[:MOST_WORDS])}


def _find_counts(session: ReadSession, words: Iterable[str]) -> dict[str, int]:
    asked = sorted({_ALL, *words})
    counts: dict[str, int] = {}
    for first in range(0, len(asked), _MOST_ASKED):
        some = col(WordCount.word).in_(asked[first : first + _MOST_ASKED])
        rows = session.exec(select(WordCount.word, WordCount.listings).where(some))
        counts |= dict(rows.all())
    return counts


def _count_words(session: ReadSession) -> Counter[str]:
    counts = Counter({_ALL: 0})
    published = (
        select(Listing.title, Listing.description, Listing.details)
        .where(col(Listing.status) == ListingStatus.PUBLISHED)
        .execution_options(yield_per=_BATCH)
    )
    for title, description, details in session.exec(published):
        counts[_ALL] += 1
        counts.update(content_words(text_of(title, description, details)))
    return counts


def _weigh_anew(database: Database, model: Any, counts: Mapping[str, int]) -> Iterator[int]:
    """How many rows of each batch, of listings or of people, were rewritten."""
    after = uuid.UUID(int=0)
    while True:
        with database.write() as session:
            query = select(model).where(col(model.id) > after).order_by(col(model.id))
            rows = session.exec(query.limit(_BATCH)).all()
            if not rows:
                return
            after = rows[-1].id
            yield _rewrite(session, model, [(row, _telling(_said(row), counts)) for row in rows])


def _said(row: Listing | Person) -> Counter[str]:
    if isinstance(row, Listing):
        return _occurrences(text_of(row.title, row.description, row.details))
    return _occurrences(row.can_do or "")


def _rewrite(
    session: WriteSession,
    model: type[SQLModel],
    weighed: Iterable[tuple[Listing | Person, dict[str, float]]],
) -> int:
    """Only what nobody has written over meanwhile."""
    table = model.__table__  # type: ignore[attr-defined]
    changed = [
        {"seen_id": row.id, "seen_version": row.version, "new_words": words}
        for row, words in weighed
        if row.words != words
    ]
    if changed:
        session.connection().execute(
            update(table)
            .where(table.c.id == bindparam("seen_id"), table.c.version == bindparam("seen_version"))
            .values(words=bindparam("new_words")),
            changed,
        )
    return len(changed)
