"""Pages of needs, offers and partners: what anybody may see, with reasons from both sides."""

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from app.core.clock import today
from app.core.db import Database
from app.core.templating import short_day
from app.main import API
from app.settings import Settings
from app.vocabulary.listings import ListingStatus
from tests.matching.city import BLOCKED, LISTING, PERSON, City

Make = Callable[..., dict[str, Any]]
SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
SECRETS = ("秘密", "0000-0000", "private@example.jp")


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return sqlite_settings


def shown(answer: Response) -> str:
    """The text of a page as a person reads it."""
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture
def city(client: TestClient) -> City:
    """The service's own registry."""
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    return City(database)


class TestReadNeed:
    def test_shows_the_need_and_who_fits_with_reasons_of_both(
        self, client: TestClient, make_listing: Make
    ) -> None:
        need = make_listing(
            title="花壇の手入れ",
            description="公園の花壇です。",
            fields=[7],
            slots=["sat-morning"],
            frequency="once",
            beginners=True,
            quantity=3,
            insurance="市の保険",
            required_skills=["gardening"],
        )
        offer = make_listing(
            "offer",
            title="花の世話",
            fields=[7],
            slots=["sat-morning"],
            preferred_skills=["gardening"],
        )
        text = shown(client.get(f"/needs/{need['id']}"))
        for said in (
            *("花壇の手入れ", "公園の花壇です。", "ひまわりの会", "土曜", "環境", "3人"),
            *("一回だけ", "はじめての方も歓迎", "市の保険", "園芸・花壇"),
            *("花の世話", "この募集から見て", "相手から見て"),
            "土曜の午前が重なります（週に3時間）",
        ):
            assert said in text, said
        page = client.get(f"/needs/{need['id']}").text
        assert f'href="/offers/{offer["id"]}"' in page
        assert page.count("分野が一致：環境") == 2
        assert "noindex" not in page

    def test_shows_groups_where_nobody_offers_anything_yet(
        self, client: TestClient, make: Make, make_listing: Make
    ) -> None:
        need, group = make_listing(), make(name="となりの会")
        text = shown(client.get(f"/needs/{need['id']}"))
        assert "この募集に合いそうな団体" in text
        assert group["name"] in text

    def test_shows_the_dates_to_come(
        self, client: TestClient, operator: dict[str, str], make_listing: Make
    ) -> None:
        need = make_listing()
        day = today() + timedelta(days=30)
        date = {"starts_at": f"{day}T23:00", "ends_at": f"{day + timedelta(days=1)}T01:00"}
        body = {**date, "capacity": 4, "note": "雨天中止"}
        client.post(f"{API}/needs/{need['id']}/shifts", json=body, headers=operator)
        text = shown(client.get(f"/needs/{need['id']}"))
        weekday = "月火水木金土日"[day.weekday()]
        assert f"{day.month}月{day.day}日（{weekday}）23:00〜翌1:00" in text
        assert "あと4人" in text
        assert "雨天中止" in text
        assert "下の日程をご覧ください" in text

    def test_shows_twelve_dates_whatever_was_cancelled(
        self, client: TestClient, operator: dict[str, str], make_listing: Make
    ) -> None:
        need = make_listing(slots=["mon-morning"])
        days = [today() + timedelta(days=n) for n in range(1, 28)]
        made = [_add_date(client, operator, need, day) for day in days]
        for one in made[:13]:
            path, body = f"{API}/shifts/{one['id']}", {"cancelled": True}
            assert client.patch(path, json=body, headers=operator).status_code == 200
        text = shown(client.get(f"/needs/{need['id']}"))
        assert text.count("あと4人") == 12
        first = f"{short_day(days[13], today())}9:00〜12:00"
        assert f"日 {first} ほか（下の日程をご覧ください）" in text
        assert "月曜の午前" not in text

    def test_a_date_of_another_year_shows_it(
        self, client: TestClient, operator: dict[str, str], make_listing: Make
    ) -> None:
        need = make_listing()
        day = date(today().year + 1, today().month, 1)
        _add_date(client, operator, need, day)
        text = shown(client.get(f"/needs/{need['id']}"))
        assert f"{day.year}年{day.month}月1日" in text

    def test_tells_how_long_one_time_is(self, client: TestClient, make_listing: Make) -> None:
        for minutes, said in ((45, "45分"), (120, "2時間"), (150, "2時間30分")):
            text = shown(client.get(f"/needs/{make_listing(minutes=minutes)['id']}"))
            assert f"一回の長さ {said} " in text

    @pytest.mark.parametrize(
        ("route", "said"),
        [
            ("office", "担当の窓口に、この募集の名前をお伝えください"),
            ("direct", "窓口が引き合わせたあと"),
            ("web", "団体のページにあるウェブサイトから"),
        ],
    )
    def test_tells_how_to_answer(
        self,
        client: TestClient,
        operator: dict[str, str],
        make_listing: Make,
        route: str,
        said: str,
    ) -> None:
        need = make_listing(contact_route=route)
        answer = client.get(f"/needs/{need['id']}")
        assert "参加するには" in shown(answer)
        assert said in shown(answer)
        link = f'href="/organisations/{need["organisation"]["id"]}"'
        assert answer.text.count(link) == 2
        client.post(f"{API}/needs/{need['id']}/fulfil", headers=operator)
        assert "参加するには" not in shown(client.get(f"/needs/{need['id']}"))

    @pytest.mark.parametrize("side", ["need", "offer"])
    def test_sends_nobody_to_dates_that_are_not_there(
        self, client: TestClient, make_listing: Make, side: str
    ) -> None:
        listing = make_listing(side)
        assert "下の日程" not in shown(client.get(f"/{side}s/{listing['id']}"))

    def test_names_the_nearest_where_nobody_fits(
        self, client: TestClient, make_listing: Make
    ) -> None:
        need = make_listing(required_skills=["driving"])
        make_listing("offer", title="惜しい手伝い")
        text = shown(client.get(f"/needs/{need['id']}"))
        assert "あと一つ変わると合うのは" in text
        assert "惜しい手伝い" in text
        assert "必要な技能・資格が書かれていません：普通自動車免許" in text

    def test_says_what_to_do_where_there_is_nobody(
        self, client: TestClient, make_listing: Make
    ) -> None:
        text = shown(client.get(f"/needs/{make_listing()['id']}"))
        assert "今は合う相手が見つかりません" in text

    @pytest.mark.parametrize("side", ["need", "offer"])
    def test_is_not_there_before_it_is_public(
        self, client: TestClient, operator: dict[str, str], make_listing: Make, side: str
    ) -> None:
        draft, paused = make_listing(side, publish=False), make_listing(side)
        client.post(f"{API}/{side}s/{paused['id']}/pause", headers=operator)
        for one in (draft, paused):
            for headers in ({}, operator):
                answer = client.get(f"/{side}s/{one['id']}", headers=headers)
                assert answer.status_code == 404
                assert one["title"] not in answer.text

    def test_is_not_there_on_the_other_side(self, client: TestClient, make_listing: Make) -> None:
        need, offer = make_listing(), make_listing("offer")
        assert client.get(f"/offers/{need['id']}").status_code == 404
        assert client.get(f"/needs/{offer['id']}").status_code == 404
        assert client.get("/needs/x").status_code == 422

    def test_what_is_over_says_so_and_matches_nobody(
        self, client: TestClient, operator: dict[str, str], make_listing: Make
    ) -> None:
        need = make_listing()
        make_listing("offer", title="別の手伝い")
        client.post(f"{API}/needs/{need['id']}/fulfil", headers=operator)
        answer = client.get(f"/needs/{need['id']}")
        assert ListingStatus.FULFILLED.description in shown(answer)
        assert "別の手伝い" not in answer.text
        assert "noindex" in answer.text


