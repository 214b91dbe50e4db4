"""The operator token: one for everybody who starts, never an empty one."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.tokens import UnusableToken, ensure_operator_token
from app.main import create_app
from app.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "operator-token"


class TestEnsureOperatorToken:
    def test_is_made_once_for_its_owner_alone(self, file: Path) -> None:
        token = ensure_operator_token(file)
        assert len(token) >= 32
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert ensure_operator_token(file) == token
        assert list(file.parent.iterdir()) == [file]

    def test_all_who_start_at_once_have_the_same(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            for number in range(50):
                file = tmp_path / str(number) / "operator-token"
                tokens = set(pool.map(ensure_operator_token, [file] * 8))
                assert tokens == {file.read_text()}

    @pytest.mark.parametrize("written", ["", "\n", "short", "x" * 31 + "\n", " " * 40])
    def test_one_that_can_be_guessed_is_refused_and_left(self, file: Path, written: str) -> None:
        file.parent.mkdir()
        file.write_text(written)
        with pytest.raises(UnusableToken, match="32文字"):
            ensure_operator_token(file)
        assert file.read_text() == written

    def test_one_of_the_city_halls_own_is_taken(self, file: Path) -> None:
        file.parent.mkdir()
        file.write_text("x" * 32 + "\n")
        assert ensure_operator_token(file) == "x" * 32

    def test_without_one_there_is_no_service(self, sqlite_settings: Settings) -> None:
        sqlite_settings.operator_token_path.write_text("")
        with pytest.raises(UnusableToken):
            create_app(sqlite_settings)
