"""What is said of a pair: in Japanese, by the same numbers, and nothing the rows do not say."""

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.core.bits import numbers_of
from app.matching.criteria import CRITERIA, DOES_NOT_APPLY, LABELS
from app.matching.gates import GATES, passed
from app.matching.reasons import (
    EQUITY,
    MOST_REASONS,
    SAYINGS,
    SHORTFALLS,
    WHY_NOT,
    Reason,
    Words,
    caution,
    common_times,
    reasons,
)
from app.matching.scores import DEFAULT_WEIGHTS, Scores, score, weights_of
from app.matching.traits import KINDS, Traits
from app.vocabulary.skills import Skill
from tests.matching.parties import (
    FOOD,
    GOODS,
    SKILL,
    day,
    fields,
    many,
    need,
    need_rows,
    offer,
    offer_rows,
    person,
    question,
    skills,
    slots,
    window,
    words,
)

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
SAYS = Words(
    ["花", "会計", "絵本", *(f"言葉{n}" for n in range(3, 20))].__getitem__,
    "個",
    ("立上げ", "運営", "成長"),
)
HERE = {"latitude": 35.70, "longitude": 139.56, "placed": True}
THERE = HERE | {"latitude": 35.70 + 1.2 / 111.195}
TWO_TOWNS = (
    need(**HERE | {"placed": False, "municipality": 0}),
    offer(**HERE | {"placed": False, "municipality": 1, "latitude": 35.9}),
)


def scored(mine: Traits, other: Traits, **weights: float) -> Scores:
    by_kind = dict.fromkeys(KINDS, weights) if weights else DEFAULT_WEIGHTS
    return score(mine, other, weights_of(mine if mine.seeks[0] else other, by_kind))


def told(mine: Traits, other: Traits, name: str) -> list[str]:
    """The reasons of a pair for which one criterion alone counts."""
    view = scored(mine, other, **{name: 10.0}).forward
    return [reason.text for reason in reasons(mine, other, view, 0, SAYS)]


def warned(mine: Traits, other: Traits, name: str) -> str | None:
    """The caution of a pair for which one criterion alone counts."""
    found = caution(mine, other, scored(mine, other, **{name: 10.0}).forward, 0, SAYS)
    return found.text if found else None


SATURDAY, SUNDAY = slots("sat-morning"), slots("sun-morning")
FIVE_TO_NOON = window("2026-12-05T09:00", "2026-12-05T12:00")


