"""A measured number and what it has to reach."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_DECIMALS = 3


@dataclass(frozen=True)
class Row:
    """One line of the table; `value` is None where what it needs is absent."""

    issue: int
    name: str
    value: float | None
    unit: str
    limit: float
    better: Literal["lower", "higher"]

    @property
    def ok(self) -> bool | None:
        if self.value is None:
            return None
        return self.value <= self.limit if self.better == "lower" else self.value >= self.limit

    def as_json(self) -> dict[str, Any]:
        value = None if self.value is None else round(self.value, _DECIMALS)
        return {**vars(self), "value": value, "ok": self.ok}

    def __str__(self) -> str:
        value = "—" if self.value is None else f"{self.value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
        sign = "≤" if self.better == "lower" else "≥"
        verdict = {True: "ok", False: "MISS", None: "no data"}[self.ok]
        return f"{self.name:24}{value:>10} {self.unit:8}{sign} {self.limit:<8g}{verdict}"


def note(text: str) -> None:
    """A figure without a limit, to be read beside the rows."""
    print(f"  # {text}", flush=True)


def keep(rows: Iterable[Row], path: Path) -> None:
    """Write the rows; those of issues that have not been measured this time stay."""
    measured = [row.as_json() for row in rows]
    before = json.loads(path.read_text()) if path.exists() else []
    issues = {row["issue"] for row in measured}
    kept = [row for row in before if row["issue"] not in issues]
    everything = sorted([*kept, *measured], key=lambda row: row["issue"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(everything, indent=1) + "\n")
