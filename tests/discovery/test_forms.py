import pytest
from pydantic import ValidationError

from app.discovery.forms import SearchForm, check_position


class TestSearchForm:
    def test_gives_only_the_code_lists_that_were_chosen(self) -> None:
        form = SearchForm.model_validate({"area": ["13203", "130001"], "accepting": "false"})
        assert form.codes() == {"area": ("132039", "13"), "accepting": ("false",)}

    def test_a_distance_needs_a_centre(self) -> None:
        with pytest.raises(ValidationError, match="near"):
            SearchForm(radius_km=3)

    def test_reads_a_position(self) -> None:
        assert SearchForm(near="35.5, -139.25").position == (35.5, -139.25)
        assert SearchForm().position is None


class TestCheckPosition:
    @pytest.mark.parametrize("value", ["35.7,139.5", "-90,180", "0,0"])
    def test_takes_degrees(self, value: str) -> None:
        assert check_position(value) == value

    @pytest.mark.parametrize("value", ["", "35.7", "91,0", "0,181", "３５,１", "1e1,2", "35;1"])
    def test_refuses_anything_else(self, value: str) -> None:
        with pytest.raises(ValueError, match="緯度"):
            check_position(value)
