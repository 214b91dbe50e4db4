"""What every engine promises, asked of each."""

from typing import Any

import pytest

from search import Document, InvalidQuery, Request, project
from search.understanding import Question
from tests.search.conftest import KIND, Engine

MITAKA, MUSASHINO, FUJI = (35.6835, 139.5595), (35.7178, 139.5661), (35.1614, 138.6763)


def thing(id: str, name: str, **values: Any) -> Document:
    return Document(id, KIND, name, **values)


THINGS = [
    thing(
        "kosodate",
        "NPO法人こそだてひろば",
        kana="エヌピーオーホウジンコソダテヒロバ",
        purpose="乳幼児と親の居場所をつくる",
        keywords=("子育て支援",),
        places=("東京都", "武蔵野市"),
        codes={"area": ("132039", "13"), "when": ("weekday",), "field": ("13",)},
        position=MUSASHINO,
        updated_at=500,
    ),
    thing(
        "gassho",
        "合唱団みたか",
        kana="ガッショウダンミタカ",
        activities="平日の夜に合唱を楽しんでいます",
        places=("東京都", "三鷹市"),
        codes={"area": ("132047", "13"), "when": ("evening",), "field": ("6",)},
        position=MITAKA,
        updated_at=400,
    ),
    thing(
        "kyoto",
        "京都認知症の人と家族の会",
        kana="キョウトニンチショウノヒトトカゾクノカイ",
        keywords=("認知症", "認知症カフェ"),
        places=("京都府", "京都市"),
        codes={"area": ("261009", "26"), "when": ("weekend",), "field": ("1",)},
        updated_at=300,
    ),
    thing(
        "tokyo",
        "東京都民の消費生活を考える会",
        kana="トウキョウトミンノショウヒセイカツヲカンガエルカイ",
        places=("東京都", "新宿区"),
        codes={"area": ("131041", "13"), "field": ("18",)},
        updated_at=200,
    ),
    thing(
        "shokudo",
        "子ども食堂 ふじ",
        kana="コドモショクドウフジ",
        purpose="障がいのある子どももない子どもも一緒に食卓を囲む",
        keywords=("子ども食堂",),
        places=("静岡県", "富士市"),
        codes={"area": ("222101", "22"), "when": ("evening", "weekend"), "field": ("13", "1")},
        position=FUJI,
        updated_at=100,
    ),
]


@pytest.fixture(scope="module", autouse=True)
def filled(embedded_engine: Engine, meili_engine: Engine) -> None:
    for engine in (embedded_engine, meili_engine):
        engine.put(*THINGS)