class TestReadOffer:
    def test_shows_the_needs_it_may_answer(self, client: TestClient, make_listing: Make) -> None:
        need = make_listing(title="机がほしい", kind="goods", quantity=20, unit="台")
        offer = make_listing("offer", title="机あります", kind="goods", quantity=15, unit="台")
        answer = client.get(f"/offers/{offer['id']}")
        text = shown(answer)
        for said in ("机あります", "15台", "机がほしい", "この提供から見て"):
            assert said in text
        assert "希望20台のうち15台をまかなえます" in text
        assert f'href="/needs/{need["id"]}"' in answer.text


class TestReadPartners:
    def test_shows_groups_with_reasons_of_both(
        self, client: TestClient, make: Make, make_listing: Make
    ) -> None:
        mine, other = make(name="ひまわりの会", fields=[7]), make(name="みどりの会", fields=[7])
        make_listing(organisation_id=mine["id"], title="人手募集")
        make_listing("offer", organisation_id=other["id"], title="手伝います")
        answer = client.get(f"/organisations/{mine['id']}/partners")
        text = shown(answer)
        for said in (
            *("ひまわりの会", "みどりの会", "この団体から見て", "相手から見て", "分野が一致：環境"),
            "こちらの「人手募集」に、相手の「手伝います」が応えます",
        ):
            assert said in text, said
        assert f'href="/organisations/{other["id"]}"' in answer.text

    def test_says_where_there_is_nobody(self, client: TestClient, make: Make) -> None:
        text = shown(client.get(f"/organisations/{make()['id']}/partners"))
        assert "今は合う団体が見つかりません" in text

    def test_is_not_there_before_the_group_is(
        self, client: TestClient, operator: dict[str, str], make: Make
    ) -> None:
        draft = make(publish=False)
        path = f"/organisations/{draft['id']}/partners"
        assert client.get(path, headers=operator).status_code == 404


