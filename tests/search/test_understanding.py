import pytest

from app.discovery.lexicon import LEXICON
from search.text import terms
from search.understanding import (
    LONGEST_QUESTION,
    correct,
    only_legal_form,
    stop_words,
    understand,
)
from tests.search.conftest import ask


class TestStopWords:
    def test_each_stands_in_the_form_that_is_compared(self) -> None:
        assert [word for word in stop_words() if terms(word) != (word,)] == []

    def test_only_what_tells_something_is_looked_for(self) -> None:
        assert ask("子育てのことを手伝ってくれる人").words == ("子育て",)

    def test_empty_words_count_when_nothing_else_is_said(self) -> None:
        assert ask("ボランティア").words == ("ボランティア",)


class TestTimes:
    @pytest.mark.parametrize(
        ("typed", "when"),
        [
            ("平日の夜", "evening"),
            ("夜", "evening"),
            ("平日の夜に合唱", "evening"),
            ("仕事帰りに合唱", "evening"),
            ("平日の昼間の合唱", "weekday"),
            ("週末に合唱", "weekend"),
            ("合唱 土曜日", "weekend"),
            ("夏休みに合唱", "holiday"),
            ("平日の夜に活動している団体", "evening"),
        ],
    )
    def test_are_read_out_of_the_words(self, typed: str, when: str) -> None:
        question = ask(typed)
        assert question.understood == {"when": (when,)}
        assert question.words == (("合唱",) if "合唱" in typed else ())

    @pytest.mark.parametrize("typed", ["夜間中学", "平日会", "夜回り先生"])
    def test_are_not_read_into_a_longer_word(self, typed: str) -> None:
        assert "when" not in ask(typed).understood

    def test_are_left_alone_when_the_caller_chose_a_time(self) -> None:
        question = understand("平日の夜に合唱", LEXICON, given=frozenset({"when"}))
        assert "when" not in question.understood


class TestPlaces:
    @pytest.mark.parametrize(
        ("typed", "area"),
        [
            ("京都の認知症", "26"),
            ("東京都 認知症", "13"),
            ("札幌の不登校", "011002"),
            ("武蔵野市の子育て", "132039"),
            ("八王子　里山", "132012"),
            ("防災 静岡市", "221007"),
        ],
    )
    def test_are_read_out_of_the_words(self, typed: str, area: str) -> None:
        question = ask(typed)
        assert area in question.understood["area"]
        assert question.themes

    def test_the_city_of_a_prefectures_name_is_ranked_first(self) -> None:
        assert ask("京都の認知症").nearer == "261009"

    def test_a_place_alone_stays_a_word(self) -> None:
        assert (ask("京都").words, dict(ask("京都").understood)) == (("京都",), {})

    def test_a_name_inside_another_word_is_no_place(self) -> None:
        assert "area" not in ask("福島さんの合唱団を支える会").understood

    def test_are_left_alone_when_the_caller_chose_a_place(self) -> None:
        question = understand("京都の認知症", LEXICON, given=frozenset({"area"}))
        assert "area" not in question.understood


class TestWishes:
    @pytest.mark.parametrize("typed", ["新しい仲間を募集している合唱", "会員募集中の合唱"])
    def test_joining_is_a_filter(self, typed: str) -> None:
        assert ask(typed).understood["accepting"] == ("true",)
        assert ask(typed).words == ("合唱",)

    def test_the_statutes_words_for_a_field_are_that_field(self) -> None:
        assert ask("子どもの健全育成を図る活動").understood == {"field": ("13",)}


class TestThemes:
    @pytest.mark.parametrize(
        ("typed", "theme"),
        [
            ("コソダテ", "childcare"),
            ("こそだて", "childcare"),
            ("kosodate", "childcare"),
            ("育児", "childcare"),
            ("学校に行けない子ども", "truancy"),
            ("社協", "shakyo"),
            ("シンママ", "singleparent"),
            ("ＮＰＯ支援", "nposupport"),
            ("ひきこもり", "hikikomori"),
        ],
    )
    def test_what_is_meant_is_understood_however_it_is_typed(self, typed: str, theme: str) -> None:
        assert theme in ask(typed).themes

    @pytest.mark.parametrize("group", ["子供食堂 子ども食堂 こども食堂", "障害者 障がい者 障碍者"])
    def test_spellings_mean_the_same(self, group: str) -> None:
        meant = {(q.words, q.themes) for q in map(ask, group.split())}
        assert len(meant) == 1

    def test_a_negation_is_not_its_opposite(self) -> None:
        assert "truancy" not in ask("学校に行ける子ども").themes

    @pytest.mark.parametrize("typed", ["フードバング", "kosodete", "自冶会", "認知性カフェ"])
    def test_a_typing_error_is_corrected(self, typed: str) -> None:
        assert correct(ask(typed))

    @pytest.mark.parametrize(
        "typed",
        ["吉祥寺で", "吉祥寺", "三鷹台", "池袋", "天王寺", "博多", "田端で", "佐倉", "利根で"],
    )
    def test_a_name_in_kanji_is_no_typing_error(self, typed: str) -> None:
        assert correct(ask(typed)) is None


class TestUnderstand:
    def test_off_means_letters_only(self) -> None:
        question = understand("平日の夜に京都で子育て", LEXICON, interpret=False)
        assert (dict(question.understood), question.themes) == ({}, ())
        assert {"平日", "夜", "京都", "子育て"} <= set(question.words)

    def test_a_legal_form_is_not_part_of_a_name(self) -> None:
        assert ask("NPO法人ひまわり").bare == ask("ひまわり").bare == "ひまわり"

    def test_a_question_that_is_too_long_is_cut(self) -> None:
        assert len(ask("あ" * 10_000).typed) >= len(ask("あ" * 10_000).bare)
        assert len(ask("子" * 10_000).bare) <= LONGEST_QUESTION

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            " ",
            "\x00",
            "\ud800",
            "😀",
            "\u202e右",
            '" OR 1=1 --',
            "(((",
            "AND",
            "* *",
            "a" * 9999,
        ],
    )
    def test_nothing_typed_is_a_failure(self, typed: str) -> None:
        assert understand(typed, LEXICON).typed == typed


class TestOnlyLegalForm:
    @pytest.mark.parametrize(("typed", "only"), [("ＮＰＯ法人", True), ("NPO法人結", False)])
    def test_sees_that_no_name_was_typed(self, typed: str, only: bool) -> None:
        assert only_legal_form(typed) is only


class TestPlain:
    """A question into which something doubtful was read may be a name: it is looked for as one."""

    def test_sure_words_alone_are_plain(self) -> None:
        assert ask("不登校").plain
        assert ask("防災 福井市").plain

    def test_one_doubtful_theme_is_enough_to_doubt(self) -> None:
        assert ask("火山防災推進機構").themes[0] == "preparedness"
        assert not ask("火山防災推進機構").plain