class TestAsking:
    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("こそだてひろば", "kosodate"),
            ("コソダテ", "kosodate"),
            ("kosodate", "kosodate"),
            ("ｺｿﾀﾞﾃ", "kosodate"),
            ("NPO法人こそだてひろば", "kosodate"),
            ("子育て", "kosodate"),
            ("育児", "kosodate"),
            ("合唱", "gassho"),
            ("がっしょう", "gassho"),
            ("がっしょうだ", "gassho"),
            ("合唱団み", "gassho"),
            ("コーラス", "gassho"),
            ("平日の夜に歌いたい", "gassho"),
            ("認知症", "kyoto"),
            ("認知性カフェ", "kyoto"),
            ("にんちしょう", "kyoto"),
            ("子供食堂", "shokudo"),
            ("こども食堂", "shokudo"),
            ("障害", "shokudo"),
            ("障碍", "shokudo"),
            ("京都", "kyoto"),
            ("消費生活", "tokyo"),
        ],
    )
    def test_finds_what_is_meant_first(self, engine: Engine, typed: str, found: str) -> None:
        assert [hit["id"] for hit in engine.request(typed).hits[:1]] == [found]

    def test_what_answers_the_whole_question_comes_before_the_nearest(self, engine: Engine) -> None:
        answer = engine.request("東京都")
        assert answer.full == 3
        assert answer.total == len(answer.hits)

    def test_kyoto_does_not_find_tokyo(self, engine: Engine) -> None:
        assert engine.full("京都") == ["kyoto"]
        assert set(engine.full("東京都")) == {"kosodate", "gassho", "tokyo"}

    @pytest.mark.parametrize("typed", ["夜間", "会計", "食", "中国", "点訳", "zzzzzzzz"])
    def test_finds_nothing_where_there_is_nothing(self, engine: Engine, typed: str) -> None:
        assert not {"kosodate", "tokyo"} & set(engine.full(typed))

    def test_a_time_alone_is_a_filter(self, engine: Engine) -> None:
        answer = engine.request("平日の夜")
        assert {hit["id"] for hit in answer.hits} == {"gassho", "shokudo"}
        assert (answer.understood, answer.relaxed) == ({"when": ("evening",)}, ())

    def test_without_words_everything_is_there_newest_first(self, engine: Engine) -> None:
        assert engine.full() == [document.id for document in THINGS]

    def test_what_is_given_up_is_said(self, engine: Engine) -> None:
        answer = engine.request("平日の夜に認知症")
        assert "when" in answer.relaxed
        assert "kyoto" in [hit["id"] for hit in answer.hits[answer.full :]]

    @pytest.mark.parametrize(
        "typed",
        [
            '" OR codes = "field=13',
            "') OR 1=1 --",
            'x" OR "a"*',
            "NEAR(a b)",
            "name_words : 合唱 OR -*",
            "{codes} : when_evening",
            "zmusicz",
            "p132039p",
            "field_13 when_evening",
        ],
    )
    def test_a_question_is_never_taken_for_a_command(self, engine: Engine, typed: str) -> None:
        assert len(engine.full(typed, codes={"area": ("261009",)})) <= 1
        assert set(engine.full(typed, codes={"area": ("261009",)})) <= {"kyoto"}

    @pytest.mark.parametrize(
        "typed",
        ["合唱 " * 1000, "😀", "\x00合唱\x00", "\ud800", "\u202e合唱", "(((", "。。。", "a" * 5000],
    )  # fmt: skip
    def test_answers_whatever_is_typed(self, engine: Engine, typed: str) -> None:
        found = engine.full(typed)
        assert found[:1] == ["gassho"] if "合唱" in typed else len(found) <= len(THINGS)


class TestFilters:
    @pytest.mark.parametrize(
        ("codes", "found"),
        [
            ({"area": ("13",)}, {"kosodate", "gassho", "tokyo"}),
            ({"area": ("132039", "222101")}, {"kosodate", "shokudo"}),
            ({"area": ("13",), "when": ("evening",)}, {"gassho"}),
            ({"field": ("1",)}, {"kyoto", "shokudo"}),
            ({"when": ("holiday",)}, set()),
            ({"area": ('13" OR codes != "',)}, set()),
            ({"area": ('13") OR ("1',)}, set()),
            ({"area": ("13\\",)}, set()),
            ({'area = "13" OR x': ("1",)}, set()),
        ],
    )
    def test_hold_for_every_hit(
        self, engine: Engine, codes: dict[str, tuple[str, ...]], found: set[str]
    ) -> None:
        answer = engine.request(codes=codes)
        assert ({hit["id"] for hit in answer.hits}, answer.total) == (found, len(found))

    @pytest.mark.parametrize(
        ("radius", "found"), [(1, ["gassho"]), (5, ["gassho", "kosodate"]), (500, None)]
    )
    def test_a_radius_counts_from_the_place(
        self, engine: Engine, radius: float, found: list[str] | None
    ) -> None:
        answer = engine.full(near=MITAKA, radius_km=radius, sort="distance")
        assert answer == (found or ["gassho", "kosodate", "shokudo"])

    def test_facets_count_what_was_found(self, engine: Engine) -> None:
        answer = engine.request(codes={"area": ("13",)}, facets=("area", "when", "stage"))
        counts = {name: list(codes.items()) for name, codes in answer.facets.items()}
        assert counts == {
            "area": [("13", 3), ("131041", 1), ("132039", 1), ("132047", 1)],
            "when": [("evening", 1), ("weekday", 1)],
            "stage": [],
        }

    def test_a_radius_without_a_place_is_no_question(self) -> None:
        with pytest.raises(InvalidQuery):
            Request(KIND, Question(), sort="distance")


