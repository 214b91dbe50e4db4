"""What people say beside what they look for: when they have time, with whom, how much of it. Pure.

A table per kind of document: code list, code, and the wording that says so for certain. What may
as well be said of those who are helped (「高校生の学習支援」「在宅介護」) is left to be searched as
words.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from search.days import DENIED, PART_OF_DAY, day_codes, read_days

Codes = Mapping[str, tuple[str, ...]]


class Wish(NamedTuple):
    """`pattern`, found in a normalised text, asks for `code` of `code_list`."""

    code_list: str
    code: str
    pattern: re.Pattern[str]


def _wish(code_list: str, code: str, *wordings: str) -> Wish:
    return Wish(code_list, code, re.compile("|".join(wordings)))


_END = r"(?=$|[\s、。にのはもでをやと]|だけ|なら|限定|中心)"
_BEGIN = r"(?:^|(?<=[\s、。にのはもでをやと]))"


def _time(code: str, words: str) -> Wish:
    return _wish("when", code, f"{_BEGIN}(?:{words}){_END}")


_EVENING = (
    "(?:平日の?)?(?:夜間?|夕方以降)"
    "|(?:仕事|会社|勤め|学校)(?:帰り|終わり|が?終わった後|の後)|退勤後"
)
_HOLIDAY = "(?:夏|冬|春)休み(?:中|期間中?)?|長期休暇|ゴールデンウィーク|お盆休み|年末年始"
_WEEKEND = "週末|土日祝?日?|土・日(?:・祝)?|土曜日?|日曜日?|休日|祝日|休みの日"
_WEEKDAY = "平日の?(?:昼間?|日中|午前中?|午後)?"
_ACCEPTING = (
    "(?:新し[いく]|新規)?(?:の?(?:メンバー|会員|仲間|部員|参加者))[をの]?(?:募集中?|歓迎|受け?入れ中?)"
    "(?:して(?:いる|る))?(?:の|な)?"
)
_OF_ORGANISATIONS = (
    _time("evening", _EVENING),
    _time("holiday", _HOLIDAY),
    _time("weekend", _WEEKEND),
    _time("weekday", _WEEKDAY),
    _wish("accepting", "true", _ACCEPTING),
)

# 「…できる」「…参加したい」 and what may stand where a wish ends.
_CAN = (
    "(?:(?:気軽に|手軽に)?(?:でき(?:る|ます|そうな?)|出来る|やれる|やりたい|したい|行ける|行きたい|通える"
    "|参加(?:でき(?:る|ます)|可能?|ok|したい|する)?|手伝(?:える|いたい|える)|働ける|始められる|取り組める"
    "|体験(?:できる|したい)?|活動(?:できる|したい)?|協力(?:できる|したい)))"
)
_STOP = r"(?=$|[\s、。,!?])"
_WELCOME = "(?:大?歓迎|ok|可能?|大丈夫|向け|限定)(?:の|な|に)?"
_VOLUNTEERING = "(?=ボランティア|活動|仕事|作業|お?手伝い|参加)"
_PUPIL = "小中高生|中高生|中学生|高校生|高専生|大学生|短大生|専門学校生|学生|生徒|10代|十代"
_STUDENT = f"(?:(?:{_PUPIL})[や・、と]?)+"
_CHILD = (
    "(?:小さい|小さな|幼い)?"
    "(?:子ども|子供|こども|子|娘|息子|孫|赤ちゃん|幼児|小学生)(?:たち|達|さん)?"
)
_NEW_TO_IT = (
    "(?:未経験|初心者|ビギナー|経験(?:が|も)?(?:ない|なし|ゼロ|浅い))(?:者)?"
    "(?:の?(?:人|方|私|自分))?"
)
_FEW = "(?:1|一|いち)"
_OF_OPPORTUNITIES = (
    _time("evening", f"{_EVENING}|アフター(?:5|ファイブ)|会社(?:の|が)(?:あと|ひけた後)"),
    _time("holiday", f"{_HOLIDAY}|(?:お盆|大型連休|長期の?休み|学校の休み)(?:中|期間)?"),
    _time("weekend", f"(?:{_WEEKEND}){PART_OF_DAY}"),
    _time("weekday", _WEEKDAY),
    _wish(
        "online",
        "true",
        f"(?:家|自宅|うち|おうち)(?:に(?:居|い)ながら|で|から)(?:でも|も)?{_CAN}",
        f"在宅(?:でも?|から)?(?:{_CAN}|{_STOP})",
        f"(?:在宅|リモート|オンライン)(?:の|による)?{_VOLUNTEERING}",
        f"(?:在宅|リモート|オンライン){_WELCOME}",
        f"(?:オンライン|リモートワーク|リモート|zoom|ネット)(?:だけ)?(?:でも?|上で)(?:{_CAN}|(?=.))",
        f"(?:オンライン|リモート){_STOP}",
        f"(?:外|家)(?:に|を|から)出(?:なくても|ずに){_CAN}?",
    ),
    _wish(
        "family",
        "true",
        f"(?:親子|ファミリー|家族(?:みんな|ぐるみ|全員|連れ)?)(?:一緒に|いっしょに|で|でも)+{_CAN}",
        f"(?:親子|ファミリー)で(?=.|$)|家族(?:みんな|ぐるみ)で|家族で{_STOP}",
        f"(?:親子|家族|ファミリー)(?:での?)?(?:参加|同伴)?{_WELCOME}|親子参加|家族連れ",
        f"(?:子連れ|子ども連れ|子供連れ|子ども同伴|子供同伴)(?:でも?|で)?(?:{_CAN}|{_WELCOME})?",
        f"{_CHILD}(?:と|も|を)(?:一緒|いっしょ)(?:に|でも?)?\\s*(?:{_CAN}|{_WELCOME}|{_STOP})",
        f"{_CHILD}(?:と|も)(?:一緒に)?(?:参加|行|やれ|でき|体験){_CAN}?(?:ける|る|できる)?",
        f"{_CHILD}を連れ(?:て|たまま)(?:でも)?{_CAN}?|ママ友と{_CAN}?",
    ),
    _wish(
        "beginner",
        "true",
        f"(?:初めて|はじめて)(?:の(?:人|方|私|自分))?(?:でも|ok|ですが|ですけど|なので|だけど){_CAN}?",
        f"(?:初めて|はじめて)(?:の(?:人|方|私))?(?:も|を|の)?{_WELCOME}",
        f"{_NEW_TO_IT}(?:からでも|でも|から|なので|ですが|だけど)(?:{_WELCOME}|{_CAN})?",
        f"{_NEW_TO_IT}(?:も|を|の)?{_WELCOME}|{_BEGIN}{_NEW_TO_IT}{_STOP}",
        f"(?:経験|知識|資格|技術)(?:や(?:経験|知識|資格))?(?:が|は|も)?(?:なくて|無くて)も{_CAN}?",
        "(?:経験|資格|知識)(?:は|を)?(?:不問|不要|問わ(?:ない|ず|れない))(?:の|な)?",
        f"やったことが?(?:なくて|無くて)も{_CAN}?|ボランティアデビュー",
    ),
    _wish(
        "single_day",
        "true",
        f"{_FEW}(?:日|回|度)(?:だけ|限り|きり|のみ)(?:でも|から|で|の)?{_CAN}?",
        f"{_FEW}(?:日|回)(?:から|でも|で)(?:も)?(?:{_CAN}|{_WELCOME})",
        f"単発(?:でも|から|で|の|参加)?(?:{_CAN}|{_WELCOME})?",
        f"(?:当日|半日|その日)(?:だけ|限り|のみ)(?:でも|から|で|の)?{_CAN}?",
        f"スポット(?:参加|で|の){_CAN}?|続けなくても?(?:いい|よい|大丈夫な?)",
    ),
    _wish(
        "students",
        "true",
        f"{_STUDENT}(?:の(?:私|僕|自分|娘|息子|子ども?))?(?:でも|からでも|から){_CAN}?",
        f"{_STUDENT}(?:が|も|に(?:も)?|にでも){_CAN}",
        f"{_STUDENT}(?:も|を|の)?{_WELCOME}",
        f"{_STUDENT}(?:の|による)?(?=ボランティア|ボラ)|学生ボランティア(?=$|[\\s、。])",
        f"(?:^|(?<=[\\s、。])){_STUDENT}(?:です(?:が|けど)?|なので|だけど)?{_STOP}",
        f"(?:^|(?<=[\\s、。])){_STUDENT}(?:です(?:が|けど)|なので|だけど|です)",
    ),
    _wish(
        "travel_paid",
        "true",
        "交通費(?:が|を|の|は|も)?(?:全額|一部|実費)?(?:が|を|の)?"
        "(?:出る|出ます|でる|出して(?:くれる|もらえる)|もらえる|貰える|支給(?:あり|有り?|される|の)?"
        "|補助(?:あり|有り?|が?ある|の)?|付き?(?:の)?|つき(?:の)?|あり(?:の)?|有り?(?:の)?|ある"
        "|込み?(?:の)?|負担(?:して(?:くれる|もらえる))|かからない)",
        "交通費" + _STOP,
    ),
)
_BY_KIND = {"organisation": _OF_ORGANISATIONS, "opportunity": _OF_OPPORTUNITIES}
# The lists that wishes for something to do stand in.
WISHED = frozenset("day when online family beginner single_day students travel_paid".split())
# Kinds that are asked for as something to do: place and time are conditions, never names. Where
# too little is found, who wishes to plant flowers on a Sunday would sooner plant them on another
# day than do something else on a Sunday.
TASKS = frozenset({"opportunity"})
_ORPHAN = re.compile(r"(?:^|(?<=\s))(?:[にのはもを、]|で(?!き))(?=\S)")


# A time that does not do is neither asked for nor looked for as a word.
_DENIED_TIME = re.compile(
    f"{_BEGIN}(?:{_EVENING}|{_HOLIDAY}|{_WEEKEND}|{_WEEKDAY}){PART_OF_DAY}{DENIED}"
)


def read_wishes(
    kind: str, text: str, given: frozenset[str], today: date | None = None
) -> tuple[Codes, str]:
    """What a normalised `text` wishes for, but for the lists `given`, and the rest of it.

    Days are read of what one can take part in, and only where `today` is known.
    """
    found, rest = _read_times(text, given, today) if kind in TASKS else ({}, text)
    for wish in _BY_KIND.get(kind, ()):
        if wish.code_list in given:
            continue
        shorter = wish.pattern.sub(" ", rest)
        if shorter != rest:
            found[wish.code_list] = (*found.get(wish.code_list, ()), wish.code)
            rest = _ORPHAN.sub("", shorter)
    return found, " ".join(rest.split())


def _read_times(
    text: str, given: frozenset[str], today: date | None
) -> tuple[dict[str, tuple[str, ...]], str]:
    """The days, and the text without them and without the times that are denied."""
    days: tuple[date, ...] = ()
    rest = text
    if today and "day" not in given:
        days, rest = read_days(text, today)
    found = {"day": day_codes(days)} if days else {}
    allowed = _DENIED_TIME.sub(" ", rest)
    return found, _ORPHAN.sub("", allowed) if allowed != rest else rest
