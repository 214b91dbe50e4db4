"""The Meilisearch index as code: what is searched, filtered and sorted, and with what weight."""

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
# All code lists of a document in one attribute, as "list=code": counting them together costs less
# than half.
CODES = "codes"
MOST_HITS = 200_000  # totals stop here; Meilisearch's own default is 1,000
MOST_FACETS = 5_000


def meilisearch_settings() -> dict[str, Any]:
    """Settings of every index (measured: docs/performance.md)."""
    sounds = {"attributePatterns": list(SOUNDS), "locales": ["eng"]}
    texts = {"attributePatterns": list(NAMES + TEXTS), "locales": ["jpn"]}
    return {
        "searchableAttributes": [*NAMES, *TEXTS, *SOUNDS],
        "filterableAttributes": ["id", "_geo", CODES],
        "sortableAttributes": ["_geo", "updated_at"],
        "displayedAttributes": ["*"],
        "localizedAttributes": [sounds, texts],
        # By attribute, not by word: half the indexing time, the same answers (docs/performance.md).
        "proximityPrecision": "byAttribute",
        "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness"],
        "typoTolerance": {
            "disableOnAttributes": sorted(EXACT),
            # Else each theme word is compared with every reading: twice the time of a search.
            "disableOnWords": sorted(map(theme_word, thesaurus().themes)),
        },
        "pagination": {"maxTotalHits": MOST_HITS},
        # Alphabetical: counting down by number costs three times as much for the municipalities.
        "faceting": {"maxValuesPerFacet": MOST_FACETS, "sortFacetValuesBy": {"*": "alpha"}},
    }
