"""From a question to what an engine is asked, step by step. Pure: yields `Ask`, is sent `Found`.

The first steps are the question itself; when they find fewer than `ENOUGH`, something is given up,
one thing at a time, and the answer names it. Both engines are driven through the same steps.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from search.days import dates_of
from search.documents import place_word, theme_word
from search.errors import InvalidQuery
from search.index import Ask, Facets, Filters, Found, Group, Sort
from search.text import KANA_OR_LATIN, katakana, normalise, romaji, terms
from search.thesaurus import thesaurus
from search.understanding import Question, correct
from search.wishes import TASKS, WISHED

ENOUGH = 10
_MOST_WORDS = 10  # Meilisearch looks at the first ten words of a question and ignores the rest
_MOST_BESIDE_THEMES = 6  # more only cost time: the theme has found, the words rank
_NAMESAKES = 3
_ROTATIONS = 5
_COVERS = 0.5  # the share of a name a question must make up to be taken for that name

Steps = Generator[Ask, Found, "Answer"]


@dataclass(frozen=True)
class Request:
    """A question and how its answer is to be cut, sorted and counted."""

    kind: str
    question: Question
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"
    facets: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 20

    def __post_init__(self) -> None:
        if (self.sort == "distance" or self.filters.radius_km) and self.filters.near is None:
            raise InvalidQuery("a distance needs a place to measure from")


@dataclass(frozen=True)
class Answer:
    """Hits of one page, and what was understood and given up to find them.

    `full` says how many of `hits` answer the whole question; the rest are the nearest ones.
    """

    total: int
    hits: list[dict[str, Any]]
    full: int
    facets: Facets
    understood: Mapping[str, tuple[str, ...]]
    corrected: str | None
    relaxed: tuple[str, ...]
    needles: frozenset[str]


def steps(request: Request) -> Steps:
    """Ask until enough is found, and put the answer together."""
    return _Conductor(request).run()


class _Conductor:
    """The state of one request while it is being answered."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.question = request.question
        self.themes = self.question.themes
        self.corrected: str | None = None
        self._asked = Ask(request.kind)
        self.filters = request.filters.with_codes(self.question.understood)

    def run(self) -> Steps:
        namesakes = yield from self._namesakes()
        relaxed, main = yield from self._main(tuple(hit["id"] for hit in namesakes))
        total = len(namesakes) + main.total
        full = len(namesakes) if relaxed else total
        hits = self._page(namesakes, main.hits)
        if self._wants_more(namesakes + main.hits, total):
            if len(main.hits) < main.total:  # another page: the nearest ones follow the whole list
                main = yield replace(self._asked, offset=0, limit=ENOUGH)
            everything = namesakes + main.hits
            more, given_up = yield from self._nearest(everything)
            total, relaxed = total + len(more), relaxed + given_up
            hits = (everything + more)[self.request.offset :][: self.request.limit]
        return Answer(
            total=total,
            hits=hits,
            full=full,
            facets=main.facets,
            understood=self._understood(),
            corrected=self.corrected,
            relaxed=tuple(dict.fromkeys(relaxed)),
            needles=frozenset(self.question.words) | frozenset(map(theme_word, self.themes)),
        )

    def _wants_more(self, hits: list[dict[str, Any]], total: int) -> bool:
        """Whether the nearest ones are worth showing: not beside the very group that was named."""
        return (
            total < ENOUGH
            and self.request.sort == "relevance"
            and not any(_is_name(self.question.bare, hit) for hit in hits)
        )

    def _understood(self) -> Mapping[str, tuple[str, ...]]:
        understood = dict(self.question.understood)
        if "day" in understood:
            understood["day"] = dates_of(understood["day"])
        return {**understood, "theme": self.themes} if self.themes else understood

    def _page(
        self, namesakes: list[dict[str, Any]], hits: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        ahead = namesakes[self.request.offset :][: self.request.limit]
        return ahead + hits[: self.request.limit - len(ahead)]

    # ------------------------------------------------------------------------ the question itself

    def _namesakes(self) -> Generator[Ask, Found, list[dict[str, Any]]]:
        """Whoever bears the typed words as a name comes first, whatever was read into them."""
        question = self.question
        if question.plain or not question.bare or self.request.sort != "relevance":
            return []
        group, words = _typed_name(question)
        found = yield Ask(
            self.request.kind,
            words,
            group,
            every=True,
            filters=self.request.filters,
            limit=_NAMESAKES,
        )
        return [hit for hit in found.hits if _is_name(question.bare, hit)]

    def _main(
        self, without: tuple[str, ...]
    ) -> Generator[Ask, Found, tuple[tuple[str, ...], Found]]:
        """The page, counts included, and what had to be given up for it."""
        request = self.request
        ask = replace(
            self._ask((), "text"),
            facets=request.facets,
            offset=max(0, request.offset - len(without)),
            limit=request.limit,
            without=without,
            sort=request.sort,
        )
        found = Found(0, [])
        given_up: tuple[str, ...] = ()
        for group, words, every, conceded in self._options():
            given_up = conceded
            self._asked = replace(ask, group=group, words=words, every=every)
            found = yield self._asked
            if found.total:
                break
            if not self.themes and self._correct():
                self._asked = replace(ask, words=self._themed(self.themes), every=False)
                found = yield self._asked
                break
        return given_up if found.total else (), found

    def _options(self) -> Iterator[tuple[Group, tuple[str, ...], bool, tuple[str, ...]]]:
        """Ways to put the question, the strictest first: words, all needed?, what is given up."""
        question, sorted_ = self.question, self.request.sort != "relevance"
        if self.themes:
            words = self._themed(self.themes)
            yield "text", words[:1] if sorted_ else words, sorted_, ()
        elif question.sounds:
            yield "sound", question.sounds[:_MOST_WORDS], True, ()
            if len(question.sounds) > 1:
                yield "sound", question.sounds[:_MOST_WORDS], False, ("words",)
        else:
            words = self._placed(question.words)
            yield "text", words, True, ()
            if len(words) > 1:
                yield "text", words, False, ("words",)

    def _correct(self) -> bool:
        if not self.question.plain or not self.question.bare:
            return False
        if corrected := correct(self.question):
            self.themes, self.corrected = corrected
        return bool(self.themes)

    def _themed(self, themes: Sequence[str]) -> tuple[str, ...]:
        words = self._placed(self.question.words)
        return (*map(theme_word, themes[:3]), *words)[:_MOST_BESIDE_THEMES]

    def _placed(self, words: tuple[str, ...]) -> tuple[str, ...]:
        nearer = (place_word(self.question.nearer),) if self.question.nearer else ()
        return (nearer + words)[:_MOST_WORDS]

    def _ask(self, words: tuple[str, ...], group: Group, *, every: bool = False) -> Ask:
        return Ask(self.request.kind, words, group, every, self.filters)

    # ------------------------------------------------------------------------ the nearest ones

    def _nearest(
        self, known: list[dict[str, Any]]
    ) -> Generator[Ask, Found, tuple[list[dict[str, Any]], tuple[str, ...]]]:
        """What fills the list up to `ENOUGH`, and what was given up for it."""
        seen = {hit["id"] for hit in known}
        more: list[dict[str, Any]] = []
        given_up: list[str] = []
        for what, ask in self._concessions():
            if len(seen) >= ENOUGH:
                break
            found = yield replace(ask, limit=ENOUGH)
            fresh = [hit for hit in found.hits if hit["id"] not in seen][: ENOUGH - len(seen)]
            seen.update(hit["id"] for hit in fresh)
            more += fresh
            if fresh:
                given_up.append(what)
        return more, tuple(given_up)

    def _concessions(self) -> Iterator[tuple[str, Ask]]:
        question, task = self.question, self.request.kind in TASKS
        if task:
            yield from self._other_times()
        for theme in self.themes[1:]:
            yield "words", self._ask(self._themed([theme]), "text")
        for start in range(min(len(question.words), _ROTATIONS)):
            # A first word that nothing holds must not hide what the others find.
            yield "words", self._ask(self._placed(question.words[start:]), "text")
        for theme in self.themes:
            if wider := thesaurus().broader(theme):
                yield "theme", self._ask(self._themed([wider]), "text")
        if question.sound:
            yield "reading", self._ask(question.sounds or (question.sound,), "sound")
        if task:
            yield from self._other_tasks()
        yield from self._without_filters(question.understood, self._themed(self.themes))

    def _other_times(self) -> Iterator[tuple[str, Ask]]:
        """The same topic without the wishes; a doubtful topic outlives the time alone."""
        wishes = WISHED if self.question.certain else frozenset({"day", "when"})
        if self.themes:
            lists = [name for name in self.question.understood if name in wishes]
            yield from self._without_filters(lists, self._themed(self.themes))

    def _other_tasks(self) -> Iterator[tuple[str, Ask]]:
        """Without a sure topic: who can stay one day may like any such day."""
        question = self.question
        if question.understood and not (self.themes and question.certain):
            yield "words", self._ask((), "text")
        if self.themes:  # what speaks of the topic in other words than the theme's
            words = self._placed(question.words)
            yield from self._without_filters(question.understood, words)

    def _without_filters(
        self, lists: Iterable[str], words: tuple[str, ...]
    ) -> Iterator[tuple[str, Ask]]:
        """Each filter that was only read out of the words, given up one after the other.

        Not when it was all that was asked for: what would be left is everything.
        """
        if not words:
            return
        for code_list in lists:
            if code_list == "area":
                codes = self.question.understood["area"]
                wider = tuple(dict.fromkeys(code[:2] for code in codes))
                filters = self.filters.with_codes({"area": wider})
                yield "area", Ask(self.request.kind, words, filters=filters)
            kept = {k: v for k, v in self.filters.codes.items() if k != code_list}
            filters = replace(self.filters, codes=kept)
            yield code_list, Ask(self.request.kind, words, filters=filters)


def _typed_name(question: Question) -> tuple[Group, tuple[str, ...]]:
    text = normalise(question.typed)
    if KANA_OR_LATIN.fullmatch(text):
        return "name_sound", (romaji(text.replace(" ", "")),)
    return "name", terms(question.bare)[:_MOST_WORDS]


def _is_name(typed: str, hit: Mapping[str, Any]) -> bool:
    """The typed words are a good part of one of the hit's names or of its reading."""
    names = [*hit["bare"].split(), katakana(normalise(hit["kana"])).replace(" ", "")]
    letters = (typed, katakana(typed))
    return bool(typed) and any(
        len(typed) >= _COVERS * len(name) and any(form in name for form in letters)
        for name in names
    )
