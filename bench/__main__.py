"""`make bench`: measure, print a table, keep it in `var/bench.json`.

`make bench ARGS=matching` measures one subject only.
"""

import sys
import tempfile
from pathlib import Path

from app.settings import Settings
from bench import matching, registry
from bench.rows import Row, keep

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
SUBJECTS = {"registry": registry, "matching": matching}


def main() -> None:
    """Every subject in turn; what has been measured is kept even if the next one fails."""
    wanted = sys.argv[1:] or list(SUBJECTS)
    if unknown := set(wanted) - set(SUBJECTS):
        sys.exit(f"not a subject: {', '.join(sorted(unknown))} (there are {', '.join(SUBJECTS)})")
    data_dir = Settings().data_dir
    data_dir.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=data_dir, prefix="bench-") as work:
        for name in wanted:
            for row in SUBJECTS[name].rows(SHARED, Path(work)):
                print(row, flush=True)
                rows.append(row)
                keep(rows, data_dir / "bench.json")


if __name__ == "__main__":
    main()
