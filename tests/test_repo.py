"""The house rules themselves."""

import ast
import csv
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from typer.main import get_command

from app.cli import app as cli
from app.core.db import Database
from app.discovery.sync import Keeper
from app.main import API
from app.matching.nightly import NightWatch

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = set(get_command(cli).commands)  # type: ignore[attr-defined]
ROOMS = {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}
# What may stand in an address, and nothing of a machine or of where packages are fetched.
_REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.|registry\.(?:npmjs|yarnpkg)\.|npmmirror\.|[/.]artifactory[/.]|[/.]nexus[/.]|"
    r"[/.]devpi[/.]|--(?:extra-)?index-url[ =]\S*//|crates\.io|proxy\.golang\.",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"(?<![\w.~$}-])/(?:home|root|Users|work|mnt|private)/[\w.-]+")


def committed() -> Iterator[tuple[str, str]]:
    """Path and text of every file of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield name, path.read_bytes().decode("utf-8", errors="replace")


FILES = dict(committed())
PYTHON = {name: text for name, text in FILES.items() if name.endswith(".py")}
OURS = {name: text for name, text in PYTHON.items() if name.startswith(("app/", "search/"))}
TEMPLATES = {name: text for name, text in FILES.items() if name.startswith("app/templates/")}


def offenders(files: dict[str, str], wrong: Callable[[str, str], object]) -> list[str]:
    assert files
    return [name for name, text in files.items() if wrong(name, text)]


class TestFiles:
    def test_no_module_is_longer_than_400_lines(self) -> None:
        """Migrations aside: each is written once, as a whole, and never grows."""
        modules = {n: t for n, t in PYTHON.items() if not n.startswith("migrations/versions/")}
        assert offenders(modules, lambda _, text: len(text.splitlines()) > 400) == []

    def test_none_names_a_package_registry(self) -> None:
        assert offenders(FILES, lambda _, text: _REGISTRY.search(text)) == []

    def test_none_names_a_folder_of_somebodys_machine(self) -> None:
        assert offenders(FILES, lambda _, text: _MACHINE.search(text) or str(ROOT) in text) == []

    def test_the_patterns_find_what_they_are_for(self) -> None:
        parts = (("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"))
        assert all(_REGISTRY.search(f"https://{'.'.join(host)}/simple") for host in parts)
        assert _MACHINE.search('"/' + 'home/hanako/musubi"')

    def test_lock_files_pin_and_hash_and_name_no_place(self) -> None:
        locks = {
            name: text for name, text in FILES.items() if re.match(r"requirements/.+\.txt", name)
        }
        assert {"requirements/app.txt", "requirements/dev.txt"} <= set(locks)
        for text in locks.values():
            assert "://" not in text
            pins = re.findall(r"^([\w.\[\]-]+)==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)
            assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE))

    def test_the_npm_lock_holds_integrity_and_no_place(self) -> None:
        text = FILES["package-lock.json"]
        assert "resolved" not in text
        assert "://" not in text
        packages = {name: p for name, p in json.loads(text)["packages"].items() if name}
        assert packages
        assert all(package["integrity"].startswith("sha512-") for package in packages.values())


class TestModules:
    def test_only_the_ground_floor_commits(self) -> None:
        app = {name: text for name, text in OURS.items() if name.startswith("app/")}
        assert offenders(app, lambda _, text: ".commit(" in text) == ["app/core/db.py"]

    def test_none_is_a_drawer_for_everything(self) -> None:
        drawers = {"services", "utils", "helpers", "common", "schemas", "repositories", "misc"}
        assert offenders(PYTHON, lambda name, _: drawers & set(re.split(r"[/.]", name))) == []

    def test_none_postpones_annotations(self) -> None:
        postponed = re.compile(r"^from __future__ import .*annotations", re.MULTILINE)
        assert offenders(PYTHON, lambda _, text: postponed.search(text)) == []

    def test_each_says_what_it_is(self) -> None:
        assert offenders(OURS, lambda _, text: not ast.get_docstring(ast.parse(text))) == []

    def test_rules_ask_neither_database_nor_clock(self) -> None:
        rules = {name: text for name, text in OURS.items() if name.endswith("/rules.py")}
        impure = re.compile(
            r"session|\btoday\(\)|\bnow\(\)|^(?:import|from) (?:fastapi|sqlal|sqlm)", re.MULTILINE
        )
        assert offenders(rules, lambda _, text: impure.search(_code(text))) == []

    def test_every_room_is_in_the_column(self) -> None:
        layers = re.search(r"layers = \[(.+?)\]", FILES["pyproject.toml"], re.DOTALL)
        assert layers
        assert set(re.findall(r'"(\w+)"', layers[1])) >= ROOMS


def _code(text: str) -> str:
    """The module without its docstrings and comments."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None
    return ast.unparse(tree)


