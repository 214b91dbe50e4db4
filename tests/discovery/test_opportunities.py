"""A small town's needs, as residents ask for them: the API, its sentences and the page."""

import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.clock import today
from app.main import API, create_app
from app.settings import Settings
from tests.discovery.conftest import SEARCH, register, search, wait_until, with_meilisearch

MUSASHINO, MITAKA = "132039", "132047"
DAYTIME = ("morning", "noon", "afternoon")
WEEKEND = [f"{day}-{period}" for day in ("sat", "sun") for period in DAYTIME]
WEEKDAYS = ["mon-morning", "tue-morning", "wed-noon", "thu-noon", "fri-afternoon"]
EVENINGS = [f"{day}-evening" for day in ("mon", "tue", "wed", "thu", "fri")]
SATURDAY = today() + timedelta(days=(5 - today().weekday()) % 7 + 14)

GARDEN, LEAVES, RIVER, STUDY, SUMMER = (
    "花だんの植え替え",
    "雑木林の落ち葉かき",
    "川の生きもの調べの手伝い",
    "中学生の宿題を見る人",
    "理科の実験教室の助手",
)
READING, TYPING, DRIVING, KITCHEN = (
    "朝の読み聞かせの仲間",
    "録音した話を文字にする",
    "通院の送り迎え",
    "こども食堂の皮むき",
)
FESTIVAL, JAPANESE, RICE = "商店街の祭りの売り子", "日本語のおしゃべり相手", "お米を分けてください"
NEEDS: list[dict[str, Any]] = [
    {"title": GARDEN, "fields": [7], "slots": WEEKDAYS, "beginners": True, "frequency": "short"},
    {"title": LEAVES, "fields": [7], "slots": WEEKEND, "family": True, "frequency": "once"},
    {"title": RIVER, "fields": [7, 13], "slots": WEEKEND, "family": True, "students": True},
    {"title": STUDY, "fields": [13], "slots": EVENINGS, "students": True, "travel_paid": True},
    {"title": SUMMER, "fields": [13], "details": {"when": ["holiday"]}, "students": True},
    {"title": READING, "fields": [2], "slots": WEEKDAYS, "beginners": True},
    {"title": TYPING, "fields": [10], "kind": "skill", "online": True, "slots": EVENINGS},
    {"title": DRIVING, "fields": [1], "slots": WEEKDAYS, "travel_paid": True},
    {"title": KITCHEN, "fields": [1, 13], "slots": EVENINGS, "beginners": True},
    {
        "title": FESTIVAL,
        "fields": [3],
        "frequency": "once",
        "municipality": MITAKA,
        "windows": [
            {"starts_at": f"{SATURDAY}T10:00:00+09:00", "ends_at": f"{SATURDAY}T15:00:00+09:00"}
        ],
        "quantity": 12,
        "deadline": (SATURDAY - timedelta(days=3)).isoformat(),
    },
    {"title": JAPANESE, "fields": [11], "slots": EVENINGS, "online": True, "beginners": True},
    {"title": RICE, "fields": [1], "kind": "food", "quantity": 30, "unit": "kg"},
]


@pytest.fixture(scope="module", params=["embedded", "meilisearch"])
def needs(
    request: pytest.FixtureRequest,
    migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TestClient]:
    """The whole service with `NEEDS` of one group, answered by either engine."""
    data_dir = tmp_path_factory.mktemp("needs")
    shutil.copy(migrated_sqlite, data_dir / "musubi.sqlite3")
    settings = Settings(data_dir=data_dir, search="embedded", demo=False)
    if request.param == "meilisearch":
        settings = with_meilisearch(settings, request.getfixturevalue("meilisearch"))
    with TestClient(create_app(settings)) as client:
        group = register(client, name="たすけあいの会", municipality=MUSASHINO)
        for need in NEEDS:
            add(client, organisation_id=group, **need)
        degraded = request.param == "embedded"
        wait_until(lambda: held(client, degraded=degraded) == len(NEEDS))
        yield client


