"""What is kept and set: proposals with all that was known, weights and kinds with their history."""

import uuid
from typing import Any

import pytest
from sqlmodel import col, select

from app.core.changes import Change
from app.core.errors import Invalid
from app.matching import queries
from app.matching.actions import keep_proposal, set_compatibility, set_weights
from app.matching.models import Compatibility, Proposal, Weight
from app.matching.scores import DEFAULT_WEIGHTS, ENGINE_VERSION
from app.matching.settings import as_plain, list_proposals, read_rules
from app.matching.traits import KINDS
from app.people.actions import erase_person
from app.vocabulary.listings import ListingKind
from tests.matching.city import City
from tests.matching.parties import fields

PEOPLE, SKILL, ADVICE = ListingKind.PEOPLE, ListingKind.SKILL, ListingKind.ADVICE


def keep(city: City, listing: uuid.UUID, candidate: uuid.UUID) -> uuid.UUID:
    with city.database.write() as session:
        desk = queries.open_desk(session, city.market, about=listing)
        mine, other = (city.market.anybody(session, id_) for id_ in (listing, candidate))
        assert mine is not None
        assert other is not None
        written = city.market.loader.written
        return keep_proposal(
            session,
            listing_id=listing,
            inputs={"mine": written(mine), "other": written(other)},
            explanation=queries.explain(desk, mine, other),
            actor="operator",
        ).id


def changes(city: City, kind: str) -> list[Change]:
    with city.database.read() as session:
        query = select(Change).where(col(Change.kind) == kind).order_by(col(Change.id))
        return list(session.exec(query))


def weigh(city: City, kind: ListingKind = PEOPLE, **weights: float) -> None:
    with city.database.write() as session:
        set_weights(session, kind=kind, weights=weights, actor="operator")


class TestKeepProposal:
    def test_keeps_what_was_said_and_what_was_known(self, city: City) -> None:
        need = city.need(fields=fields(7), words={"花壇": 3.5}, unit="人", quantity=3)
        offer = city.offer(fields=fields(7), municipality_code="132039")
        said = city.explained(need, offer)
        id_ = keep(city, need, offer)
        with city.database.read() as session:
            kept = session.get_one(Proposal, id_)
        assert (kept.listing_id, kept.candidate_id, kept.candidate_kind) == (need, offer, "offer")
        assert kept.engine_version == ENGINE_VERSION
        assert kept.score == said["candidate"].score
        assert kept.explanation["forward"] == said["forward"]
        assert kept.explanation["gates"] == said["gates"]
        mine, other = kept.inputs["mine"], kept.inputs["other"]
        assert (mine["id"], other["id"]) == (str(need), str(offer))
        assert mine["fields"] == other["fields"] == fields(7)
        (change,) = changes(city, "proposal")
        assert (change.entity_id, change.action, change.actor) == (str(id_), "keep", "operator")

    def test_what_was_known_means_the_same_to_another_process(self, city: City) -> None:
        """Numbers that stand for words and groups are this process's own."""
        group = city.group()
        need = city.need(organisation_id=group, words={"花壇": 3.5}, unit="人", quantity=3)
        person = city.person(municipality_code="132039")
        id_ = keep(city, need, person)
        with city.database.read() as session:
            known = session.get_one(Proposal, id_).inputs
        assert known["mine"]["words"] == {"花壇": 35_000}
        assert (known["mine"]["organisation"], known["mine"]["unit"]) == (str(group), "人")
        assert known["other"]["municipality"] == "132039"

    def test_does_not_copy_a_residents_name(self, city: City) -> None:
        need, person = city.need(), city.person(name="秘密花子", email="h@example.jp")
        id_ = keep(city, need, person)
        with city.database.read() as session:
            kept = session.get_one(Proposal, id_)
            assert "秘密" not in str(kept.model_dump())
            assert "example.jp" not in str(kept.model_dump())
        assert all("秘密" not in str(change.details) for change in changes(city, "proposal"))

    def test_goes_with_the_person(self, city: City) -> None:
        need, person, offer = city.need(), city.person(), city.offer()
        keep(city, need, person)
        stays = keep(city, need, offer)
        with city.database.write() as session:
            erase_person(session, id=person, version=None, actor="operator")
        with city.database.read() as session:
            assert [row.id for row in list_proposals(session, need)] == [stays]

    def test_are_listed_the_newest_first(self, city: City) -> None:
        need, other = city.need(), city.need()
        offers = [city.offer() for _ in range(3)]
        kept = [keep(city, need, offer) for offer in offers]
        keep(city, other, offers[0])
        with city.database.read() as session:
            assert [row.id for row in list_proposals(session, need)] == kept[::-1]


