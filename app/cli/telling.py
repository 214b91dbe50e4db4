"""Words for whoever typed a command: sentences, progress, and why it cannot be done."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_console = Console(stderr=True, highlight=False, soft_wrap=True)


class Failure(Exception):
    """Something the user can mend; its message is the sentence they are told."""


def say(sentence: str) -> None:
    _console.print(sentence, markup=False)


def fail(sentence: str) -> NoReturn:
    raise Failure(sentence)


@contextmanager
def bars(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar; call what it yields with the number of things just done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_console, transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda number: progress.advance(task, number)


def reason(error: OSError) -> str:
    """Why the operating system said no, and to what."""
    why = {
        errno.ENOSPC: "ディスクの空きがありません",
        errno.EACCES: "権限がありません",
        errno.EROFS: "書き込み禁止の場所です",
        errno.ENOTDIR: "同じ名前のファイルがあります",
        errno.EEXIST: "同じ名前のファイルがあります",
    }.get(error.errno or 0, error.strerror or str(error))
    return f"{why}（{error.filename}）" if error.filename else why
