"""What can go wrong when asking or feeding an engine.

SearchError
├── SearchUnavailable   no answer in time, or not one we can read: ask the other engine
├── InvalidQuery        the question itself cannot be asked
└── WriteRejected       the engine took the documents and then refused them
"""


class SearchError(Exception):
    """Base of everything this package raises."""


class SearchUnavailable(SearchError):
    """The engine did not answer, answered too late, or answered something unreadable."""


class InvalidQuery(SearchError):
    """The question cannot be asked, e.g. a radius without a centre."""


class WriteRejected(SearchError):
    """The engine reported a write as failed.

    `reason` is the engine's own sentence; it may name a document id but never a contact.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
