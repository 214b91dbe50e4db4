from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.intake.run import keep, open_import
from app.main import API
from tests.discovery.conftest import GROUPS, SEARCH, register, search, wait_until

YUI, GASSHO, KYOTO, TOKYO, SHOKUDO = (group["name"] for group in GROUPS)
MITAKA = "35.6835,139.5595"


def names(answer: dict[str, Any]) -> set[str]:
    return {hit["name"] for hit in answer["hits"]}


def full(answer: dict[str, Any]) -> list[str]:
    return [hit["name"] for hit in answer["hits"] if hit["match"] == "full"]


class TestParameters:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("kind=organisation", {YUI, GASSHO, KYOTO, TOKYO, SHOKUDO}),
            ("field=13", {YUI, SHOKUDO}),
            ("field=6&field=18", {GASSHO, TOKYO}),
            ("stage=growth", {YUI, SHOKUDO}),
            ("stage=growth&stage=maturity", {YUI, SHOKUDO, GASSHO}),
            ("area=132039", {YUI}),
            ("area=13", {YUI, GASSHO, TOKYO}),
            ("area=132039&area=222101", {YUI, SHOKUDO}),
            ("area=13203", {YUI}),
            ("legal_form=npo", {YUI}),
            ("legal_form=npo&legal_form=none", {YUI, GASSHO, KYOTO, TOKYO, SHOKUDO}),
            ("organisation_type=intermediary", {TOKYO}),
            ("accepting=true", {YUI, SHOKUDO}),
            ("accepting=false", {GASSHO}),
            ("when=evening", {GASSHO, SHOKUDO}),
            ("when=weekday&when=weekend", {YUI, KYOTO, SHOKUDO}),
            (f"near={MITAKA}&radius_km=1", {GASSHO}),
            (f"near={MITAKA}&radius_km=5", {GASSHO, YUI}),
            ("area=13&when=evening", {GASSHO}),
            ("field=13&area=13&accepting=true", {YUI}),
            ("field=20", set()),
            ("stage=unknown", set()),
        ],
    )
    def test_each_filters_and_repeated_means_or(
        self, town: TestClient, query: str, found: set[str]
    ) -> None:
        answer = search(town, query)
        assert (names(answer), answer["total"]) == (found, len(found))

    def test_nearest_first_and_how_far(self, town: TestClient) -> None:
        hits = search(town, near=MITAKA, sort="distance")["hits"]
        assert [hit["name"] for hit in hits[:3]] == [GASSHO, YUI, SHOKUDO]
        assert [hit["distance_km"] for hit in hits[:2]] == [0, pytest.approx(3.86, abs=0.05)]
        assert {hit["distance_km"] for hit in hits[3:]} == {None}

    def test_newest_first(self, town: TestClient) -> None:
        hits = search(town, sort="updated", limit=100)["hits"]
        assert len(hits) == len(GROUPS)

    def test_pages_join_to_the_whole(self, town: TestClient) -> None:
        pages = [search(town, limit=2, offset=at) for at in (0, 2, 4, 6)]
        ids = [hit["id"] for page in pages for hit in page["hits"]]
        assert [len(page["hits"]) for page in pages] == [2, 2, 1, 0]
        assert len(set(ids)) == len(GROUPS)
        assert {page["total"] for page in pages} == {len(GROUPS)}

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=x",
            "offset=-1",
            "offset=100001",
            "offset=99999999999999999999",
            "field=0",
            "field=21",
            "field=１x",
            "area=999999",
            "area=x",
            "stage=a%22%20OR%20b",
            "legal_form=x",
            "when=night",
            "accepting=maybe",
            "kind=person",
            "near=91,0",
            "near=35.6",
            "near=nan,nan",
            f"near={MITAKA}&radius_km=0",
            f"near={MITAKA}&radius_km=inf",
            f"near={MITAKA}&radius_km=501",
            "radius_km=5",
            "sort=distance",
            "sort=best",
            "interpret=maybe",
            "colour=blue",
            "q=" + "a" * 10_001,
        ],
    )
    def test_what_cannot_be_asked_is_a_problem_document(self, town: TestClient, query: str) -> None:
        answer = town.get(f"{SEARCH}?{query}")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"].startswith("query")