def add(client: TestClient, **values: Any) -> str:
    body = {"kind": "people", "quantity": 20, **values}
    headers = {"Authorization": f"Bearer {client.app.state.operator_token}"}  # type: ignore[attr-defined]
    made = client.post(f"{API}/needs", json=body, headers=headers)
    assert made.status_code == 201, made.text
    id_: str = made.json()["id"]
    headers["If-Match"] = made.headers["etag"]
    published = client.post(f"{API}/needs/{id_}/publish", headers=headers)
    assert published.status_code == 200, published.text
    return id_


def held(client: TestClient, *, degraded: bool) -> int:
    answer = search(client, kind="opportunity")
    return int(answer["total"]) if answer["degraded"] is degraded else -1


def titles(answer: dict[str, Any], match: str = "full") -> set[str]:
    return {hit["name"] for hit in answer["hits"] if hit["match"] == match}


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("when=weekend", {LEAVES, RIVER, FESTIVAL}),
            ("when=holiday", {SUMMER}),
            ("when=evening", {STUDY, TYPING, KITCHEN, JAPANESE}),
            ("online=true", {TYPING, JAPANESE}),
            ("family=true", {LEAVES, RIVER}),
            ("beginner=true&when=evening", {KITCHEN, JAPANESE}),
            ("single_day=true", {LEAVES, FESTIVAL}),
            ("single_day=false", {GARDEN}),
            ("frequency=short&frequency=once", {GARDEN, LEAVES, FESTIVAL}),
            ("students=true", {RIVER, STUDY, SUMMER}),
            ("travel_paid=true", {STUDY, DRIVING}),
            ("listing_kind=food", {RICE}),
            ("listing_kind=skill", {TYPING}),
            ("field=7", {GARDEN, LEAVES, RIVER}),
            (f"area={MITAKA}", {FESTIVAL}),
            (f"area={MUSASHINO}&field=11", {JAPANESE}),
            (f"day={SATURDAY}", {LEAVES, RIVER, FESTIVAL}),
            (f"day={SATURDAY + timedelta(days=7)}", {LEAVES, RIVER}),
            (f"from={SATURDAY}&until={SATURDAY}", {LEAVES, RIVER, FESTIVAL}),
            (f"from={SATURDAY}&until={SATURDAY + timedelta(days=91)}&single_day=true",
             {LEAVES, FESTIVAL}),
            ("organisation_type=civic_group&field=3", {FESTIVAL}),
        ],
    )  # fmt: skip
    def test_each(self, needs: TestClient, query: str, found: set[str]) -> None:
        answer = search(needs, f"kind=opportunity&limit=100&{query}")
        assert titles(answer) == found
        assert answer["total"] == len(found)

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("kind=organisation&kind=opportunity", "どちらか一つ"),
            ("kind=opportunity&stage=growth", "使えない条件です: stage"),
            ("family=true", "使えない条件です: family"),
            ("day=2026-12-05", "使えない条件です: day"),
            ("kind=opportunity&day=2026-02-30", "日付"),
            ("kind=opportunity&from=2026-12-01", "両方"),
            ("kind=opportunity&from=2026-12-01&until=2027-12-01", "92日以内"),
            ("kind=opportunity&from=2026-12-02&until=2026-12-01", "92日以内"),
        ],
    )
    def test_what_cannot_be_asked_is_a_sentence(
        self, needs: TestClient, query: str, said: str
    ) -> None:
        answer = needs.get(f"{SEARCH}?{query}")
        assert answer.status_code == 422
        assert said in answer.text

    def test_a_hit_holds_what_a_card_shows_and_no_contact(self, needs: TestClient) -> None:
        (hit,) = search(needs, "kind=opportunity&listing_kind=people&field=3")["hits"]
        assert hit["kind"] == "opportunity"
        assert hit["organisation"]["name"] == "たすけあいの会"
        assert (hit["place"], hit["prefecture"]) == ("三鷹市", "東京都")
        assert (hit["open_quantity"], hit["unit"]) == (12, "人")
        assert (hit["frequency"], hit["days"]) == ("once", [SATURDAY.isoformat()])
        assert hit["deadline"] == (SATURDAY - timedelta(days=3)).isoformat()
        assert not {"contacts", "contact_route", "words", "engaged"} & hit.keys()

    def test_the_default_is_still_organisations(self, needs: TestClient) -> None:
        assert [hit["name"] for hit in search(needs)["hits"]] == ["たすけあいの会"]

    def test_facets_count_each_list(self, needs: TestClient) -> None:
        facets = search(needs, "kind=opportunity")["facets"]
        assert facets["listing_kind"] == {"people": 10, "skill": 1, "food": 1}
        assert facets["when"]["weekend"] == 3
        assert "day" not in facets