class TestSayings:
    @pytest.mark.parametrize(
        ("name", "mine", "theirs", "text"),
        [
            (
                "fields",
                need(fields=fields(13, 7)),
                offer(fields=fields(13)),
                "分野が一致：子どもの健全育成",
            ),
            (
                "fields",
                need(fields=fields(7)),
                offer(fields=fields(5)),
                "近い分野：農山漁村・中山間地域、環境",
            ),
            ("text", need(**words(1, 2, 5)), offer(**words(2, 1)), "内容が近い：「会計」「絵本」"),
            (
                "skills",
                need(required=skills(Skill.ACCOUNTING), preferred=skills(Skill.IT)),
                offer(skills=skills(Skill.ACCOUNTING, Skill.MUSIC)),
                "求める技能に合います：会計・経理",
            ),
            (
                "times",
                need(slots=SATURDAY),
                offer(slots=SATURDAY),
                "土曜の午前が重なります（週に3時間）",
            ),
            ("times", need(slots=SATURDAY, negotiable=True), offer(), "日時は相談して決められます"),
            ("closeness", need(**HERE), offer(**THERE), "約1.2 kmのところです"),
            ("closeness", need(online=1), offer(online=1), "オンラインでできます"),
            (
                "quantity",
                need(quantity=20),
                offer(quantity=15),
                "希望20個のうち15個をまかなえます",
            ),
            (
                "quantity",
                need(quantity=1500),
                offer(quantity=2000),
                "希望の1,500個をすべてまかなえます",
            ),
            ("stage", need(stage=1), offer(suits=fields(1)), "「運営」のステージに向いています"),
            ("burden", need(frequency=0), person(frequency=0), "どちらも「一回だけ」を希望"),
            ("burden", need(beginners=1), person(first_time=1), "はじめての方を歓迎しています"),
            ("wish", need(wished=fields(0)), offer(type=0), "希望する相手：市民活動団体"),
        ],
    )
    def test_of_each_criterion(self, name: str, mine: Traits, theirs: Traits, text: str) -> None:
        assert told(mine, theirs, name) == [text]

    def test_there_is_one_for_each(self) -> None:
        assert set(SAYINGS) == set(CRITERIA)
        assert set(SHORTFALLS) == set(LABELS)

    def test_either_side_hears_of_the_needs_wish_for_skills(self) -> None:
        mine, theirs = need(required=skills(Skill.IT)), person(skills=skills(Skill.IT, Skill.MUSIC))
        assert told(theirs, mine, "skills") == told(mine, theirs, "skills")

    def test_either_side_hears_how_much_the_need_gets(self) -> None:
        mine, theirs = need(quantity=20), offer(quantity=15)
        assert told(theirs, mine, "quantity") == told(mine, theirs, "quantity")

    @pytest.mark.parametrize(
        ("there", "text"), [(3, "同じ市区町村です"), (4, "市区町村どうしは約")]
    )
    def test_a_guessed_place_says_so(self, there: int, text: str) -> None:
        guessed = THERE | {"placed": False}
        mine = need(**HERE, municipality=3)
        (said,) = told(mine, offer(**guessed, municipality=there), "closeness")
        assert said.startswith(text)
        assert "くわしく書かれていません" in str(
            warned(mine, offer(**guessed, municipality=there), "closeness")
        )

    def test_a_stage_that_does_not_suit_is_no_reason(self) -> None:
        assert told(need(stage=1), offer(suits=fields(2)), "stage") == []
        assert warned(need(stage=1), offer(suits=fields(2)), "stage") == (
            "ステージに合うかは確認してください"
        )

    def test_ways_that_differ_are_no_reason(self) -> None:
        mine = need(beginners=0, frequency=0)
        assert told(mine, person(first_time=1, frequency=1), "burden") == []

    def test_many_are_not_all_named(self) -> None:
        both = fields(1, 2, 3, 4, 5)
        (said,) = told(need(fields=both), offer(fields=both), "fields")
        assert said.endswith("など5つ")


class TestCommonTimes:
    def test_names_dates_where_both_have_dates(self) -> None:
        mine, theirs = need(windows=[FIVE_TO_NOON]), offer(windows=[FIVE_TO_NOON])
        assert common_times(mine, theirs) == "12月5日"

    def test_names_the_slot_a_date_lies_in(self) -> None:
        assert common_times(need(windows=[FIVE_TO_NOON]), offer(slots=SATURDAY)) == "土曜の午前"
        assert common_times(offer(slots=SATURDAY), need(windows=[FIVE_TO_NOON])) == "土曜の午前"

    def test_names_no_slot_in_which_nobody_meets(self) -> None:
        """Both have a Saturday, but not the same one."""
        later = window("2026-12-12T09:00", "2026-12-12T12:00")
        mine = need(windows=[FIVE_TO_NOON], slots=SUNDAY)
        assert common_times(mine, offer(windows=[later], slots=SUNDAY)) == "日曜の午前"

    def test_names_what_the_hours_are_of(self) -> None:
        """An hour on a date, three every Sunday: it says three hours, so it says Sunday."""
        short = window("2026-12-05T09:00", "2026-12-05T10:00")
        mine, theirs = (make(windows=[short], slots=SUNDAY) for make in (need, offer))
        assert told(mine, theirs, "times") == ["日曜の午前が重なります（合わせて3時間）"]

    def test_many_dates_are_not_all_named(self) -> None:
        dates = [window(f"2026-12-{d:02}T09:00", f"2026-12-{d:02}T10:00") for d in range(5, 10)]
        mine, theirs = (make(windows=dates) for make in (need, offer))
        assert common_times(mine, theirs) == "12月5日・12月6日・12月7日など5日"

    def test_the_date_of_a_night_is_the_one_it_begins_on(self) -> None:
        night = window("2026-12-31T23:00", "2027-01-01T02:00")
        mine, theirs = (make(windows=[night]) for make in (need, offer))
        assert told(mine, theirs, "times") == ["12月31日が重なります（合わせて3時間）"]