class TestPrivacy:
    """What is private is on no page: residents, contacts, refusals, counts."""

    def test_no_page_tells_of_residents_contacts_or_refusals(
        self,
        client: TestClient,
        operator: dict[str, str],
        make: Make,
        make_listing: Make,
        city: City,
    ) -> None:
        contacts = [{"kind": "email", "value": "private@example.jp"}]
        group = make(name="みどりの会", contacts=contacts, fields=[7])
        need = make_listing(organisation_id=group["id"], title="花壇", fields=[7])
        offer = make_listing("offer", title="花の世話", fields=[7])
        said = {"name": "秘密花子", "phone": "090-0000-0000", "interests": ["nature"]}
        body = {**said, "matching_consent": True}
        person = client.post(f"{API}/people", json=body, headers=operator).json()
        city.engage(_id(need), LISTING, _id(offer), BLOCKED)
        city.engage(_id(need), PERSON, _id(person), BLOCKED)
        paths = (
            f"/needs/{need['id']}",
            f"/offers/{offer['id']}",
            f"/organisations/{group['id']}/partners",
            f"/organisations/{offer['organisation']['id']}/partners",
        )
        for path in paths:
            for headers in ({}, operator):
                page = client.get(path, headers=headers)
                assert page.status_code == 200
                found = [secret for secret in (*SECRETS, person["id"]) if secret in page.text]
                assert found == [], path
                assert "見送り" not in page.text
        # Refused or not, the page is the same: it cannot be told.
        assert "花の世話" in client.get(paths[0]).text

    def test_what_is_written_is_text(
        self, client: TestClient, make: Make, make_listing: Make
    ) -> None:
        group = make(name=SCRIPT, fields=[7])
        said = {"title": SCRIPT, "description": SCRIPT, "place": SCRIPT, "cost": SCRIPT}
        need = make_listing(organisation_id=group["id"], fields=[7], **said)
        other = make(name=SCRIPT, fields=[7])
        offer = make_listing("offer", organisation_id=other["id"], fields=[7], **said)
        for path in (
            f"/needs/{need['id']}",
            f"/offers/{offer['id']}",
            f"/organisations/{group['id']}/partners",
        ):
            page = client.get(path).text
            assert "<script>alert" not in page
            assert "<img src=x" not in page
            assert "{{7*7}}" in page


def _add_date(
    client: TestClient, operator: dict[str, str], need: dict[str, Any], day: date
) -> dict[str, Any]:
    body = {"starts_at": f"{day}T09:00", "ends_at": f"{day}T12:00", "capacity": 4}
    made = client.post(f"{API}/needs/{need['id']}/shifts", json=body, headers=operator)
    assert made.status_code == 201, made.text
    (date_,) = made.json()["items"]
    return dict(date_)


def _id(record: dict[str, Any]) -> Any:
    import uuid

    return uuid.UUID(record["id"])
