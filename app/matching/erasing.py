"""Letting go of somebody: what matching keeps of a person goes with the person."""

import uuid

from sqlalchemy import delete
from sqlmodel import col

from app.core.db import WriteSession
from app.matching.models import Proposal
from app.people.actions import before_erasing


@before_erasing
def forget_proposals(session: WriteSession, person_id: uuid.UUID, _actor: str) -> None:
    """A kept proposal holds what was known of its candidate."""
    session.execute(delete(Proposal).where(col(Proposal.candidate_id) == person_id))
