"""The Meilisearch index as code: what is searched, filtered and sorted, and in which order of weight."""

from typing import Any

from search.documents import theme_word
from search.index import Group
from search.thesaurus import thesaurus

# Attributes in order of weight: a word in a name counts more than one in an activity.
NAMES = ("name_words", "bare")
TEXTS = (
    "tags",
    "theme",
    "theme_more",
    "purpose",
    "activities",
    "place",
    "theme_wider",
    "place_code",
)
SOUNDS = ("name_sound", "tag_sound", "place_sound", "text_sound")
GROUPS: dict[Group, tuple[str, ...]] = {
    "text": NAMES + TEXTS,
    "name": NAMES,
    "sound": SOUNDS,
    "name_sound": ("name_sound",),
}
# Tokens made by ourselves: near is not good enough.
EXACT = ("theme", "theme_more", "theme_wider", "place_code")
# The code lists of any kind of document; one that a document lacks costs nothing.
FILTERABLE = (
    "field",
    "stage",
    "area",
    "legal_form",
    "organisation_type",
    "when",
    "accepting",
)
SHOWN = ("id", "name", "kana", "bare", "summary", "marks", "card", "updated_at", "_geo")
MOST_HITS = 200_000  # totals stop here; Meilisearch's own default is 1,000
MOST_FACETS = 2_000


def meilisearch_settings() -> dict[str, Any]:
    """Settings of every index (measured: docs/performance.md)."""
    sounds = {"attributePatterns": list(SOUNDS), "locales": ["eng"]}
    texts = {"attributePatterns": list(NAMES + TEXTS), "locales": ["jpn"]}
    return {
        "searchableAttributes": [*NAMES, *TEXTS, *SOUNDS],
        "filterableAttributes": ["id", "_geo", *FILTERABLE],
        "sortableAttributes": ["_geo", "updated_at"],
        "displayedAttributes": ["*"],
        "localizedAttributes": [sounds, texts],
        "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness"],
        "typoTolerance": {
            "disableOnAttributes": list(EXACT),
            # Else each theme word is compared with every reading: 3.7 ms instead of 1.6.
            "disableOnWords": [theme_word(code) for code in thesaurus().themes],
        },
        "pagination": {"maxTotalHits": MOST_HITS},
        # Alphabetical: counting down by number costs three times as much for the municipalities.
        "faceting": {"maxValuesPerFacet": MOST_FACETS, "sortFacetValuesBy": {"*": "alpha"}},
    }
