"""Clients that ask as fast as they are answered, over kept connections.

They speak just enough HTTP/1.1: a full client costs as much processor as the service it measures,
on the same cores.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True)
class Load:
    """Answers per second, and how long single ones took."""

    per_s: float
    p50_ms: float
    p95_ms: float


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def load(url: str, paths: Sequence[str], *, clients: int, seconds: float, seed: int = 7) -> Load:
    """Ask for the paths in random order. Raises ValueError on an answer other than 200."""
    address = urlsplit(url)
    waits: list[float] = []

    async def client(rng: random.Random, until: float) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while (started := time.perf_counter()) < until:
            path = rng.choice(paths)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            await _answer(reader, path)
            waits.append((time.perf_counter() - started) * 1000)
        writer.close()

    async def everybody() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(client(random.Random(seed + n), until) for n in range(clients)))

    started = time.perf_counter()
    uvloop.run(everybody())
    took = time.perf_counter() - started
    return Load(len(waits) / took, percentile(waits, 0.5), percentile(waits, 0.95))


class Asker:
    """One client that asks question after question, and says how long each took."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        address = urlsplit(url)
        self._connection = HTTPConnection(str(address.hostname), address.port, timeout=60)
        self._headers = headers

    def get(self, path: str) -> tuple[bytes, float]:
        """The answer and the milliseconds until its last byte. Raises ValueError unless 200."""
        started = time.perf_counter()
        self._connection.request("GET", path, headers=dict(self._headers))
        answer = self._connection.getresponse()
        content = answer.read()
        took_ms = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise ValueError(f"{path}: {answer.status}")
        return content, took_ms

    def close(self) -> None:
        self._connection.close()


async def _answer(reader: asyncio.StreamReader, path: str) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(f"{path}: {head.splitlines()[0]!r}")
    _, _, rest = head.lower().partition(b"content-length:")
    await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
