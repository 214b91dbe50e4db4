"""Lists of records: by cursor, with a total, filtered, on both databases."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.core.clock import now
from app.core.paging import encode_cursor
from app.main import API
from app.organisations.models import Source
from app.organisations.queries import get_organisation

ORGANISATIONS = f"{API}/organisations"
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(client: TestClient) -> Callable[..., dict[str, Any]]:
    """A page of the list, as a visitor."""

    def ask(**params: Any) -> dict[str, Any]:
        answer = client.get(ORGANISATIONS, params=params)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    return ask


class TestPaging:
    def test_shows_each_record_once_while_others_come_and_go(
        self, make: Make, act: Callable[..., Any], ask: Callable[..., dict[str, Any]]
    ) -> None:
        made = [make(name=f"会{number}") for number in range(6)]
        page = ask(limit=2)
        seen = [item["name"] for item in page["items"]]
        assert page["total"] == 6
        act(made[0], "close")
        make(name="後から")
        while page["next_cursor"]:
            page = ask(limit=2, cursor=page["next_cursor"])
            assert page["total"] == 6
            seen += [item["name"] for item in page["items"]]
        assert seen == [*(f"会{number}" for number in range(6)), "後から"]

    def test_the_last_full_page_has_no_next(
        self, make: Make, ask: Callable[..., dict[str, Any]]
    ) -> None:
        for number in range(4):
            make(name=f"会{number}")
        first = ask(limit=2)
        assert ask(limit=2, cursor=first["next_cursor"])["next_cursor"] is None
        assert ask(limit=4)["next_cursor"] is None
        assert ask(limit=3)["next_cursor"]

    def test_nothing_is_an_empty_page(self, ask: Callable[..., dict[str, Any]]) -> None:
        assert ask() == {"items": [], "total": 0, "next_cursor": None}

    @pytest.mark.parametrize("path", ["", "/{id}/history"])
    def test_a_limit_out_of_range_is_refused(
        self, client: TestClient, make: Make, path: str
    ) -> None:
        path = ORGANISATIONS + path.format(id=make()["id"])
        for limit in (-1, 0, 101, 10**30, "x", "", "1.5", "NaN"):
            answer = client.get(path, params={"limit": limit})
            assert answer.status_code == 422, limit
            assert answer.json()["errors"][0]["field"] == "query.limit"
        assert client.get(path, params={"limit": 100}).status_code == 200

    @pytest.mark.parametrize("path", ["", "/{id}/history"])
    def test_a_broken_cursor_is_refused(self, client: TestClient, make: Make, path: str) -> None:
        path = ORGANISATIONS + path.format(id=make()["id"])
        broken = [
            *("x", "あ", "====", "W10", "bnVsbA", "AAAA", "x" * 201),
            *(encode_cursor("x"), encode_cursor("a", "b"), encode_cursor("\x00")),
            *(encode_cursor(-1), encode_cursor(2**64), encode_cursor(1, 2)),
        ]
        for cursor in broken:
            answer = client.get(path, params={"cursor": cursor})
            assert answer.status_code == 422, cursor
            assert answer.json()["errors"][0]["field"] == "query.cursor"

    def test_takes_two_statements_however_many_records(
        self,
        client: TestClient,
        make: Make,
        ask: Callable[..., dict[str, Any]],
        indexed: Callable[[], None],
    ) -> None:
        counts = []
        for number in range(3):
            make(name=f"会{number}", fields=[1, 2], keywords=["a"])
            indexed()
            statements: list[str] = []
            engine = client.app.state.database.reader  # type: ignore[attr-defined]

            def note(_c: Any, _u: Any, statement: str, *_: Any, to: Any = statements) -> None:
                if "FROM organisation" in statement:
                    to.append(statement)

            event.listen(engine, "before_cursor_execute", note)
            ask()
            event.remove(engine, "before_cursor_execute", note)
            counts.append(len(statements))
        assert counts == [2, 2, 2]


class TestFilter:
    @pytest.mark.parametrize(
        ("params", "found"),
        [
            ({"field": 2}, {"a", "b"}),
            ({"field": [13, 20]}, {"a"}),
            ({"stage": "growth"}, {"a"}),
            ({"stage": ["growth", "launch"]}, {"a", "b"}),
            ({"area": "132039"}, {"a"}),
            ({"area": "132047"}, {"a", "b"}),  # where it acts, or where it is
            ({"area": "13"}, {"a", "b"}),
            ({"area": "27"}, {"c"}),
            ({"legal_form": "npo"}, {"a"}),
            ({"organisation_type": "company"}, {"c"}),
            ({"office": "center"}, {"a"}),
            ({"corporate_number": "7000-0120-50002"}, {"a"}),
            ({"field": 2, "stage": "launch"}, {"b"}),
            ({"status": "closed"}, set()),
        ],
    )
    def test_one_of_each_and_all_together(
        self,
        make: Make,
        ask: Callable[..., dict[str, Any]],
        office: str,
        params: dict[str, Any],
        found: set[str],
    ) -> None:
        make(
            name="a",
            fields=[2, 13],
            stage="growth",
            municipality="132039",
            areas=["132047"],
            legal_form="npo",
            office=office,
            corporate_number="7000012050002",
        )
        make(name="b", fields=[2], stage="launch", municipality="132047")
        make(name="c", organisation_type="company", municipality="271004")
        page = ask(**params)
        assert {item["name"] for item in page["items"]} == found
        assert page["total"] == len(found)

    @pytest.mark.parametrize(
        "params",
        [
            {"field": 0},
            {"field": 21},
            {"field": "x"},
            {"legal_form": "x"},
            {"status": "x"},
            {"corporate_number": "7000012050003"},
            {"color": "青"},
            {"stage": "a\x00"},
            {"office": "a\x00"},
            {"area": "a\x00"},
            {"area": "999999"},
            {"stage": '" OR 1=1 --'},
        ],
    )
    def test_refuses_what_cannot_be(self, client: TestClient, params: dict[str, Any]) -> None:
        answer = client.get(ORGANISATIONS, params=params)
        assert answer.status_code == 422
        at = answer.json()["errors"][0]["field"]
        assert (
            at == "url"
            if "\0" in str(next(iter(params.values())))
            else at.startswith(f"query.{next(iter(params))}")
        )


class TestGetOrganisation:
    def test_names_every_source_the_last_import_first(
        self, client: TestClient, make: Make, ask: Callable[..., dict[str, Any]]
    ) -> None:
        made = make()
        at = now()
        rows = [("groups-csv", "7"), ("houjin-bangou", "7000012050002"), ("groups-csv", "8")]
        database = client.app.state.database  # type: ignore[attr-defined]
        with database.write() as session:
            known = get_organisation(session, uuid.UUID(made["id"]))
            for minutes, (source, source_id) in enumerate(rows):
                session.add(
                    Source(
                        source=source,
                        source_id=source_id,
                        organisation_id=known.id,
                        fingerprint="x",
                        said={},
                        imported_at=at.replace(year=2020 + minutes),
                    )
                )
        (item,) = ask()["items"]
        assert [(s["source"], s["source_id"]) for s in item["sources"]] == rows[::-1]
        assert all(s["imported_at"].endswith(("Z", "+00:00")) for s in item["sources"])

    def test_reads_back_all_that_was_written(
        self, client: TestClient, operator: dict[str, str], make: Make, full: dict[str, Any]
    ) -> None:
        path = f"{ORGANISATIONS}/{make(**full)['id']}"
        record = client.get(path, headers=operator).json()
        private = {"kana": None, "note": None, "is_public": False}
        full["contacts"] = [{**private, **contact} for contact in full["contacts"]]
        assert {name: record[name] for name in full} == full

    def test_what_one_has_is_not_sent_again(self, client: TestClient, make: Make) -> None:
        path = f"{ORGANISATIONS}/{make()['id']}"
        tag = client.get(path).headers["etag"]
        answer = client.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"0"'}).status_code == 200
