"""The corpus of known truth beside the project, and the tool that measures a search against it."""

import re
from pathlib import Path

from bench.process import Service, run_tool

LARGE, SMALL = 50_000, 5_000


def corpus(shared: Path, work: Path, size: int) -> Path:
    """A folder with the corpus of this size, made unless it is there already."""
    folder = work / f"corpus_{size}"
    if not folder.is_dir():
        run_tool(shared / "search" / "make_corpus.py", ["--size", size, "--out", folder])
    return folder


def quality(shared: Path, service: Service, folder: Path, kind: str) -> dict[str, float]:
    """The tool's figures over all categories."""
    options = ["--url", service.url, "--corpus", folder, "--kind", kind]
    everything = run_tool(shared / "search" / "evaluate.py", options).splitlines()[-1]
    return {name: float(value) for name, value in re.findall(r"(\S+)=([\d.]+)", everything)}
