from collections import defaultdict

import pytest

from search.documents import OWN_WORD, theme_word
from search.text import normalise, tokenize
from search.thesaurus import Theme, thesaurus

THEMES = list(thesaurus().themes.values())
# The same word in two themes makes a record belong to both; it is meant only here.
MEANT_TWICE = {"自然保護"}


def marks(text: str) -> set[str]:
    return {m.theme for m in thesaurus().marks(tokenize(normalise(text)))}


def asked(text: str) -> list[str]:
    return [m.theme for m in thesaurus().asked(tokenize(normalise(text)))]


class TestFile:
    """The list of themes is consistent."""

    def test_stays_small_enough_to_be_cared_for(self) -> None:
        assert 0 < len(THEMES) < 500

    @pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.code)
    def test_a_theme_can_be_written_and_leads_somewhere(self, theme: Theme) -> None:
        assert OWN_WORD.fullmatch(theme_word(theme.code))
        assert theme.label
        assert theme.terms
        assert all(
            word == word.strip() and word for word in (*theme.terms, *theme.cues, *theme.hints)
        )
        assert theme.broader != theme.code
        assert theme.broader is None or theme.broader in thesaurus().themes

    def test_wider_themes_go_in_no_circle(self) -> None:
        for theme in THEMES:
            above, steps = theme.broader, 0
            while above:
                above, steps = thesaurus().broader(above), steps + 1
                assert steps < len(THEMES), theme.code

    def test_labels_are_told_apart(self) -> None:
        assert len({normalise(theme.label) for theme in THEMES}) == len(THEMES)

    def test_no_term_belongs_to_two_themes_unless_it_is_meant_to(self) -> None:
        owners = defaultdict(set)
        for theme in THEMES:
            for term in theme.terms:
                owners[normalise(term)].add(theme.code)
        assert {term for term, codes in owners.items() if len(codes) > 1} == MEANT_TWICE

    def test_every_term_marks_its_own_theme(self) -> None:
        lost = [
            (theme.code, term)
            for theme in THEMES
            for term in theme.terms
            if theme.code not in marks(term)
        ]
        assert lost == []

    def test_every_word_asks_for_its_own_theme(self) -> None:
        lost = [
            (theme.code, word)
            for theme in THEMES
            for word in (*theme.terms, *theme.cues, *theme.hints)
            if theme.code not in asked(word)
        ]
        assert lost == []


class TestMarks:
    def test_a_record_is_marked_by_terms_and_not_by_cues(self) -> None:
        assert marks("登校拒否の子と家族の会") == {"truancy"}
        assert "childcare" not in marks("お母さんと赤ちゃん")

    def test_a_longer_term_hides_a_shorter_one_inside(self) -> None:
        assert marks("青少年健全育成の会") == {"children"}
        assert "truancy" in marks("不登校支援")

    def test_words_apart_are_no_compound(self) -> None:
        assert "storytelling" in marks("文庫活動")
        assert "storytelling" not in marks("文庫と活動")


class TestAsked:
    @pytest.mark.parametrize(
        ("sentence", "theme"),
        [
            ("子どもが学校に行けない", "truancy"),
            ("学校に行きたがらない", "truancy"),
            ("夜眠れない", "mental"),
            ("赤ちゃんと一緒に", "childcare"),
        ],
    )
    def test_a_sentence_speaks_of_a_theme(self, sentence: str, theme: str) -> None:
        assert theme in asked(sentence)

    def test_the_opposite_is_not_meant(self) -> None:
        assert "truancy" not in asked("学校に行ける")
        assert "mental" not in asked("よく眠れる")

    def test_terms_come_before_cues(self) -> None:
        assert asked("お母さん集まる 手話")[0] == "signlanguage"

    def test_who_is_meant_counts_where_what_is_meant_was_not_said(self) -> None:
        assert set(asked("祖母が飼っていた猫")) == {"animals"}
        assert set(asked("祖母と孫")) == {"elderly"}

    @pytest.mark.parametrize(("sentence", "theme"), [("見守りを", "watching"), ("九九で", "study")])
    def test_a_word_is_known_before_a_particle(self, sentence: str, theme: str) -> None:
        assert theme in asked(sentence)


class TestNearest:
    @pytest.mark.parametrize(
        ("typed", "label"), [("fudobangu", "foodbank"), ("kosodete", "childcare")]
    )
    def test_one_wrong_letter_is_forgiven(self, typed: str, label: str) -> None:
        near = thesaurus().nearest(typed)
        assert near
        assert label in dict(thesaurus().heard(near))

    def test_one_wrong_character_is_forgiven(self) -> None:
        near = thesaurus().nearest_written("自冶会")
        assert near
        assert "neighbourhood" in dict(thesaurus().heard(near))

    def test_a_short_word_is_not_guessed_at(self) -> None:
        assert thesaurus().nearest("abc") is None
        assert thesaurus().nearest("xxxxxxxxxx") is None


class TestCompletions:
    @pytest.mark.parametrize("typed", ["子育", "こそだ", "コソ", "koso", "ｋｏｓｏ"])
    def test_a_half_typed_word_finds_its_theme(self, typed: str) -> None:
        assert "childcare" in {theme.code for theme in thesaurus().completions(typed)}