class TestCaution:
    @pytest.mark.parametrize("name", "fields text times closeness quantity stage burden".split())
    def test_of_what_nobody_said(self, name: str) -> None:
        said = "比べていません" if name == "text" else "未記入です"
        assert warned(need(), offer(), name) == f"{LABELS[name]}は{said}（確認してください）"

    def test_of_skills_nobody_wrote_down(self) -> None:
        assert warned(need(preferred=skills(Skill.IT)), person(), "skills") == (
            "技能は未記入です（確認してください）"
        )

    @pytest.mark.parametrize(
        ("name", "mine", "theirs", "text"),
        [
            ("fields", need(fields=fields(7)), offer(fields=fields(12)), "活動の分野は違います"),
            (
                "fields",
                need(fields=fields(7, 12, 14)),
                offer(fields=fields(7)),
                "一致する分野は一部です",
            ),
            ("text", need(**words(1)), offer(**words(2)), "書かれている内容に重なりがありません"),
            (
                "skills",
                need(preferred=skills(Skill.IT, Skill.MUSIC, Skill.VIDEO)),
                offer(skills=skills(Skill.IT)),
                "次の技能は書かれていません：動画、音楽",
            ),
            (
                "times",
                need(slots=SATURDAY, minutes=600),
                offer(slots=SATURDAY),
                "重なる時間は3時間だけです",
            ),
            (
                "times",
                need(slots=SATURDAY),
                offer(slots=SUNDAY),
                "日時は重なりません（相談が必要です）",
            ),
            ("quantity", need(quantity=20), offer(quantity=5), "数が足りません（5個まで）"),
            ("quantity", offer(quantity=20), need(quantity=5), "使われるのは一部です（5個）"),
            ("quantity", need(quantity=5, unit=1), offer(quantity=3, unit=2), "単位が違います"),
            ("closeness", *TWO_TOWNS, "約22 kmです。場所はくわしく書かれていません"),
            ("burden", need(frequency=0), person(frequency=2), "参加の頻度の希望が違います"),
            ("wish", need(wished=fields(0)), offer(type=3), "希望とは違う種類の相手です"),
        ],
    )
    def test_of_what_falls_short(self, name: str, mine: Traits, theirs: Traits, text: str) -> None:
        assert text in (warned(mine, theirs, name) or "")

    def test_of_a_long_way_which_is_no_reason(self) -> None:
        far = offer(**HERE | {"latitude": 35.9})
        assert warned(need(**HERE), far, "closeness") == "約22 km離れています"
        assert told(need(**HERE), far, "closeness") == []

    def test_there_is_none_where_all_is_well(self) -> None:
        mine, theirs = need(fields=fields(7)), offer(fields=fields(7))
        assert warned(mine, theirs, "fields") is None

    def test_none_of_what_was_not_asked(self) -> None:
        assert warned(need(), person(), "skills") is None
        assert warned(need(quantity=3), person(), "quantity") is None

    def test_of_the_weightiest(self) -> None:
        view = scored(need(), offer(), fields=10.0, closeness=30.0).forward
        found = caution(need(), offer(), view, 0, SAYS)
        assert found
        assert (found.code, found.contribution) == ("closeness", 0.0)


