import json
from typing import Any

import pytest

from search.documents import OWN_WORD, Document, place_word, project, theme_word


def thing(name: str = "ひまわりの会", **values: Any) -> Document:
    return Document("1", "thing", name, **values)


class TestProject:
    def test_gives_the_same_for_the_same(self) -> None:
        document = thing(purpose="子育てと防災と里山", keywords=("手話", "点訳"))
        assert project(document) == project(document)

    def test_a_name_is_searched_without_its_legal_form(self) -> None:
        words = project(thing("認定ＮＰＯ法人 ひまわり")).words
        assert words["bare"] == "ひまわり"
        assert "npo" not in words["name_words"]

    def test_the_official_reading_is_one_word_and_its_parts(self) -> None:
        sounds = project(thing("結", kana="エヌピーオーホウジン ユイ ノ カイ")).words["name_sound"]
        assert "yui" in sounds.split()

    def test_what_the_record_speaks_of_twice_weighs_more(self) -> None:
        words = project(thing(purpose="子育てを支える", activities="子育て広場。手話。")).words
        assert words["theme"] == theme_word("childcare")
        assert words["theme_more"] == theme_word("signlanguage")
        assert theme_word("children") in words["theme_wider"]

    def test_the_closing_clause_of_a_statute_says_nothing(self) -> None:
        statute = "手話を広め、子育て支援に寄与することを目的とする。"
        words = project(thing(purpose=statute)).words
        assert theme_word("signlanguage") in words["theme_more"]
        assert theme_word("childcare") not in words["theme"] + words["theme_more"]

    def test_texts_that_are_empty_are_no_failure(self) -> None:
        assert json.loads(project(thing("")).hit)["marks"] == {"name": [], "summary": []}

    @pytest.mark.parametrize(
        "text",
        [
            "子どもの居場所",
            "ｺﾄﾞﾓの居場所㌢😀手話",
            "か\u3099っこうに行けない子",
            "①子育て②防災",
            "\u202e手話\x00",
        ],
    )
    def test_every_mark_lies_within_its_text(self, text: str) -> None:
        hit = json.loads(project(thing(text, purpose=text, summary=text)).hit)
        for name in ("name", "summary"):
            for _, start, length in hit["marks"][name]:
                assert 0 <= start < start + length <= len(hit[name])

    def test_marks_stand_where_the_word_stands(self) -> None:
        text = "㈱こども①と手話"
        marks = json.loads(project(thing(text)).hit)["marks"]["name"]
        assert {text[s : s + n] for term, s, n in marks if term == "手話"} == {"手話"}


class TestOwnWords:
    def test_none_is_the_beginning_of_another(self) -> None:
        words = [theme_word("child"), theme_word("children"), place_word("13"), place_word("1320")]
        assert all(OWN_WORD.fullmatch(word) for word in words)
        assert not any(a != b and b.startswith(a) for a in words for b in words)
