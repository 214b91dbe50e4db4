from search.documents import Document, project, theme_word
from search.settings import GROUPS, NAMES, SOUNDS, TEXTS, meilisearch_settings
from search.thesaurus import thesaurus


class TestSettings:
    def test_every_searched_attribute_is_made_for_every_document(self) -> None:
        words = project(Document("1", "thing", "ひまわりの会")).words
        assert set(words) == {*NAMES, *TEXTS, *SOUNDS}
        assert set(meilisearch_settings()["searchableAttributes"]) == set(words)

    def test_every_way_to_ask_looks_at_attributes_that_exist(self) -> None:
        assert all(set(group) <= {*NAMES, *TEXTS, *SOUNDS} for group in GROUPS.values())

    def test_texts_are_read_as_japanese_and_readings_as_letters(self) -> None:
        rules = meilisearch_settings()["localizedAttributes"]
        locales = {name: rule["locales"] for rule in rules for name in rule["attributePatterns"]}
        assert {name: ["jpn"] for name in (*NAMES, *TEXTS)}.items() <= locales.items()
        assert {name: ["eng"] for name in SOUNDS}.items() <= locales.items()

    def test_a_theme_is_never_taken_for_a_misspelt_word(self) -> None:
        exact = set(meilisearch_settings()["typoTolerance"]["disableOnWords"])
        assert exact == {theme_word(code) for code in thesaurus().themes}
        assert len(exact) < 500
