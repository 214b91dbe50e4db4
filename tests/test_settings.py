"""The production files and `Settings` speak of the same variables."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
KNOWN = {f"MUSUBI_{name.upper()}" for name in Settings.model_fields}
# What a city hall has to decide in production; the rest has a default that suits.
NEEDED = {
    "MUSUBI_DATA_DIR",
    "MUSUBI_DEMO",
    "MUSUBI_DATABASE_URL",
    "MUSUBI_SEARCH",
    "MUSUBI_MEILI_URL",
    "MUSUBI_MEILI_KEY",
    "MUSUBI_ALLOWED_HOSTS",
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def env_example() -> dict[str, str]:
    lines = [line for line in read(".env.example").splitlines() if line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(read("docker-compose.yml"))
    return document


class TestSettings:
    def test_are_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = {
            "MUSUBI_DATA_DIR": "/data",
            "MUSUBI_DEMO": "0",
            "MUSUBI_DATABASE_URL": "postgresql+psycopg://musubi@postgres/musubi",
            "MUSUBI_SEARCH": "embedded",
            "MUSUBI_ALLOWED_HOSTS": '["musubi.example.jp"]',
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        settings = Settings()
        assert settings.data_dir == Path("/data")
        assert settings.demo is False
        assert settings.url == given["MUSUBI_DATABASE_URL"]
        assert settings.search == "embedded"
        assert settings.allowed_hosts == ["musubi.example.jp"]

    def test_default_to_one_folder_on_ones_own_machine(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for name in KNOWN:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(tmp_path)
        settings = Settings()
        assert settings.url == f"sqlite:///{tmp_path}/var/musubi.sqlite3"
        assert settings.embedded_path.parent == settings.data_dir
        assert settings.operator_token_path.parent == settings.data_dir
        assert (settings.demo, settings.search) == (True, "auto")

    def test_refuse_an_engine_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MUSUBI_SEARCH", "elastic")
        with pytest.raises(ValidationError):
            Settings()

    @pytest.mark.parametrize(
        ("given", "hosts"),
        [
            ("musubi.example.jp", ["musubi.example.jp"]),
            (" Musubi.example.jp , *.example.com,", ["musubi.example.jp", "*.example.com"]),
            ("*", ["*"]),
            ("[::1],localhost", ["[::1]", "localhost"]),
            ('["musubi.example.jp", "localhost"]', ["musubi.example.jp", "localhost"]),
        ],
    )
    def test_take_hosts_with_commas_or_as_json(
        self, monkeypatch: pytest.MonkeyPatch, given: str, hosts: list[str]
    ) -> None:
        monkeypatch.setenv("MUSUBI_ALLOWED_HOSTS", given)
        assert Settings().allowed_hosts == hosts

    @pytest.mark.parametrize(
        "given",
        ["", ",", "[]", '["a"', '["a" "b"]', "[1]", "https://example.jp", "a:8000", "a b", "a*"],
    )
    def test_refuse_what_is_no_host(self, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
        monkeypatch.setenv("MUSUBI_ALLOWED_HOSTS", given)
        with pytest.raises(ValidationError):
            Settings()

    def test_do_not_print_the_key(self) -> None:
        assert "himitsu" not in repr(Settings(meili_key="himitsu"))  # type: ignore[arg-type]

    def test_say_what_each_is_for(self) -> None:
        assert all(field.description for field in Settings.model_fields.values())


class TestProductionFiles:
    @pytest.mark.parametrize("name", ["docker-compose.yml", ".env.example", "Dockerfile"])
    def test_name_only_variables_that_are_settings(self, name: str) -> None:
        named = set(re.findall(r"MUSUBI_[A-Z_]+", read(name)))
        assert named
        assert named <= KNOWN

    def test_every_setting_needed_has_its_place(self, compose: dict[str, Any]) -> None:
        given = set(compose["services"]["app"]["environment"]) | set(env_example())
        assert NEEDED <= KNOWN
        assert given >= NEEDED

    def test_every_variable_asked_for_is_in_the_example(self) -> None:
        asked = set(re.findall(r"\$\{([A-Z_]+)", read("docker-compose.yml")))
        assert asked <= set(env_example())

    def test_the_example_holds_no_secret_and_values_that_settings_take(
        self, monkeypatch: pytest.MonkeyPatch, compose: dict[str, Any]
    ) -> None:
        example = env_example()
        assert example["POSTGRES_PASSWORD"] == example["MEILI_MASTER_KEY"] == ""
        assert example["MUSUBI_ALLOWED_HOSTS"] == "musubi.example.jp"
        values = {**example, **compose["services"]["app"]["environment"]}
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings = Settings()
        assert settings.demo is False
        assert settings.url.startswith("postgresql+psycopg://")
        assert settings.allowed_hosts != ["*"]


class TestCompose:
    def test_has_the_service_its_worker_and_what_they_need(self, compose: dict[str, Any]) -> None:
        assert {"app", "worker", "migrate", "postgres", "meilisearch"} <= set(compose["services"])
        for name in ("app", "worker"):
            waits = compose["services"][name]["depends_on"]
            assert waits["migrate"]["condition"] == "service_completed_successfully"

    def test_runs_the_tested_meilisearch(self, compose: dict[str, Any]) -> None:
        package = json.loads(read("package.json"))["optionalDependencies"]
        (version,) = (v for name, v in package.items() if "meilisearch" in name)
        image = compose["services"]["meilisearch"]["image"]
        assert image == f"getmeili/meilisearch:v{version.rpartition('-')[2]}"

    def test_runs_postgresql_18_and_keeps_what_it_writes(self, compose: dict[str, Any]) -> None:
        assert compose["services"]["postgres"]["image"].startswith("postgres:18")
        mounts = [v for s in compose["services"].values() for v in s.get("volumes", ())]
        assert {mount.split(":")[0] for mount in mounts} == set(compose["volumes"])

    def test_nothing_runs_with_rights_it_does_not_need(self, compose: dict[str, Any]) -> None:
        for name in ("app", "worker", "migrate"):
            service = compose["services"][name]
            assert service["user"] == "10001"
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
        assert "USER musubi" in read("Dockerfile")

    def test_opens_one_port_on_loopback(self, compose: dict[str, Any]) -> None:
        ports = [port for s in compose["services"].values() for port in s.get("ports", ())]
        assert ports == ["127.0.0.1:${PORT:-8000}:8000"]

    @pytest.mark.parametrize("name", ["app", "worker", "migrate"])
    def test_runs_commands_that_exist(self, compose: dict[str, Any], name: str) -> None:
        from typer.main import get_command

        from app.cli import app as cli

        program, command, *options = compose["services"][name]["command"]
        assert program in tomllib.loads(read("pyproject.toml"))["project"]["scripts"]
        known = get_command(cli).commands[command]  # type: ignore[attr-defined]
        flags = {flag for parameter in known.params for flag in parameter.opts}
        assert {option for option in options if option.startswith("-")} <= flags


class TestDockerfile:
    def test_copies_only_what_is_there_and_not_ignored(self) -> None:
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read("Dockerfile"), re.MULTILINE)
        ignored = read(".dockerignore").split()
        for path in " ".join(copied).split():
            assert path.split("/")[0] not in ignored
            assert (ROOT / path).exists() or path == "README.md"
