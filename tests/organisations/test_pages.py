"""An organisation's page: everything that is public, nothing that runs, for any record."""

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

Make = Callable[..., dict[str, Any]]
SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"


class Tags(HTMLParser):
    """The tags and attributes of a page, as a browser takes them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


def shown(answer: Response) -> str:
    """The text of a page as a person reads it."""
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


class TestReadOrganisation:
    def test_shows_everything_public_and_nothing_private(
        self,
        client: TestClient,
        make: Make,
        act: Callable[..., Response],
        full: dict[str, Any],
    ) -> None:
        record = make(**full)
        act(record, "confirm", by="秘密の職員", how="visit", on="2026-04-01")
        answer = client.get(f"/organisations/{record['id']}")
        assert answer.status_code == 200
        text = shown(answer)
        for public in (
            *("みどり町おはなしの会", "ミドリチョウオハナシノカイ", "おはなし会", "みどりの会"),
            *("中間支援組織", "NPO法人", "7000012050002", "市民活動センター"),
            *("東京都武蔵野市", "三鷹市", "〒180-0001", "緑町9-9-99", "みどりビル3階"),
            *("代表者", "緑花子", "ミドリハナコ", "会長", "ohanashi@example.jp"),
            *("0422-99-9999", "平日のみ", "緑町コミュニティセンター", "毎週土曜 10時から"),
            *("平日の夜", "土日・祝日", "成長", "絵本", "読み聞かせ", "本の楽しさを伝える。"),
            *("読み聞かせ。", "紙芝居。", "二十年続けています。", "いっしょに読みましょう。"),
            *("月五百円", "30人", "うち市内21人", "2004年（平成16年）", "歓迎しています"),
            *("今は受け付けていません", "https://example.jp/ohanashi?a=1&b=2"),
            *("質の高い教育をみんなに", "パートナーシップで目標を達成しよう"),
            *(
                "ボランティア団体",
                "第12号",
                "2028年3月31日まで",
                "青少年関係団体",
                "代理入力（用紙）",
            ),
            *("2026年4月1日（令和8年）", "窓口・訪問", "社会教育の推進を図る活動"),
        ):
            assert public in text, public
        assert 'alt="紙芝居のようす"' in answer.text
        for private in ("秘密", "ヒミツ", "0000-0000"):
            assert private not in answer.text

    def test_works_for_a_record_with_nothing_but_a_name(
        self, client: TestClient, make: Make
    ) -> None:
        answer = client.get(f"/organisations/{make()['id']}")
        assert answer.status_code == 200
        assert "公開している連絡先はありません" in answer.text
        assert "まだ団体に確認していません" in answer.text
        assert "None" not in answer.text
        assert "<dd></dd>" not in answer.text

    def test_nothing_that_was_typed_runs(
        self, client: TestClient, make: Make, full: dict[str, Any]
    ) -> None:
        texts = {
            name: SCRIPT
            for name, value in full.items()
            if isinstance(value, str)
            and name
            in {
                *("name", "meeting_place", "schedule", "purpose", "activities", "achievements"),
                *("message", "membership_fee"),
            }
        }
        contact = {"kind": "representative", "value": SCRIPT, "note": SCRIPT, "is_public": True}
        record = make(
            **{
                **full,
                **texts,
                "other_names": [SCRIPT],
                "keywords": [SCRIPT],
                "address": {"street": SCRIPT, "building": SCRIPT, "is_public": True},
                "contacts": [contact],
                "links": [{"url": "https://example.jp/\"'><script>alert(1)</script>"}],
                "photos": [{"url": 'https://example.jp/"onerror=alert(1)', "alt": SCRIPT}],
                "registrations": [{"scheme": "youth", "number": "<script>alert(1)</script>"}],
            }
        )
        answer = client.get(f"/organisations/{record['id']}")
        assert answer.status_code == 200
        tags = Tags()
        tags.feed(answer.text)
        assert "script" not in tags.names
        assert [name for name in tags.attributes if name.startswith("on")] == []
        assert "{{7*7}}" in answer.text
        assert shown(answer).count("<script>alert(1)</script>") >= len(texts)
        assert "default-src 'self'" in answer.headers["content-security-policy"]

    @pytest.mark.parametrize("day", ["1600-01-01", "1868-10-23", "2019-05-01", "0001-01-01"])
    def test_a_day_of_any_age_can_be_shown(
        self, client: TestClient, make: Make, act: Callable[..., Response], day: str
    ) -> None:
        record = act(make(), "confirm", by="職員", how="phone", on=day).json()
        answer = client.get(f"/organisations/{record['id']}")
        assert answer.status_code == 200
        assert f"{int(day[:4])}年" in answer.text

    def test_an_organisation_that_ended_says_so(
        self, client: TestClient, make: Make, act: Callable[..., Response]
    ) -> None:
        record = make(consents={"web": True})
        act(record, "close", closed_on="2026-03-31", reason="合併のため")
        answer = client.get(f"/organisations/{record['id']}")
        assert "活動を終えています" in answer.text
        assert "2026年3月31日（令和8年）" in answer.text
        assert "合併のため" in answer.text
        assert 'name="robots" content="noindex"' in answer.text

    def test_old_information_is_said_to_be_old(
        self, client: TestClient, make: Make, act: Callable[..., Response]
    ) -> None:
        record = make(confirm_every_months=1)
        path = f"/organisations/{record['id']}"
        record = act(record, "confirm", by="職員", how="phone").json()
        assert "情報が古い可能性" not in client.get(path).text
        act(record, "confirm", by="職員", how="phone", on="2020-01-01")
        assert "情報が古い可能性" in client.get(path).text

    @pytest.mark.parametrize("state", ["draft", "suspended", "missing", "no id"])
    def test_what_is_not_public_is_a_japanese_page(
        self,
        client: TestClient,
        make: Make,
        act: Callable[..., Response],
        state: str,
    ) -> None:
        record = make(publish=state != "draft")
        if state == "suspended":
            act(record, "suspend")
        other = {"missing": "01890000-0000-7000-8000-000000000000", "no id": "☃"}
        path = f"/organisations/{other.get(state, record['id'])}"
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == (422 if state == "no id" else 404)
        assert answer.headers["content-type"].startswith("text/html")
        assert '<html lang="ja">' in answer.text
        assert "最初のページへ戻る" in answer.text
        assert "ひまわりの会" not in answer.text

    def test_prints_without_what_only_a_screen_needs(self, client: TestClient) -> None:
        style = client.get("/static/app.css").text
        printed = style.partition("@media print")[2]
        assert re.search(r"\.site-header[^}]*display:\s*none", printed)


class TestSections:
    def test_a_heading_with_nothing_under_it_is_left_out(
        self, client: TestClient, make: Make
    ) -> None:
        bare = client.get(f"/organisations/{make()['id']}")
        assert "参加するには" not in bare.text
        told = client.get(f"/organisations/{make(schedule='毎週土曜')['id']}")
        assert "参加するには" in told.text