class TestSetWeights:
    def test_changes_the_score_and_the_version(self, city: City) -> None:
        need, _offer = city.need(fields=fields(7)), city.offer(fields=fields(12))
        (before,) = city.match(need).candidates
        weigh(city, fields=100.0)
        answer = city.match(need)
        assert answer.candidates[0].score < before.score
        assert answer.engine_version != ENGINE_VERSION
        assert answer.engine_version.startswith(f"{ENGINE_VERSION}+")

    def test_leaves_other_kinds_and_criteria_alone(self, city: City) -> None:
        weigh(city, fields=100.0)
        with city.database.read() as session:
            weights = read_rules(session).weights
        assert weights[PEOPLE] == {**DEFAULT_WEIGHTS[PEOPLE], "fields": 100.0}
        assert weights[SKILL] == DEFAULT_WEIGHTS[SKILL]

    def test_is_logged_with_before_and_after(self, city: City) -> None:
        weigh(city, fields=100.0, text=15.0)
        weigh(city, fields=0.0)
        weigh(city, fields=0.0)
        logged = changes(city, "matching")
        assert [change.details for change in logged] == [
            {"fields": [20.0, 100.0]},
            {"fields": [100.0, 0.0]},
        ]
        assert {(c.entity_id, c.action, c.actor) for c in logged} == {
            ("people", "weigh", "operator")
        }

    def test_refuses_to_count_nothing(self, city: City) -> None:
        with pytest.raises(Invalid):
            weigh(city, **dict.fromkeys(DEFAULT_WEIGHTS[PEOPLE], 0.0))
        with city.database.read() as session:
            assert session.exec(select(Weight)).all() == []
        assert changes(city, "matching") == []

    def test_a_weight_put_back_is_the_rule_as_it_was(self, city: City) -> None:
        weigh(city, fields=100.0)
        weigh(city, fields=20.0)
        with city.database.read() as session:
            assert read_rules(session).version == ENGINE_VERSION

    def test_the_same_weights_have_the_same_version(self, city: City) -> None:
        versions = []
        for order in (("fields", "text"), ("text", "fields")):
            for name in order:
                weigh(city, **{name: 33.0})
            with city.database.read() as session:
                versions.append(read_rules(session).version)
            for name in order:
                weigh(city, **{name: DEFAULT_WEIGHTS[PEOPLE][name]})
        assert versions[0] == versions[1] != ENGINE_VERSION


class TestSetCompatibility:
    def set(self, city: City, *offers: ListingKind) -> None:
        with city.database.write() as session:
            set_compatibility(session, need_kind=PEOPLE, offers=offers, actor="operator")

    def test_says_who_may_answer(self, city: City) -> None:
        need = city.need()
        city.offer()
        advice = city.offer(kind=ADVICE)
        self.set(city, ADVICE, ADVICE)
        assert city.found(need) == [advice]
        with city.database.read() as session:
            mine = col(Compatibility.need_kind) == PEOPLE
            assert len(session.exec(select(Compatibility).where(mine)).all()) == 1

    def test_is_logged_once_with_before_and_after(self, city: City) -> None:
        self.set(city, ADVICE, PEOPLE)
        self.set(city, PEOPLE, ADVICE)
        (change,) = changes(city, "matching")
        assert change.action == "pair"
        before, after = change.details["offers"]
        assert "people" in before
        assert after == ["advice", "people"]

    def test_another_rule_has_another_name(self, city: City) -> None:
        self.set(city, ADVICE)
        with city.database.read() as session:
            assert read_rules(session).version != ENGINE_VERSION


class TestReadRules:
    def test_begin_as_the_model_has_them(self, city: City) -> None:
        with city.database.read() as session:
            rules = read_rules(session)
        assert rules.weights == DEFAULT_WEIGHTS
        assert rules.version == ENGINE_VERSION
        answers: dict[str, Any] = as_plain(rules, None)["compatible"]
        assert all(kind in answers[kind] for kind in KINDS)
        assert ADVICE in answers[SKILL]