class TestQuestion:
    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("子育て", YUI),
            ("こそだて", YUI),
            ("kosodate", YUI),
            ("育児", YUI),
            ("NPO法人こそだてひろば結", YUI),
            ("がっしょうだ", GASSHO),
            ("コーラス", GASSHO),
            ("平日の夜に歌いたい", GASSHO),
            ("ﾆﾝﾁｼｮｳ", KYOTO),
            ("認知性カフェ", KYOTO),
            ("京都", KYOTO),
            ("こども食堂", SHOKUDO),
            ("子供食堂", SHOKUDO),
        ],
    )
    def test_finds_what_is_meant_first(self, town: TestClient, typed: str, found: str) -> None:
        assert full(search(town, q=typed))[:1] == [found]

    def test_kyoto_does_not_find_tokyo(self, town: TestClient) -> None:
        assert names(search(town, q="京都")) == {KYOTO}

    @pytest.mark.parametrize(
        "typed",
        [
            "😀🎌",
            "\u202e合唱",
            "合唱 " * 1000,
            "%",
            "'; DROP TABLE organisation; --",
            '" OR codes = "field=1',
            "(" * 300,
            "あ" * 5_000,
            "*",
            '"',
            "\\",
            "a AND NOT b",
        ],
    )
    def test_whatever_is_typed_is_answered(self, town: TestClient, typed: str) -> None:
        answer = search(town, q=typed, area="261009")
        assert answer["query"] == typed
        assert names(answer) <= {KYOTO}

    @pytest.mark.parametrize("raw", ["%ED%A0%80", "%FF%FE", "%", "%C3", "&&&", "%00", "合唱%00"])
    def test_bytes_that_are_no_text_are_no_failure(self, town: TestClient, raw: str) -> None:
        assert town.get(f"{SEARCH}?q={raw}").status_code in (200, 400, 422)

    def test_filters_chosen_hold_for_every_hit_even_the_near_ones(self, town: TestClient) -> None:
        assert names(search(town, q="子育てと合唱と認知症", area="13")) <= {YUI, GASSHO, TOKYO}


class TestInterpreted:
    @pytest.mark.parametrize(
        ("typed", "understood"),
        [
            ("平日の夜", {"when": ["evening"]}),
            ("京都の認知症", {"area": ["26"], "theme": ["dementia"]}),
            ("新しい仲間を募集している合唱", {"accepting": ["true"], "theme": ["music"]}),
            ("子どもの健全育成を図る活動", {"field": ["13"]}),
        ],
    )
    def test_says_what_was_understood(
        self, town: TestClient, typed: str, understood: dict[str, list[str]]
    ) -> None:
        assert search(town, q=typed)["interpreted"] == understood

    def test_a_correction_is_said(self, town: TestClient) -> None:
        assert search(town, q="認知性カフェ")["interpreted"]["corrected"] == "認知症カフェ"

    def test_off_undoes_it(self, town: TestClient) -> None:
        answer = search(town, q="平日の夜", interpret="off")
        assert answer["interpreted"] == {}
        assert SHOKUDO not in full(answer)

    def test_what_was_given_up_is_said_and_shown_as_near(self, town: TestClient) -> None:
        answer = search(town, q="平日の夜に認知症の人と話す")
        assert "when" in answer["relaxed"]
        (hit,) = [hit for hit in answer["hits"] if hit["name"] == KYOTO]
        assert hit["match"] == "near"
        assert answer["total"] == len(answer["hits"])


class TestFacets:
    def test_count_what_was_found_in_the_order_of_the_codes(self, town: TestClient) -> None:
        facets = search(town)["facets"]
        assert facets["field"] == {"1": 2, "13": 2, "18": 1, "2": 1, "6": 1}
        assert facets["when"] == {"evening": 2, "weekday": 1, "weekend": 2}
        assert facets["accepting"] == {"false": 1, "true": 2}
        assert facets["stage"] == {"growth": 2, "maturity": 1}
        assert facets["area"]["13"] == 3
        assert all(list(codes) == sorted(codes) for codes in facets.values())

    def test_count_within_the_filters(self, town: TestClient) -> None:
        facets = search(town, "area=13&field=13")["facets"]
        assert facets["field"] == {"13": 1, "2": 1}
        assert facets["area"] == {"13": 1, "132039": 1}

    def test_are_all_there_when_nothing_is_found(self, town: TestClient) -> None:
        answer = search(town, q="zzzzzzzz", field=20)
        assert (answer["total"], answer["hits"]) == (0, [])
        assert {name: codes for name, codes in answer["facets"].items() if codes} == {}
        assert len(answer["facets"]) == 7


