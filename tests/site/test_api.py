"""Health, metrics and the vocabularies."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.changes import Waiting
from app.core.clock import now
from app.discovery.engines import Engines
from app.discovery.sync import Keeper
from app.main import API, create_app
from app.organisations.models import Office
from app.settings import Settings
from app.vocabulary import Choice
from app.vocabulary.fields import Interest

Make = Callable[..., dict[str, Any]]


class TestHealthz:
    def test_answers_that_it_runs(self, client: TestClient) -> None:
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    def test_asks_no_database(self, sqlite_settings: Settings) -> None:
        settings = sqlite_settings.model_copy(
            update={"database_url": "postgresql+psycopg://musubi@127.0.0.1:1/musubi"}
        )
        client = TestClient(create_app(settings))  # not entered: nothing runs beside it
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")
        assert ready.json()["status"] == ready.json()["database"] == "unavailable"


class TestReadyz:
    def test_says_that_the_embedded_engine_answers(
        self, client: TestClient, make: Make, indexed: Callable[[], None]
    ) -> None:
        make()
        indexed()
        assert client.get("/readyz").json() == {
            "status": "ready",
            "database": "ok",
            "search": "embedded",
            "degraded": True,
            "waiting": 0,
            "refused": 0,
        }

    def test_counts_what_waits_and_what_was_refused(
        self, client: TestClient, make: Make, indexed: Callable[[], None]
    ) -> None:
        make()
        indexed()
        app: Any = client.app
        with app.state.database.write() as session:
            session.add(
                Waiting(
                    engine="embedded",
                    kind="organisation",
                    entity_id="x",
                    change_id=1,
                    attempts=2,
                    error="refused",
                    retry_at=now() + timedelta(days=1),
                )
            )
        ready = client.get("/readyz").json()
        assert (ready["waiting"], ready["refused"], ready["status"]) == (1, 1, "ready")

    def test_says_that_meilisearch_answers(
        self, meili_settings: Settings, meili_engines: Engines
    ) -> None:
        app = create_app(meili_settings, meili_engines)
        client = TestClient(app)
        assert client.get("/readyz").json()["search"] == "embedded"
        Keeper(app.state.database, meili_engines).keep()
        ready = client.get("/readyz").json()
        assert (ready["search"], ready["degraded"]) == ("meilisearch", False)
        assert "通常どおり" in client.get("/about").text
        app.state.database.close()


class TestMetrics:
    def test_are_readable_by_prometheus(self, client: TestClient) -> None:
        client.get("/healthz")
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        assert 'http_requests_total{method="GET",route="/healthz",status="200"}' in answer.text
        assert "http_request_seconds_bucket" in answer.text


class TestVocabularies:
    def test_hold_every_list_with_japanese_labels(self, client: TestClient) -> None:
        lists = client.get(f"{API}/vocabularies").json()
        assert {
            "field",
            "interest",
            "stage",
            "legal_form",
            "organisation_type",
            "status",
            "when",
            "registration_scheme",
            "office",
            "goal",
            "contact_kind",
            "publication_use",
        } <= set(lists)
        for name in ("organisation_type", "legal_form", "status", "when", "goal", "interest"):
            assert all(term["code"] and term["label"] for term in lists[name])
        assert [term["code"] for term in lists["field"]] == [str(n) for n in range(1, 21)]
        assert [term["code"] for term in lists["stage"]][:2] == ["preparation", "launch"]

    @pytest.mark.parametrize("kind", Choice.__subclasses__(), ids=lambda kind: kind.__name__)
    def test_leave_no_list_out(self, client: TestClient, kind: type[Choice]) -> None:
        lists = client.get(f"{API}/vocabularies").json()
        codes = {tuple(str(term["code"]) for term in terms) for terms in lists.values()}
        assert tuple(member.value for member in kind) in codes

    def test_interests_stand_for_fields_of_the_act(self, client: TestClient) -> None:
        (welfare, *_) = client.get(f"{API}/vocabularies").json()["interest"]
        assert welfare == {
            "code": "welfare",
            "label": Interest.WELFARE.label,
            "fields": [1, 10, 12],
        }

    def test_show_the_rows_of_the_city_in_its_order(self, client: TestClient) -> None:
        app: Any = client.app
        with app.state.database.write() as session:
            session.add(Office(code="b", name="社協", position=1))
            session.add(Office(code="a", name="市", position=2))
        offices = client.get(f"{API}/vocabularies").json()["office"]
        assert [office["name"] for office in offices] == ["社協", "市"]