class TestSentences:
    """Paraphrases nobody tuned for: what is read, and that all who fit come first."""

    @pytest.mark.parametrize(
        ("typed", "understood", "first"),
        [
            ("土日に家族で参加できるものはある？", {"when": ["weekend"], "family": ["true"]},
             {LEAVES, RIVER}),
            ("休みの日に子連れで行ける活動", {"when": ["weekend"], "family": ["true"]},
             {LEAVES, RIVER}),
            ("小さな子どもと一緒に参加したい", {"family": ["true"]}, {LEAVES, RIVER}),
            ("親子参加OKのボランティア", {"family": ["true"]}, {LEAVES, RIVER}),
            ("日曜に子どもを連れて行ける", {"when": ["weekend"], "family": ["true"]},
             {LEAVES, RIVER}),
            ("在宅でできるボランティアはありませんか", {"online": ["true"]}, {TYPING, JAPANESE}),
            ("自宅からできること", {"online": ["true"]}, {TYPING, JAPANESE}),
            ("オンラインで参加できる", {"online": ["true"]}, {TYPING, JAPANESE}),
            ("会社帰りに少しだけ手伝いたい", {"when": ["evening"]},
             {STUDY, TYPING, KITCHEN, JAPANESE}),
            ("平日夜に空いています", {"when": ["evening"]}, {STUDY, TYPING, KITCHEN, JAPANESE}),
            ("未経験でも大丈夫なもの", {"beginner": ["true"]},
             {GARDEN, READING, KITCHEN, JAPANESE}),
            ("初心者歓迎のボランティア", {"beginner": ["true"]},
             {GARDEN, READING, KITCHEN, JAPANESE}),
            ("はじめてなのですが経験がなくてもできますか", {"beginner": ["true"]},
             {GARDEN, READING, KITCHEN, JAPANESE}),
            ("一日だけ参加できるボランティア", {"single_day": ["true"]}, {LEAVES, FESTIVAL}),
            ("単発のボランティアを探しています", {"single_day": ["true"]}, {LEAVES, FESTIVAL}),
            ("1回だけでもいいですか", {"single_day": ["true"]}, {LEAVES, FESTIVAL}),
            ("高校生でも参加できる", {"students": ["true"]}, {RIVER, STUDY, SUMMER}),
            ("大学生です。ボランティアを探しています", {"students": ["true"]},
             {RIVER, STUDY, SUMMER}),
            ("学生歓迎", {"students": ["true"]}, {RIVER, STUDY, SUMMER}),
            ("夏休みに中学生が参加できるもの", {"when": ["holiday"], "students": ["true"]},
             {SUMMER}),
            ("交通費をもらえるボランティア", {"travel_paid": ["true"]}, {STUDY, DRIVING}),
            ("交通費支給の募集", {"travel_paid": ["true"]}, {STUDY, DRIVING}),
            ("週末に親子で落ち葉かき", {"when": ["weekend"], "family": ["true"]}, {LEAVES}),
            ("三鷹市で一日だけのお手伝い", {"single_day": ["true"], "area": [MITAKA]}, {FESTIVAL}),
            ("初めてでもできる読み聞かせ", {"beginner": ["true"]}, {READING}),
        ],
    )  # fmt: skip
    def test_are_understood(
        self, needs: TestClient, typed: str, understood: dict[str, list[str]], first: set[str]
    ) -> None:
        answer = search(needs, q=typed, kind="opportunity")
        read = {name: c for name, c in answer["interpreted"].items() if name != "theme"}
        assert read == understood
        assert {hit["name"] for hit in answer["hits"][: len(first)]} == first

    @pytest.mark.parametrize(
        "typed", ["高校生の学習支援", "在宅介護を支える", "親子の居場所", "中学生に教えたい"]
    )
    def test_whoever_is_helped_is_no_wish(self, needs: TestClient, typed: str) -> None:
        answer = search(needs, q=typed, kind="opportunity")
        assert not {"students", "online", "family"} & answer["interpreted"].keys()

    def test_what_is_chosen_is_not_read_again(self, needs: TestClient) -> None:
        answer = search(needs, q="親子で参加できる", kind="opportunity", family="false")
        assert answer["interpreted"].get("family") is None
        assert not {LEAVES, RIVER} & titles(answer)

    def test_a_wish_is_given_up_before_what_was_asked_for(self, needs: TestClient) -> None:
        answer = search(needs, q="週末に日本語を教える", kind="opportunity")
        assert "when" in answer["relaxed"]
        assert titles(answer, "near") >= {JAPANESE}

    @pytest.mark.parametrize("form", ["{0.month}月{0.day}日", "{0.month}/{0.day}", "{0:%Y-%m-%d}"])
    def test_a_day_is_a_condition(self, needs: TestClient, form: str) -> None:
        answer = search(needs, q=form.format(SATURDAY) + "にできること", kind="opportunity")
        assert answer["interpreted"] == {"day": [SATURDAY.isoformat()]}
        assert titles(answer) == {LEAVES, RIVER, FESTIVAL}

    def test_a_span_is_each_of_its_days(self, needs: TestClient) -> None:
        answer = search(needs, q="来週末にできる落ち葉かき", kind="opportunity")
        days = [date.fromisoformat(day) for day in answer["interpreted"]["day"]]
        assert [day.weekday() for day in days] == [5, 6]
        assert answer["hits"][0]["name"] == LEAVES
        assert titles(answer) <= {LEAVES, RIVER}

    def test_a_day_is_given_up_before_what_was_asked_for(self, needs: TestClient) -> None:
        answer = search(needs, q="来週末に日本語を教える", kind="opportunity")
        assert "day" in answer["relaxed"]
        assert titles(answer, "near") >= {JAPANESE}

    def test_a_day_that_does_not_exist_is_no_theme(self, needs: TestClient) -> None:
        interpreted = search(needs, q="2月30日", kind="opportunity")["interpreted"]
        assert interpreted == {}

    def test_the_organisation_finds_its_needs(self, needs: TestClient) -> None:
        assert search(needs, q="たすけあいの会", kind="opportunity")["total"] == len(NEEDS)

    def test_organisations_are_asked_as_before(self, needs: TestClient) -> None:
        interpreted = search(needs, q="親子で参加できる")["interpreted"]
        assert "family" not in interpreted