class TestHits:
    @pytest.mark.parametrize("typed", ["子育て", "こどもしょくどう", "合唱 みたか", "障害"])
    def test_highlights_are_ranges_within_their_text(self, town: TestClient, typed: str) -> None:
        hits = search(town, q=typed)["hits"]
        assert hits
        for hit in hits:
            for text, ranges in hit["highlights"].items():
                ends = [0, *(end for _, end in ranges)]
                for before, (start, end) in zip(ends, ranges, strict=False):
                    assert before <= start < end <= len(hit[text])

    def test_highlights_mark_what_was_asked_for(self, town: TestClient) -> None:
        hit = search(town, q="子育て")["hits"][0]
        marked = [hit["summary"][start:end] for start, end in hit["highlights"]["summary"]]
        assert "子育て支援" in marked

    def test_hold_no_contact(self, town: TestClient) -> None:
        contact = {"kind": "email", "value": "public@example.jp", "is_public": True}
        id_ = register(town, name="連絡先のある会", contacts=[contact])
        wait_until(lambda: id_ in {hit["id"] for hit in search(town, q="連絡先のある会")["hits"]})
        assert "example.jp" not in town.get(SEARCH, params={"q": "連絡先のある会"}).text
        assert id_ not in {hit["id"] for hit in search(town, q="example")["hits"]}
        headers = {"Authorization": f"Bearer {town.app.state.operator_token}"}  # type: ignore[attr-defined]
        town.post(f"{API}/organisations/{id_}/suspend", headers=headers)
        wait_until(lambda: search(town)["total"] == len(GROUPS))

    def test_show_the_source_that_was_imported_last(
        self, client: TestClient, tmp_path: Path, indexed: Callable[[], None]
    ) -> None:
        database = client.app.state.database  # type: ignore[attr-defined]
        rows = "外部ID,団体名,法人番号\n{},取り込んだ会,7000012050002\n"
        for source, number in (("第一名簿", "a1"), ("第二名簿", "b2")):
            file = tmp_path / f"{number}.csv"
            file.write_text(rows.format(number))
            format_, table = open_import("groups-csv", file)
            keep(database, format_, table, source=source, progress=lambda _: None)
            indexed()
        (hit,) = search(client, q="取り込んだ会")["hits"]
        assert (hit["source"], hit["source_id"]) == ("第二名簿", "b2")


class TestSuggest:
    @pytest.mark.parametrize(
        ("typed", "kind", "text"),
        [
            ("こそ", "theme", "子育て支援"),
            ("koso", "theme", "子育て支援"),
            ("武蔵野", "place", "武蔵野市"),
            ("合唱団", "organisation", GASSHO),
            ("がっしょうだ", "organisation", GASSHO),
            ("こそだてひろ", "organisation", YUI),
        ],
    )
    def test_goes_on_with_what_was_typed(
        self, town: TestClient, typed: str, kind: str, text: str
    ) -> None:
        answer = town.get(f"{SEARCH}/suggest", params={"q": typed})
        assert answer.status_code == 200
        assert (kind, text) in {(s["kind"], s["text"]) for s in answer.json()["suggestions"]}

    @pytest.mark.parametrize("typed", ["", " ", "😀", '"', "あ" * 5_000])
    def test_never_fails(self, town: TestClient, typed: str) -> None:
        answer = town.get(f"{SEARCH}/suggest", params={"q": typed, "limit": 3})
        assert answer.status_code == 200
        assert len(answer.json()["suggestions"]) <= 3

    @pytest.mark.parametrize("query", ["limit=0", "limit=21", "x=1"])
    def test_refuses_what_it_does_not_know(self, town: TestClient, query: str) -> None:
        assert town.get(f"{SEARCH}/suggest?{query}").status_code == 422
