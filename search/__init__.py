"""Japanese search over documents: one pipeline, two engines. A leaf: knows nothing of `app`.

documents      what an index is given and holds
text           normalising, words, readings
thesaurus      themes and the words for them (thesaurus.toml)
understanding  what a person typed → a question
days           「来週の土曜」 → dates
wishes         when, with whom, how much: wordings → codes
queries        a question → what an engine is asked, step by step
index          the Protocol of an engine
meili          Meilisearch       embedded   SQLite FTS5
settings       the index as code local      a Meilisearch server of one's own
"""

import hashlib
from functools import cache
from pathlib import Path

from search.documents import PIPELINE, Document, Entry, project
from search.embedded import EmbeddedIndex
from search.errors import InvalidQuery, SearchError, SearchUnavailable, WriteRejected
from search.index import Filters, Index, Sort
from search.meili import MeiliIndex, MeiliSearcher
from search.queries import Answer, Request
from search.understanding import Lexicon, Question, understand

__all__ = [
    "Answer",
    "Document",
    "EmbeddedIndex",
    "Entry",
    "Filters",
    "Index",
    "InvalidQuery",
    "Lexicon",
    "MeiliIndex",
    "MeiliSearcher",
    "Question",
    "Request",
    "SearchError",
    "SearchUnavailable",
    "Sort",
    "WriteRejected",
    "fingerprint",
    "project",
    "understand",
]


@cache
def fingerprint() -> str:
    """Changes when documents must be projected anew: with the pipeline or with the thesaurus."""
    themes = Path(__file__).with_name("thesaurus.toml").read_bytes()
    return f"{PIPELINE}-{hashlib.sha256(themes).hexdigest()[:12]}"