class TestPage:
    def show(self, client: TestClient, query: str = "") -> str:
        answer = client.get(f"/opportunities?{query}")
        assert answer.status_code == 200
        return unescape(answer.text)

    def test_every_card_tells_place_day_and_field(self, needs: TestClient) -> None:
        text = self.show(needs, "limit=100")
        cards = text.split('<li class="card">')[1:]
        assert len(cards) == len(NEEDS) - len({RICE})
        for card in cards:
            for what in ("場所", "日", "分野"):
                assert re.search(f"<dt>{what}</dt><dd>[^<]+</dd>", card), card
            assert re.search('href="/needs/[0-9a-f-]{36}"', card)
            assert "たすけあいの会" in card

    def test_the_form_narrows_without_javascript(self, needs: TestClient) -> None:
        sent = "q=&area=&from=&until=&frequency=once&family=true"
        text = self.show(needs, sent)
        assert LEAVES in text
        assert FESTIVAL not in text
        assert 'value="once" checked' in text

    def test_one_end_of_a_span_is_enough(self, needs: TestClient) -> None:
        text = self.show(needs, f"from={SATURDAY}&until=&frequency=once")
        assert FESTIVAL in text
        assert f"{SATURDAY.month}月{SATURDAY.day}日（土）" in text
        assert FESTIVAL not in self.show(needs, f"from={SATURDAY + timedelta(days=1)}&field=3")

    @pytest.mark.parametrize(
        ("sent", "first", "last"),
        [
            (f"from={SATURDAY}&until=", SATURDAY, SATURDAY + timedelta(days=91)),
            (f"until={SATURDAY}", today(), SATURDAY),
            (
                f"from=&until={SATURDAY + timedelta(days=300)}",
                SATURDAY + timedelta(days=209),
                SATURDAY + timedelta(days=300),
            ),
        ],
    )
    def test_the_other_end_is_filled_in(
        self, needs: TestClient, sent: str, first: date, last: date
    ) -> None:
        text = self.show(needs, sent)
        assert f'name="from" type="date" value="{first}"' in text
        assert f'name="until" type="date" value="{last}"' in text
        assert "日：" in text

    @pytest.mark.parametrize(
        ("last", "said"),
        [
            (SATURDAY - timedelta(days=1), "終わりの日は、はじまりの日より後にしてください"),
            (SATURDAY + timedelta(days=92), "期間は92日以内にしてください"),
        ],
    )
    def test_a_span_that_cannot_be_is_said_at_its_fields(
        self, needs: TestClient, last: date, said: str
    ) -> None:
        sent = f"from={SATURDAY}&until={last}&frequency=once"
        text = self.show(needs, sent)
        assert said in text
        assert f'name="from" type="date" value="{SATURDAY}" aria-invalid="true"' in text
        assert f'name="until" type="date" value="{last}" aria-invalid="true"' in text
        assert re.search(r'<details class="conditions" open>', text)
        assert {FESTIVAL, LEAVES} <= set(re.findall(f"{FESTIVAL}|{LEAVES}", text))
        assert "日：" not in text
        assert needs.get(f"{SEARCH}?kind=opportunity&{sent}").status_code == 422
        assert said not in self.show(needs, f"from={SATURDAY}&until={SATURDAY}")

    def test_volunteering_is_asked_for_hands_and_skills(self, needs: TestClient) -> None:
        assert RICE not in self.show(needs, "limit=100")
        assert RICE not in self.show(needs, "limit=100&q=たすけあいの会")
        assert "求めているもの：" not in self.show(needs)

    def test_goods_places_and_money_are_shown_when_asked_for(self, needs: TestClient) -> None:
        assert "もの・場所・資金などの募集も見る" in self.show(needs)
        text = self.show(needs, "limit=1&all_kinds=true")
        assert "12件の募集" in text
        assert re.search('name="all_kinds" value="true" checked', text)
        assert "all_kinds=true" in re.findall('href="([^"]+)" rel="next"', text)[0]
        assert "listing_kind=food" in text
        for sent in ("listing_kind=food", "listing_kind=food&all_kinds=true"):
            assert RICE in self.show(needs, sent)

    def test_conditions_are_shown_and_can_be_taken_back(self, needs: TestClient) -> None:
        text = self.show(needs, f"beginner=true&day={SATURDAY}&area={MITAKA}")
        for label in ("はじめて歓迎", "日：", "場所：三鷹市"):
            assert label in text
        assert "すべてはずす" in text

    def test_what_was_understood_is_said(self, needs: TestClient) -> None:
        text = self.show(needs, "q=週末に子どもと一緒にできる")
        assert "読み取ったこと" in text
        assert "親子でできる" in text

    def test_days_that_were_understood_are_said_in_short(self, needs: TestClient) -> None:
        text = self.show(needs, f"q={SATURDAY.year}年{SATURDAY.month}月の活動")
        assert re.search("読み取ったこと：<strong>[^、<]+〜[^、<]+</strong>", text)

    def test_what_others_add_is_not_read(self, needs: TestClient) -> None:
        text = self.show(needs, "utm_source=mail&kind=organisation&stage=x&limit=1")
        assert "utm_source" not in text
        assert "11件の募集" in text

    def test_a_day_that_is_none_is_a_page_too(self, needs: TestClient) -> None:
        answer = needs.get("/opportunities?day=x", headers={"accept": "text/html"})
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("text/html")

    def test_is_linked_from_the_front_page(self, needs: TestClient) -> None:
        assert 'href="/opportunities"' in needs.get("/").text

    def test_no_civic_jargon(self, needs: TestClient) -> None:
        assert "市民活動" not in self.show(needs)


def test_saturday_is_one() -> None:
    assert SATURDAY.weekday() == date(2026, 11, 21).weekday()