class TestReasons:
    def test_are_the_three_largest(self) -> None:
        said = {
            "fields": fields(7),
            "slots": SATURDAY,
            "stage": 1,
            "quantity": 5,
            **HERE,
            **words(1, 2),
        }
        mine, theirs = need(**said), offer(**said)
        view = scored(mine, theirs).forward
        found = reasons(mine, theirs, view, 0, SAYS)
        assert [reason.code for reason in found] == ["fields", "text", "times"]
        assert [reason.contribution for reason in found] == [
            round(float(view.contributions[reason.code][0]), 1) for reason in found
        ]

    def test_what_adds_nothing_is_not_said(self) -> None:
        assert told(need(fields=fields(7)), offer(fields=fields(12)), "fields") == []
        assert told(need(), offer(), "fields") == []

    def test_a_sentence_that_is_known_already_is_kept(self) -> None:
        mine, theirs = need(fields=fields(7)), offer(fields=fields(7))
        view = scored(mine, theirs, fields=10.0).forward
        found = reasons(mine, theirs, view, 0, SAYS, {"fields": "同じ分野です"})
        assert found == [Reason("fields", "同じ分野です", 100.0)]

    @given(mine=need_rows, theirs=offer_rows)
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_any_pair_can_be_explained_from_both_sides(self, mine: dict, theirs: dict) -> None:
        one, other = many([mine]), many([theirs])
        scores = scored(one, other)
        for here, there, view in ((one, other, scores.forward), (other, one, scores.backward)):
            found = reasons(here, there, view, 0, SAYS)
            assert len(found) <= MOST_REASONS
            warning = caution(here, there, view, 0, SAYS)
            for reason in [*found, *([warning] if warning else [])]:
                assert JAPANESE.search(reason.text)
                assert not re.search(r"nan|None|-1|inf|：$", reason.text), reason.text
                value = view.values[reason.code][0]
                assert value != DOES_NOT_APPLY
            gap = warning is None or warning.code not in {reason.code for reason in found}
            assert gap or view.values[warning.code][0] < 0.5  # type: ignore[union-attr]

    @given(mine=need_rows, theirs=offer_rows)
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_only_what_both_wrote_down_is_named(self, mine: dict, theirs: dict) -> None:
        one, other = many([mine]), many([theirs])
        both = mine["fields"] & theirs["fields"]
        for said in told(one, other, "fields"):
            assert said.startswith("分野が一致" if both else "近い分野")
        for said in told(one, other, "text"):
            named = set(re.findall("「(.+?)」", said))
            assert named <= {SAYS.word(n) for n in {*mine["words"]} & {*theirs["words"]}}
            assert named
        asked = (mine["required"] | mine["preferred"]) & theirs["skills"]
        for said in told(one, other, "skills"):
            labels = [skill.label for skill in Skill if skill.number in numbers_of(asked)]
            assert said.removeprefix("求める技能に合います：").startswith(labels[0])


class TestWhyNot:
    @pytest.mark.parametrize(
        ("code", "mine", "theirs", "text"),
        [
            ("H1", need(kind=GOODS), offer(kind=FOOD), "種別が違います"),
            ("H2", need(open=False), offer(), "公開中でないか"),
            ("H3", need(organisation=1), offer(organisation=1), "同じ団体どうし"),
            ("H4", need(slots=SATURDAY, minutes=90), offer(slots=SUNDAY), "一回に必要な1.5時間"),
            (
                "H5",
                need(**HERE, reach_km=0.5),
                offer(**THERE),
                "約1.2 km離れています（0.5 kmまで）",
            ),
            ("H6", need(required=skills(Skill.DRIVING)), person(), "普通自動車免許"),
            ("H6", need(youngest=18), person(), "年齢の条件に合うか確認できません"),
            ("H7", need(least=5), offer(quantity=4), "必要な最少の数（5）に足りません"),
            ("H7", need(quantity=4), offer(least=5), "まとめて渡す数（5）より少ない"),
            ("H7", need(coldness=1), offer(coldness=2), "冷凍の保管ができると書かれていません"),
            ("H7", need(use_by=day(3)), offer(best_before=day(2)), "受け取りの日までもちません"),
            ("H8", need(quantity=0), offer(), "空きがありません"),
            (
                "H9",
                need(),
                offer(conditions=2),
                "渡す側の条件を満たすと書かれていません：法人格のある団体",
            ),
            ("H10", need(), person(consents=False), "同意していません"),
            ("H11", need(), person(limit=1, exposure=1), "お知らせできる回数"),
        ],
    )
    def test_says_what_kept_the_pair_apart(
        self, code: str, mine: Traits, theirs: Traits, text: str
    ) -> None:
        assert not passed(mine, theirs, question(notifying=True))[code][0]
        assert text in WHY_NOT[code](mine, theirs)

    def test_there_is_a_sentence_for_every_gate(self) -> None:
        assert set(WHY_NOT) == set(GATES)

    @given(mine=need_rows, theirs=offer_rows, notifying=st.booleans())
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_any_pair_can_be_told_why_not(self, mine: dict, theirs: dict, notifying: bool) -> None:
        one, other = many([mine]), many([theirs])
        for code, good in passed(one, other, question(notifying=notifying)).items():
            if not good[0]:
                said = WHY_NOT[code](one, other)
                assert JAPANESE.search(said)
                assert "nan" not in said


def test_fairness_is_said_without_claiming_what_is_not_known() -> None:
    """A reserved place may be a resident's, and somebody may have answered already."""
    assert JAPANESE.search(EQUITY)
    assert "募集" not in EQUITY
    assert "届いていない" not in EQUITY


def test_units_of_kinds_are_not_made_up() -> None:
    assert told(need(kind=SKILL, fields=fields(7)), offer(fields=fields(7)), "fields")
