"""Every controlled list: stable codes, Japanese labels, nothing twice."""

import re

import pytest

from app.vocabulary import (
    Choice,
    fields,
    goals,
    listings,
    organisations,
    people,
    skills,
    times,
)

MODULES = (fields, goals, listings, organisations, people, skills, times)
LISTS = Choice.__subclasses__()


class TestChoice:
    @pytest.mark.parametrize("kind", LISTS, ids=lambda kind: kind.__name__)
    def test_has_codes_for_programs_and_labels_for_people(self, kind: type[Choice]) -> None:
        assert kind.__module__ in {module.__name__ for module in MODULES}
        members = list(kind)
        assert len({member.label for member in members}) == len(members) > 1
        for member in members:
            assert re.fullmatch(r"[a-z0-9_]{1,40}", member.value)
            assert member.label.strip() == member.label != ""

    @pytest.mark.parametrize("kind", LISTS, ids=lambda kind: kind.__name__)
    def test_is_named_by_code_or_label_and_nothing_else(self, kind: type[Choice]) -> None:
        for member in kind:
            assert kind.named(member.value) is member
            assert kind.named(member.label) is member
            assert kind(member.value) is member
        assert kind.named("") is None
        assert kind.named("そんなものはない") is None

    def test_is_its_code_wherever_a_text_is_wanted(self) -> None:
        status = organisations.Status.PUBLISHED
        assert f"{status}" == status == "published"
        assert (status.label, status.description[:3]) == ("公開中", "だれで")
