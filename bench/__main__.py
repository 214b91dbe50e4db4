"""`make bench`: measure, print a table, keep it in `var/bench.json`."""

import tempfile
from pathlib import Path

from app.settings import Settings
from bench import registry
from bench.rows import Row, keep

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
SUBJECTS = (registry,)


def main() -> None:
    """Every subject in turn; what has been measured is kept even if the next one fails."""
    data_dir = Settings().data_dir
    data_dir.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=data_dir, prefix="bench-") as work:
        for subject in SUBJECTS:
            for row in subject.rows(SHARED, Path(work)):
                print(row, flush=True)
                rows.append(row)
                keep(rows, data_dir / "bench.json")


if __name__ == "__main__":
    main()
