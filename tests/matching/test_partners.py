"""Groups for groups: the same themes, and what one seeks the other gives."""

import uuid

import pytest
from pydantic_core import to_json

from app.matching import queries
from app.matching.partners import match_partners
from app.matching.queries import Candidate, Matches
from app.organisations.models import OrganisationField
from app.vocabulary.listings import ListingKind
from app.vocabulary.organisations import Status
from tests.matching.city import BLOCKED, DECLINED, LISTING, ORGANISATION, City, codes

GOODS, SKILL = ListingKind.GOODS, ListingKind.SKILL


def group(city: City, *fields: int, **values: object) -> uuid.UUID:
    id_ = city.group(**values)
    with city.database.write() as session:
        session.add_all(OrganisationField(organisation_id=id_, field=number) for number in fields)
    return id_


def partners(city: City, of: uuid.UUID, limit: int = 20) -> Matches:
    with city.database.read() as session:
        desk = queries.open_desk(session, city.market, about=of)
        return match_partners(desk, of, city.market.organisation(session, of), limit)


def shown(city: City, of: uuid.UUID) -> dict[uuid.UUID, Candidate]:
    return {uuid.UUID(one.id): one for one in partners(city, of).candidates}


class TestMatchPartners:
    def test_are_groups_and_never_oneself(self, city: City) -> None:
        mine, other = group(city, 7), group(city, 7, name="みどりの会")
        (found,) = partners(city, mine).candidates
        assert (uuid.UUID(found.id), found.kind, found.name) == (
            other,
            "organisation",
            "みどりの会",
        )
        assert found.organisation is None
        assert codes(found)[0] == "fields"

    def test_come_in_the_order_of_their_themes(self, city: City) -> None:
        mine = group(city, 7)
        far, near, same = group(city, 12), group(city, 5), group(city, 7)
        assert list(shown(city, mine)) == [same, near, far]

    def test_what_one_seeks_and_the_other_gives_counts_most(self, city: City) -> None:
        mine = group(city, 7)
        same, giver = group(city, 7), group(city, 7)
        city.need(organisation_id=mine, kind=GOODS, title="机がほしい")
        city.offer(organisation_id=giver, kind=GOODS, title="机あります")
        city.offer(organisation_id=same, kind=SKILL)
        found = shown(city, mine)
        assert next(iter(found)) == giver
        said = {reason.code: reason.text for reason in found[giver].reasons}
        assert said["complement"] == "こちらの「机がほしい」に、相手の「机あります」が応えます"

    def test_each_side_hears_what_it_is_given(self, city: City) -> None:
        mine, other = group(city, 7), group(city, 7)
        city.offer(organisation_id=mine, kind=SKILL, title="会計ができます")
        city.need(organisation_id=other, kind=SKILL, title="会計の方募集")
        found = shown(city, mine)[other]
        assert "complement" not in codes(found)
        said = {reason.code: reason.text for reason in found.reverse_reasons}
        assert (
            said["complement"] == "相手の「会計の方募集」に、こちらの「会計ができます」が応えます"
        )
        mirrored = shown(city, other)[mine]
        assert {r.code: r.text for r in mirrored.reasons}["complement"] == (
            "こちらの「会計の方募集」に、相手の「会計ができます」が応えます"
        )
        assert mirrored.score == found.score

    def test_nothing_asked_is_no_shortfall(self, town: City) -> None:
        mine, _other = group(town, 7), group(town, 7)
        (found,) = partners(town, mine).candidates
        assert found.caution is None or found.caution.code != "complement"

    def test_says_where_nothing_answers(self, town: City) -> None:
        mine, other = group(town, 7), group(town, 7)
        town.need(organisation_id=mine, kind=GOODS)
        town.offer(organisation_id=other, kind=SKILL)
        found = shown(town, mine)[other]
        assert found.caution
        assert (found.caution.code, found.caution.text) == (
            "complement",
            "求めるものと提供するものは、今は合っていません",
        )

    @pytest.mark.parametrize("status", [Status.DRAFT, Status.SUSPENDED, Status.CLOSED])
    def test_are_public(self, town: City, status: Status) -> None:
        mine, _hidden = group(town, 7), group(town, 7, status=status)
        assert shown(town, mine) == {}

    def test_of_a_group_without_a_theme_or_a_listing(self, town: City) -> None:
        mine, other = town.group(), group(town, 7)
        (found,) = partners(town, mine).candidates
        assert uuid.UUID(found.id) == other
        assert found.reasons == []

    def test_are_as_many_as_asked_for(self, town: City) -> None:
        mine = group(town, 7)
        for _ in range(5):
            group(town, 7)
        answer = partners(town, mine, limit=3)
        assert len(answer.candidates) == 3
        assert answer.considered == 6

    def test_is_the_same_byte_for_byte(self, city: City) -> None:
        mine = group(city, 7)
        for number in range(6):
            group(city, 7, number + 1)
        assert to_json(partners(city, mine)) == to_json(partners(city, mine))

    def test_none_that_was_refused_whoever_asks(self, city: City) -> None:
        mine, other, third = group(city, 7), group(city, 7), group(city, 7)
        need = city.need(organisation_id=mine)
        city.engage(need, ORGANISATION, other, BLOCKED)
        assert set(shown(city, mine)) == {third}
        assert set(shown(city, other)) == {third}
        assert set(shown(city, third)) == {mine, other}

    def test_no_listing_that_was_refused_answers(self, city: City) -> None:
        mine, other = group(city, 7), group(city, 7)
        need = city.need(organisation_id=mine, kind=GOODS)
        offer = city.offer(organisation_id=other, kind=GOODS)
        assert "complement" in codes(shown(city, mine)[other])
        city.engage(need, LISTING, offer, DECLINED)
        assert "complement" not in codes(shown(city, mine)[other])