class TestSortingAndPaging:
    def test_nearest_first_the_placeless_last(self, engine: Engine) -> None:
        found = engine.full(near=MITAKA, sort="distance")
        assert found[:3] == ["gassho", "kosodate", "shokudo"]
        assert set(found[3:]) == {"kyoto", "tokyo"}

    def test_newest_first(self, engine: Engine) -> None:
        assert engine.full("会", sort="updated") == sorted(
            engine.full("会", sort="updated"),
            key=[document.id for document in THINGS].index,
        )
        assert engine.full(sort="updated") == [document.id for document in THINGS]

    def test_pages_join_to_the_whole(self, engine: Engine) -> None:
        pages = [engine.request(offset=at, limit=2) for at in (0, 2, 4, 6)]
        ids = [hit["id"] for page in pages for hit in page.hits]
        assert ids == [document.id for document in THINGS]
        assert {page.total for page in pages} == {5}


class TestFeeding:
    """On documents of its own, beside those above."""

    @pytest.fixture(autouse=True)
    def _restored(self, engine: Engine) -> Any:
        yield
        engine.put(gone=("new",))

    def test_a_write_is_there_when_it_is_settled(self, engine: Engine) -> None:
        engine.put(thing("new", "尺八の会"))
        assert engine.full("尺八") == ["new"]
        engine.put(thing("new", "大正琴の会"))
        assert engine.full("尺八") == []
        assert engine.full("大正琴") == ["new"]
        engine.put(gone=("new",))
        assert engine.full("大正琴") == []

    def test_the_same_write_twice_is_one(self, engine: Engine) -> None:
        for _ in range(2):
            engine.put(thing("new", "尺八の会"), gone=("unknown",))
        assert engine.index.count() == len(THINGS) + 1

    def test_says_what_it_holds(self, engine: Engine) -> None:
        entries = {document.id: project(document) for document in THINGS}
        held = engine.index.stored([*entries, "unknown"])
        assert held == {id_: engine.index.stored_form(entry) for id_, entry in entries.items()}
        assert set(engine.index.ids()) == set(entries)

    def test_preparing_again_changes_nothing(self, engine: Engine) -> None:
        engine.index.prepare()
        assert engine.index.count() == len(THINGS)

    def test_a_successor_takes_the_place_when_it_is_complete(self, engine: Engine) -> None:
        with engine.index.rebuilding() as successor:
            successor.settle(successor.write([project(d) for d in THINGS], []))
            successor.settle(successor.write([project(thing("new", "尺八の会"))], []))
            assert engine.full("尺八") == []
        assert engine.full("尺八") == ["new"]

    def test_a_successor_that_fails_leaves_everything_as_it_was(self, engine: Engine) -> None:
        with pytest.raises(KeyError), engine.index.rebuilding():
            raise KeyError
        assert engine.full() == [document.id for document in THINGS]
        with engine.index.rebuilding() as successor:  # what was left behind is no hindrance
            successor.settle(successor.write([project(d) for d in THINGS], []))
        assert engine.index.count() == len(THINGS)


class TestBothEngines:
    """The engines agree."""

    @pytest.mark.parametrize("typed", "子育て 合唱 京都 東京都 認知症 食堂 夜 富士".split())
    def test_on_what_answers_a_plain_question(
        self, embedded_engine: Engine, meili_engine: Engine, typed: str
    ) -> None:
        assert set(embedded_engine.full(typed)) == set(meili_engine.full(typed)) != set()
