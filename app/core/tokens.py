"""The operator token, until accounts exist."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import ClassVar

from app.core.errors import DomainError

_SHORTEST = 32


class UnusableToken(DomainError):
    """The token's file holds what anybody could guess; the service does not start with it."""

    code: ClassVar[str] = "unusable_token"
    title: ClassVar[str] = "合鍵（トークン）のファイルを使えません"


def ensure_operator_token(path: Path) -> str:
    """The token in the file, made at the first start; only its owner may read it (0600).

    Raises UnusableToken when the file holds less than 32 characters.
    """
    if not path.exists():
        _make(path)
    token = path.read_text().strip()
    if len(token) < _SHORTEST:
        raise UnusableToken(f"{path} が{_SHORTEST}文字より短いため、消してから起動してください。")
    return token


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(_SHORTEST))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # whole or not at all; of two that start at once, one wins
    finally:
        Path(fresh).unlink()
