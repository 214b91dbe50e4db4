import pytest

from search.text import (
    compounds,
    normalise,
    reading,
    romaji,
    strip_invisible,
    strip_legal_form,
    terms,
    tokenize,
)

ONE_WORD = [
    ("子供", "子ども", "こども"),
    ("障害", "障がい", "障碍"),
    ("引きこもり", "ひきこもり"),
    ("車いす", "車イス", "車椅子"),
    ("ひとり親", "一人親"),
    ("齋藤", "齊藤", "斎藤"),
    ("渡邊", "渡邉", "渡辺"),
    ("學校", "学校"),
    ("ﾊﾟｿｺﾝ", "パソコン"),
    ("ＡＥＤ", "aed", "AED"),
    ("ヴァイオリン", "バイオリン"),
    ("ボランテイア", "ボランティア", "ﾎﾞﾗﾝﾃｨｱ"),
    ("サ\u200bッ\u202eカー", "サッカー"),
]
ONE_SOUND = [
    ("ボウサイ", "ぼうさい", "ﾎﾞｳｻｲ", "bousai", "bosai", "BOUSAI", "ｂｏｕｓａｉ"),
    ("シンブン", "shimbun", "sinbun", "shinbun"),
    ("ジュウドウ", "judo", "jyudo", "zyuudou", "juudou"),
    ("フットサル", "futtosaru", "huttosaru"),
    ("マツリ", "matsuri", "maturi"),
    ("マッチ", "macchi", "matchi"),
    ("コーヒー", "こーひー", "ko-hi-", "kouhii"),
    ("ゔぃおら", "ヴィオラ", "ビオラ"),
    ("ニッポン", "にっぽん", "ニホン", "nippon", "nihon"),
    ("トウキョウ", "tokyo", "toukyou", "toukyo"),
]


class TestNormalise:
    @pytest.mark.parametrize(
        ("written", "usual"),
        [
            ("ﾊﾟｿｺﾝ教室", "パソコン教室"),
            ("ＮＰＯ　法人", "npo 法人"),
            ("㈱ひまわり", "(株)ひまわり"),
            ("サ―ビス", "サービス"),
            ("10〜12時", "10-12時"),
            ("神楽坂﨑", "神楽坂崎"),
            ("霞ヶ関", "霞ケ関"),
            ("か\u3099", "が"),
        ],
    )
    def test_brings_width_case_and_old_forms_together(self, written: str, usual: str) -> None:
        assert normalise(written) == usual

    @pytest.mark.parametrize("written", ["ｶﾞｯｺｳ", "A～Z", "澤ー", "ヴァーー", "①㍻", "Ⅳ", "ﬁ", "ｰ"])
    def test_is_done_when_it_is_done_once(self, written: str) -> None:
        assert normalise(normalise(written)) == normalise(written)


class TestStripInvisible:
    @pytest.mark.parametrize("char", ["\x00", "\u202e", "\u2066", "\u200b", "\ufeff", "\ud800"])
    def test_takes_out_what_cannot_be_seen(self, char: str) -> None:
        assert strip_invisible(f"子{char}ども") == "子ども"


class TestStripLegalForm:
    @pytest.mark.parametrize(
        "name",
        [
            "NPO法人ひまわり",
            "認定ＮＰＯ法人　ひまわり",
            "特定非営利活動法人ひまわり",
            "ひまわり株式会社",
            "一般社団法人ひまわり",
            "㈱ひまわり",
            "(特非)ひまわり",
        ],
    )
    def test_leaves_the_name_itself(self, name: str) -> None:
        assert strip_legal_form(normalise(name)) == "ひまわり"

    def test_leaves_a_name_that_is_nothing_else(self) -> None:
        assert strip_legal_form("npo法人") == "npo法人"

    def test_leaves_npo_where_it_is_a_word(self) -> None:
        assert strip_legal_form("npo支援センター") == "npo支援センター"


class TestTerms:
    @pytest.mark.parametrize("spellings", ONE_WORD, ids=lambda s: s[0])
    def test_spellings_of_one_word_are_one_term(self, spellings: tuple[str, ...]) -> None:
        assert len({terms(spelling) for spelling in spellings}) == 1

    def test_kyoto_is_no_part_of_tokyo(self) -> None:
        assert terms("京都") == ("京都",)
        assert "京都" not in terms("東京都民の集い")

    def test_particles_and_empty_words_are_left_out(self) -> None:
        assert terms("子どもを預けることができます") == ("子供", "預ける", "こと", "出来る")

    @pytest.mark.parametrize("text", ["", "。、", "😀", "\x00", "\u202e\u202e", "　"])
    def test_nothing_to_read_is_no_failure(self, text: str) -> None:
        assert not [term for term in terms(text) if term.isalnum()]


class TestTokenize:
    def test_says_where_each_word_stood(self) -> None:
        text = "親子で遊べる広場"
        assert [text[t.start : t.end] for t in tokenize(text)] == ["親子", "遊べる", "広場"]

    def test_sees_a_negation(self) -> None:
        assert [t.negated for t in tokenize("学校に行けない")] == [False, True]
        assert [t.negated for t in tokenize("学校に行ける")] == [False, False]

    @pytest.mark.parametrize("end", ["。", "\n", "、", "😀"])
    def test_a_text_of_any_length_is_read_to_its_end(self, end: str) -> None:
        """More than the dictionary takes at once, with and without a place to pause."""
        sentence = f"親子で遊べる広場{end}"
        text = sentence * 4_000
        tokens = tokenize(text)
        wanted = {"親子", "遊べる", "広場"}
        words = [text[token.start : token.end] for token in tokens]
        assert words[-3:] == [text[t.start : t.end] for t in tokenize(sentence)][:3]
        assert sum(word in wanted for word in words) >= 3 * 4_000 - 10
        if end in "。\n":
            assert words == ["親子", "遊べる", "広場"] * 4_000

    def test_links_only_words_that_touch(self) -> None:
        assert [t.linked for t in tokenize("子育て支援の広場")] == [False, True, False]


class TestRomaji:
    @pytest.mark.parametrize("spellings", ONE_SOUND, ids=lambda s: s[0])
    def test_ways_to_write_one_sound_fall_together(self, spellings: tuple[str, ...]) -> None:
        assert len({romaji(spelling) for spelling in spellings}) == 1

    @pytest.mark.parametrize(
        ("kana", "letters"),
        [("チュウゴク", "chugoku"), ("シュワ", "shuwa"), ("フユ", "fuyu"), ("ヒャク", "hyaku")],
    )
    def test_is_the_romanisation_people_type(self, kana: str, letters: str) -> None:
        assert romaji(kana) == letters

    def test_keeps_different_words_apart(self) -> None:
        words = "コソダテ カイゴ ボウサイ ボウハン シュワ テンヤク オンガク エイゴ".split()
        assert len({romaji(word) for word in words}) == len(words)


class TestReading:
    def test_a_half_typed_word_is_the_beginning_of_the_whole(self) -> None:
        whole = reading(tokenize(normalise("学習支援")))
        assert whole.startswith(romaji("がくしゅうし"))

    def test_letters_stay_letters(self) -> None:
        assert reading(tokenize(normalise("ＬＧＢＴＱ"))) == "lgbtq"


class TestCompounds:
    def test_joins_up_to_three_neighbours(self) -> None:
        assert list(compounds("abcd")) == ["a", "ab", "abc", "b", "bc", "bcd", "c", "cd", "d"]
