"""The twenty fields of the Act and the residents' short list."""

import pytest

from app.vocabulary.fields import Field, Interest


class TestField:
    def test_are_the_twenty_of_the_schedule(self) -> None:
        assert [int(field.value) for field in Field] == list(range(1, 21))
        assert Field("13").label == "子どもの健全育成を図る活動"
        assert Field("8").label == "災害救援活動"

    @pytest.mark.parametrize("field", Field)
    def test_have_a_short_name_for_cards(self, field: Field) -> None:
        assert 0 < len(field.short) <= 14


class TestInterest:
    def test_leave_no_field_out(self) -> None:
        covered = {field for interest in Interest for field in interest.fields}
        assert covered == set(Field)

    @pytest.mark.parametrize(
        ("interest", "numbers"),
        [("welfare", {1, 10, 12}), ("children", {2, 13}), ("safety", {8, 9}), ("sports", {6})],
    )
    def test_stand_for_fields(self, interest: str, numbers: set[int]) -> None:
        assert {int(field.value) for field in Interest(interest).fields} == numbers
