"""The names that search understands: places, and the labels of lists residents know."""

from functools import cache

from app.places.rules import named
from app.vocabulary.fields import Field
from search.text import normalise


class CivicLexicon:
    """Implements `search.Lexicon`."""

    def places(self, name: str) -> tuple[str, ...]:
        return named(name)

    def label(self, name: str) -> tuple[str, str] | None:
        return _labels().get(name)


@cache
def _labels() -> dict[str, tuple[str, str]]:
    """The statute's wording of a field is a filter; everyday words are better searched as words."""
    return {normalise(field.label): ("field", field.value) for field in Field}


LEXICON = CivicLexicon()
