"""What imports brought and a human has still to decide."""

import uuid

from sqlmodel import col, select

from app.core.db import ReadSession
from app.intake.models import Suggestion


def list_suggestions(session: ReadSession, organisation_id: uuid.UUID) -> list[Suggestion]:
    """By field and source."""
    return list(
        session.exec(
            select(Suggestion)
            .where(col(Suggestion.organisation_id) == organisation_id)
            .order_by(col(Suggestion.field), col(Suggestion.source))
        )
    )
