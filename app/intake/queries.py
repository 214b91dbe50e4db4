"""What imports brought and a human has still to decide."""

import uuid
from collections.abc import Sequence

from sqlmodel import col, select

from app.core.changes import Change
from app.core.db import ReadSession
from app.intake.models import Suggestion
from app.intake.rules import IMPORTER
from app.organisations.actions import KIND


def list_suggestions(session: ReadSession, organisation_id: uuid.UUID) -> list[Suggestion]:
    """By field and source."""
    return list(
        session.exec(
            select(Suggestion)
            .where(col(Suggestion.organisation_id) == organisation_id)
            .order_by(col(Suggestion.field), col(Suggestion.source))
        )
    )


def list_closed_by_human(session: ReadSession, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the closed organisations `ids` that no import has closed."""
    if not ids:
        return set()
    closings = session.exec(
        select(Change.entity_id, Change.actor)
        .where(
            col(Change.kind) == KIND,
            col(Change.entity_id).in_([str(id_) for id_ in ids]),
            col(Change.action) == "close",
        )
        .order_by(col(Change.id))
    )
    last = dict(closings.all())
    return {uuid.UUID(id_) for id_, actor in last.items() if not actor.startswith(IMPORTER)}