class TestTests:
    def test_mirror_the_tree(self) -> None:
        """`tests/<room>/test_<door>.py`, or `test_<door>_<subject>.py` where one would be long.

        The command line's doors are its commands. What only a browser shows is no room's alone.
        """
        strays = []
        for name in PYTHON:
            match = re.fullmatch(r"tests/(\w+)/(?:\w+/)?test_(\w+)\.py", name)
            if not match or match[1] == "browser":
                continue
            room = ROOT / match[1] if match[1] == "search" else ROOT / "app" / match[1]
            doors = {path.stem for path in room.glob("**/*")} | {"init"}
            doors |= COMMANDS if match[1] == "cli" else set()
            if not any(match[2] == door or match[2].startswith(f"{door}_") for door in doors):
                strays.append(name)
        assert strays == []


class TestTemplates:
    def test_every_page_is_a_page_of_the_house(self) -> None:
        pages = {n: t for n, t in TEMPLATES.items() if not re.search(r"/_[^/]+$|/base\.html$", n)}
        assert offenders(pages, lambda _, text: not self._of_the_house(text)) == []

    def _of_the_house(self, text: str) -> bool:
        """The page extends the base, or a part that does."""
        match = re.match(r'{% extends "([^"]+)" %}', text)
        if not match or match[1] == "base.html":
            return bool(match)
        return self._of_the_house(TEMPLATES[f"app/templates/{match[1]}"])

    def test_none_runs_script_or_style_in_the_page(self) -> None:
        inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:")
        assert offenders(TEMPLATES, lambda _, text: inline.search(text)) == []

    def test_none_fetches_from_elsewhere(self) -> None:
        elsewhere = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")
        assert offenders(TEMPLATES, lambda _, text: elsewhere.search(text)) == []

    def test_every_sentence_is_marked_for_translation(self) -> None:
        def bare(text: str) -> bool:
            plain = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", text, flags=re.DOTALL)
            return bool(re.search(r"[ぁ-んァ-ヶ]", plain))

        assert offenders(TEMPLATES, lambda _, text: bare(text)) == []


class TestDemo:
    def test_every_group_says_that_it_is_invented(self) -> None:
        rows = list(csv.DictReader(FILES["app/demo/groups.csv"].splitlines()))
        assert len(rows) >= 30
        assert [row["団体名"] for row in rows if "架空" not in row["団体名"]] == []

    def test_nobody_real_can_be_reached_by_it(self) -> None:
        text = FILES["app/demo/groups.csv"]
        hosts = set(re.findall(r"(?:@|://)([\w.-]+)", text))
        assert {
            host for host in hosts if not re.search(r"(^|\.)example\.(jp|com|org)$", host)
        } == set()
        phones = set(re.findall(r"\b0\d{1,4}-\d{1,4}-\d{3,4}\b", text))
        assert phones
        assert all(re.match(r"0422-00-|0[789]0-0000-", phone) for phone in phones)


class TestMakefile:
    def test_every_target_says_what_it_does(self) -> None:
        makefile = FILES["Makefile"]
        phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
        assert phony
        told = set(re.findall(r"^(\w+):.*## ", makefile, re.MULTILINE))
        assert told >= set(phony[1].split()) - {"lock"}

    def test_documents_name_commands_that_exist(self) -> None:
        targets = set(re.findall(r"^(\w+):", FILES["Makefile"], re.MULTILINE))
        documents = {n: t for n, t in FILES.items() if n.endswith(".md") or n == "Makefile"}
        for name, text in documents.items():
            code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
            assert set(re.findall(r"\bmake ([a-z]\w*)", code)) <= targets, name
            assert set(re.findall(r"(?:bin/|`)musubi ([a-z]+)\b", code)) <= COMMANDS, name


class TestLists:
    @pytest.mark.parametrize("path", [f"{API}/organisations?limit=100", "/search", "/"])
    def test_need_no_more_statements_for_more_rows(
        self, client: TestClient, make: Callable[..., Any], indexed: Callable[[], None], path: str
    ) -> None:
        app: Any = client.app
        database: Database = app.state.database
        statements: list[str] = []

        def count() -> int:
            indexed()
            client.get(path)
            statements.clear()
            event.listen(database.reader, "before_cursor_execute", note)
            assert client.get(path).status_code == 200
            event.remove(database.reader, "before_cursor_execute", note)
            return len(statements)

        def note(_: object, __: object, statement: str, *___: object) -> None:
            if not isinstance(current_thread(), Keeper | NightWatch):
                statements.append(statement)

        contact = {"kind": "phone", "value": "0422-00-0000"}
        full = {"fields": [2, 13], "contacts": [contact], "areas": ["132039"], "stage": "growth"}
        make(**full)
        with_one = count()
        for number in range(19):
            make(name=f"ひまわりの会{number}", **full)
        assert count() == with_one
        assert with_one > 0
