from concurrent.futures import ThreadPoolExecutor

from search.text import tokenize

TEXT = "武蔵野市の子どもたちに絵本を読み聞かせる会" * 50


class TestTokenize:
    def test_answers_several_threads_at_once(self) -> None:
        """Searches are understood in one thread while changes are indexed in another."""
        alone = tokenize(TEXT)
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda _: tokenize(TEXT), range(100)))
        assert all(words == alone for words in together)
