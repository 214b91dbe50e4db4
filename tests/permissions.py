"""The table of permissions, and what its requests say."""

from datetime import timedelta
from typing import Any

from app.core.clock import today
from app.main import API

ONE = f"{API}/organisations/{{organisation_id}}"
PERSON = f"{API}/people/{{person_id}}"
NEED, OFFER = f"{API}/needs/{{listing_id}}", f"{API}/offers/{{listing_id}}"
SHIFT, PLACE = f"{API}/shifts/{{shift_id}}", f"{API}/places/{{place_id}}"
STATES = ("draft", "published", "suspended", "closed", "missing")
# Route → what a visitor, somebody with a wrong token and an operator are answered: a status for
# each of STATES, or one for them all.
TABLE: dict[str, tuple[str, str, str]] = {
    f"GET {API}/openapi.json": ("200", "200", "200"),
    f"GET {API}/search": ("200", "200", "200"),
    f"GET {API}/search/suggest": ("200", "200", "200"),
    f"GET {API}/vocabularies": ("200", "200", "200"),
    f"GET {API}/organisations": ("200", "401", "200"),
    f"POST {API}/organisations": ("401", "401", "201"),
    f"GET {ONE}": ("404 200 404 200 404", "401", "200 200 200 200 404"),
    f"PATCH {ONE}": ("401", "401", "200 200 200 200 404"),
    f"POST {ONE}/publish": ("401", "401", "200 409 200 409 404"),
    f"POST {ONE}/suspend": ("401", "401", "409 200 409 409 404"),
    f"POST {ONE}/close": ("401", "401", "200 200 200 409 404"),
    f"POST {ONE}/confirm": ("401", "401", "200 200 200 409 404"),
    f"GET {ONE}/history": ("404 200 404 200 404", "401", "200 200 200 200 404"),
    f"GET {ONE}/suggestions": ("401", "401", "200 200 200 200 404"),
    f"POST {ONE}/suggestions/{{source}}/{{field}}/accept": ("401", "401", "200 200 200 200 404"),
    f"POST {ONE}/suggestions/{{source}}/{{field}}/dismiss": ("401", "401", "204 204 204 204 404"),
    f"GET {API}/people": ("401", "401", "200"),
    f"POST {API}/people": ("401", "401", "201"),
    f"GET {PERSON}": ("401", "401", "200 200 200 200 404"),
    f"PATCH {PERSON}": ("401", "401", "200 200 200 200 404"),
    f"DELETE {PERSON}": ("401", "401", "204 204 204 204 404"),
    f"POST {PERSON}/pause": ("401", "401", "200 200 200 200 404"),
    f"POST {PERSON}/resume": ("401", "401", "200 200 200 200 404"),
    # Listings are published once their organisation is; all their own states: tests/listings.
    f"GET {API}/needs": ("200", "401", "200"),
    f"POST {API}/needs": ("401", "401", "201 201 201 201 422"),
    f"GET {NEED}": ("404 200 404 404 404", "401", "200 200 200 200 404"),
    f"PATCH {NEED}": ("401", "401", "200 200 200 200 404"),
    f"POST {NEED}/publish": ("401", "401", "409 409 409 409 404"),
    f"POST {NEED}/pause": ("401", "401", "409 200 200 409 404"),
    f"POST {NEED}/fulfil": ("401", "401", "409 200 200 409 404"),
    f"POST {NEED}/close": ("401", "401", "200 200 200 200 404"),
    f"GET {API}/offers": ("200", "401", "200"),
    f"POST {API}/offers": ("401", "401", "201 201 201 201 422"),
    f"GET {OFFER}": ("404 200 404 404 404", "401", "200 200 200 200 404"),
    f"PATCH {OFFER}": ("401", "401", "200 200 200 200 404"),
    f"POST {OFFER}/publish": ("401", "401", "409 409 409 409 404"),
    f"POST {OFFER}/pause": ("401", "401", "409 200 200 409 404"),
    f"POST {OFFER}/fulfil": ("401", "401", "409 200 200 409 404"),
    f"POST {OFFER}/close": ("401", "401", "200 200 200 200 404"),
    f"GET {NEED}/shifts": ("404 200 404 404 404", "401", "200 200 200 200 404"),
    f"POST {NEED}/shifts": ("401", "401", "201 201 201 201 404"),
    f"PATCH {SHIFT}": ("401", "401", "200 200 200 200 404"),
    f"GET {SHIFT}/places": ("401", "401", "200 200 200 200 404"),
    f"POST {SHIFT}/places": ("401", "401", "409 409 409 409 404"),
    f"POST {PLACE}/confirm": ("401", "401", "404 409 409 404 404"),
    f"POST {PLACE}/cancel": ("401", "401", "404 200 200 404 404"),
    f"GET {NEED}/matches": ("401", "401", "200 200 200 200 404"),
    f"GET {OFFER}/matches": ("401", "401", "200 200 200 200 404"),
    f"GET {NEED}/matches/{{candidate_id}}": ("401", "401", "200 200 200 200 404"),
    f"GET {OFFER}/matches/{{candidate_id}}": ("401", "401", "200 200 200 200 404"),
    # 409: of one's own group, as everything here is.
    f"POST {NEED}/matches/{{candidate_id}}": ("401", "401", "409 409 409 409 404"),
    f"POST {OFFER}/matches/{{candidate_id}}": ("401", "401", "409 409 409 409 404"),
    f"GET {NEED}/proposals": ("401", "401", "200 200 200 200 404"),
    f"GET {OFFER}/proposals": ("401", "401", "200 200 200 200 404"),
    f"POST {NEED}/shifts/assignments/draft": ("401", "401", "200 200 200 200 404"),
    f"GET {PERSON}/opportunities": ("401", "401", "200 200 200 200 404"),
    f"GET {ONE}/partners": ("401", "401", "200 200 200 200 404"),
    f"POST {API}/matches": ("401", "401", "200 200 200 200 422"),
    f"GET {API}/matching": ("401", "401", "200"),
    f"PUT {API}/matching/weights/{{kind}}": ("401", "401", "200"),
    f"PUT {API}/matching/compatibility/{{kind}}": ("401", "401", "200"),
    "GET /": ("200", "200", "200"),
    "GET /about": ("200", "200", "200"),
    "GET /favicon.ico": ("200", "200", "200"),
    "GET /search": ("200", "200", "200"),
    "GET /opportunities": ("200", "200", "200"),
    # A page shows everybody what the public may see, operators included.
    "GET /organisations/{organisation_id}": ("404 200 404 200 404",) * 3,
    "GET /organisations/{organisation_id}/partners": ("404 200 404 200 404",) * 3,
    "GET /needs/{listing_id}": ("404 200 404 404 404",) * 3,
    "GET /offers/{listing_id}": ("404 200 404 404 404",) * 3,
    "GET /healthz": ("200", "200", "200"),
    "GET /readyz": ("200", "200", "200"),
    "GET /metrics": ("200", "200", "200"),
    "GET /static": ("200", "200", "200"),
}
ACTORS = ("visitor", "wrong token", "operator")
DATE: dict[str, Any] = {
    "starts_at": f"{today() + timedelta(days=30)}T10:00",
    "ends_at": f"{today() + timedelta(days=30)}T12:00",
    "capacity": 5,
}
BODIES: dict[str, dict[str, Any]] = {
    f"POST {API}/organisations": {"name": "新しい会"},
    f"PATCH {ONE}": {"message": "新しい一言"},
    f"POST {ONE}/confirm": {"by": "職員", "how": "phone"},
    f"POST {API}/people": {"name": "はな"},
    f"PATCH {PERSON}": {"name": "はなこ"},
    f"POST {API}/needs": {"kind": "people", "title": "お手伝い"},
    f"PATCH {NEED}": {"title": "別の題"},
    f"POST {API}/offers": {"kind": "goods", "title": "机"},
    f"PATCH {OFFER}": {"title": "別の題"},
    f"POST {NEED}/shifts": {**DATE, "ends_at": DATE["starts_at"].replace("10:00", "11:00")},
    f"PATCH {SHIFT}": {"capacity": 6},
    f"POST {SHIFT}/places": {},
    f"POST {NEED}/shifts/assignments/draft": {"most_per_person": 1},
    f"POST {API}/matches": {"need": {"kind": "people", "title": "お手伝い"}},
    f"PUT {API}/matching/weights/{{kind}}": {"weights": {"fields": 30}},
    f"PUT {API}/matching/compatibility/{{kind}}": {"offers": ["people"]},
}
STEPS = {
    "draft": [],
    "published": ["publish"],
    "suspended": ["publish", "suspend"],
    "closed": ["close"],
}
PRIVATE = ("秘密", "0000-0000", "private@example.jp", "9990000")
BODY: dict[str, Any] = {
    "municipality": "132039",
    "message": "絵本の読み聞かせ",
    "address": {
        "postcode": "9990000",
        "street": "秘密坂1-2-3",
        "latitude": 12.3456,
        "longitude": 45.6789,
    },
    "contacts": [
        {"kind": "phone", "value": "090-0000-0000", "note": "秘密の番号"},
        {"kind": "email", "value": "private@example.jp"},
        {"kind": "representative", "value": "秘密太郎", "kana": "ヒミツタロウ"},
        {"kind": "email", "value": "public@example.jp", "is_public": True},
    ],
}
PERSONAL = {
    "name": "秘密花子",
    "email": "private@example.jp",
    "phone": "090-0000-0000",
    "can_do": "秘密の特技",
    "latitude": 35.0,
    "longitude": 139.0,
    "matching_consent": True,
}
