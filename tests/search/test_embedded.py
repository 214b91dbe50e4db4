import threading
from collections.abc import Callable

import pytest

from search import Document, EmbeddedIndex, SearchUnavailable, project
from search.index import Ask
from tests.search.conftest import KIND

Fresh = Callable[[], EmbeddedIndex]
ENTRIES = [project(Document(str(n), KIND, f"ひまわりの会{n}")) for n in range(3)]


class TestEmbeddedIndex:
    def test_what_one_process_writes_another_finds(self, fresh_file: Fresh) -> None:
        writer, reader = fresh_file(), fresh_file()
        writer.prepare()
        writer.write(ENTRIES, [])
        assert reader.ask(Ask(KIND, ("向日葵",))).total == 3

    def test_a_write_that_dies_half_way_is_not_there(self, fresh_file: Fresh) -> None:
        index = fresh_file()
        index.prepare()
        broken = project(Document("9", KIND, "折れた会"))
        del broken.words["bare"]  # type: ignore[attr-defined]
        with pytest.raises(KeyError):
            index.write([*ENTRIES, broken], [])
        assert fresh_file().count() == 0

    def test_a_file_that_is_none_is_said_to_be_unavailable(self, fresh_file: Fresh) -> None:
        index = fresh_file()
        index.path.write_bytes(b"not a database" * 100)
        with pytest.raises(SearchUnavailable):
            index.ask(Ask(KIND))

    def test_an_index_never_made_is_unavailable(self, fresh_file: Fresh) -> None:
        with pytest.raises(SearchUnavailable):
            fresh_file().ask(Ask(KIND))

    def test_threads_read_while_one_writes(self, fresh_file: Fresh) -> None:
        index = fresh_file()
        index.prepare()
        index.write(ENTRIES, [])
        totals: set[int] = set()
        ended = threading.Event()

        def read() -> None:
            while not ended.is_set():
                totals.add(index.ask(Ask(KIND, ("向日葵",))).total)
            index._connection().close()

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in range(30):
            index.write(ENTRIES, [])
        ended.set()
        for reader in readers:
            reader.join(10)
        assert totals == {3}
