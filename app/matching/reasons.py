"""Reasons and a caution in Japanese, made of the numbers that made the score. Pure.

Templates and facts, no persuasion; at most three reasons and one caution. Every sentence can be
checked against the two records on the screen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from app.core.bits import mask_of, numbers_of
from app.matching.criteria import DOES_NOT_APPLY, LABELS
from app.matching.gates import both_online, distance_km
from app.matching.scores import Direction
from app.matching.times import overlap_minutes, slot_bits, times_known
from app.matching.traits import SLOT_MINUTES, Traits, moment_of
from app.vocabulary.fields import Field
from app.vocabulary.listings import Condition, Frequency, Temperature
from app.vocabulary.organisations import OrganisationType
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS, slots_label

MOST_REASONS = 3
_WORTH_SAYING = 1.0  # points
_SHORT = 0.5  # a value below this is a shortfall
# Even those who do the same share few of their words: only none at all is worth a word.
_SHORT_OF = {"text": 0.01}
# Below these a value is no reason: it is something to look at (0.3 is 2.4 km).
_POOR = {"closeness": 0.3, "stage": _SHORT, "burden": _SHORT}
_FIELDS = {int(field.value): field.short for field in Field}
_SKILLS = {skill.number: skill.label for skill in Skill}
_TYPES = tuple(OrganisationType)
_FREQUENCIES = tuple(Frequency)
_COLD = tuple(Temperature)
_MOST_NAMED = 3
_NEXT_DOOR_KM = 0.1


@dataclass(frozen=True)
class Words:
    """What the numbers of content words, of units and of stages stand for."""

    word: Callable[[int], str]
    unit: str = ""
    stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """One criterion's part of a score, in points, and the sentence for it."""

    code: str
    text: str
    contribution: float


def reasons(
    one: Traits,
    other: Traits,
    view: Direction,
    row: int,
    words: Words,
    said: Mapping[str, str] = MappingProxyType({}),
) -> list[Reason]:
    """The largest contributions of one direction; `one` and `other` are single rows.

    `said`: sentences that are known already, by criterion.
    """
    points = {name: float(all_[row]) for name, all_ in view.contributions.items()}
    worth = [
        (name, value)
        for name, value in points.items()
        if value >= _WORTH_SAYING and view.values[name][row] >= _POOR.get(name, 0)
    ]
    best = sorted(worth, key=lambda item: -item[1])[:MOST_REASONS]
    return [
        Reason(name, said.get(name) or SAYINGS[name](one, other, words), round(value, 1))
        for name, value in best
    ]


def caution(one: Traits, other: Traits, view: Direction, row: int, words: Words) -> Reason | None:
    """The largest shortfall or the weightiest unknown of one direction."""
    missing: dict[str, float] = {}
    for name, all_ in view.values.items():
        weights = view.weights[name]
        value, weight = float(all_[row]), float(weights[row if len(weights) > 1 else 0])
        if weight and np.isnan(value):
            missing[name] = weight / 2
        elif weight and value != DOES_NOT_APPLY and value < _SHORT_OF.get(name, _SHORT):
            missing[name] = weight * (1 - value)
    if not missing:
        return None
    name = max(missing, key=lambda known: missing[known])
    unknown = bool(np.isnan(view.values[name][row]))
    text = _unknown(name, one, other) if unknown else SHORTFALLS[name](one, other, words)
    return Reason(name, text, 0.0)


def _unknown(name: str, one: Traits, other: Traits) -> str:
    if name == "quantity" and not np.isnan(one.quantity[0] + other.quantity[0]):
        return "数える単位が違います（数量を確認してください）"
    if name == "text":  # there may be a text: of groups, only what they seek and offer is compared
        return "内容は比べていません（確認してください）"
    return f"{LABELS[name]}は未記入です（確認してください）"


# ------------------------------------------------------------------------------- what is said


def _named(masks: int, names: Mapping[int, str]) -> str:
    found = [names[number] for number in numbers_of(masks) if number in names]
    more = f"など{len(found)}つ" if len(found) > _MOST_NAMED else ""
    return "、".join(found[:_MOST_NAMED]) + more


def _fields(one: Traits, other: Traits, _: Words) -> str:
    both = int(one.fields[0] & other.fields[0])
    if both:
        return f"分野が一致：{_named(both, _FIELDS)}"
    near = int(one.near_fields[0] & other.fields[0] | one.fields[0] & other.near_fields[0])
    return f"近い分野：{_named(near, _FIELDS)}"


def _text(one: Traits, other: Traits, words: Words) -> str:
    theirs = set(other.words[0].tolist())
    shared = [words.word(int(word)) for word in one.words[0] if word >= 0 and int(word) in theirs]
    return "内容が近い：" + "".join(f"「{word}」" for word in shared[:_MOST_NAMED])


def _skills(one: Traits, other: Traits, _: Words) -> str:
    need, able = (one, other) if one.required[0] | one.preferred[0] else (other, one)
    asked = int(need.required[0] | need.preferred[0])
    return f"求める技能に合います：{_named(asked & int(able.skills[0]), _SKILLS)}"


def _times(one: Traits, other: Traits, _: Words) -> str:
    minutes = int(overlap_minutes(one, other)[0])
    if not minutes:
        return "日時は相談して決められます"
    when = common_times(one, other)
    together = "合わせて" if one.exact[0] or other.exact[0] else "週に"
    return f"{when}が重なります（{together}{_hours(minutes)}）"


def _hours(minutes: int) -> str:
    hours = minutes / 60
    return f"{minutes}分" if hours < 1 else f"{hours:.1f}".removesuffix(".0") + "時間"


def common_times(one: Traits, other: Traits) -> str:
    """The dates, or else the slots of the week, in which both have the most time."""
    mine, theirs = (slot_bits(int(party.slots[0])) for party in (one, other))
    ways = (
        SLOT_MINUTES * mine * theirs,
        one.slot_minutes[0] * theirs,
        other.slot_minutes[0] * mine,
    )
    weekly = max(ways, key=lambda minutes: int(minutes.sum()))
    minutes, dates = _dates(one, other)
    if minutes and minutes >= weekly.sum():
        return dates
    return _slots(mask_of(np.flatnonzero(weekly).tolist()))


@lru_cache(4096)
def _slots(mask: int) -> str:
    return slots_label(SLOTS[number] for number in numbers_of(mask))


def _dates(one: Traits, other: Traits) -> tuple[int, str]:
    """How many minutes exact times share, and on which days."""
    total, found = 0, []
    theirs = _exact(other)
    for begins, ends in _exact(one):
        shared = [(max(begins, b), min(ends, e)) for b, e in theirs if b < ends and begins < e]
        if shared:
            total += sum(last - first for first, last in shared)
            at = moment_of(shared[0][0])
            found.append(f"{at.month}月{at.day}日")
    found = list(dict.fromkeys(found))
    more = f"など{len(found)}日" if len(found) > _MOST_NAMED else ""
    return total, "・".join(found[:_MOST_NAMED]) + more


def _exact(party: Traits) -> list[tuple[int, int]]:
    return [(begins, ends) for begins, ends in party.windows[0].tolist() if ends]


def _closeness(one: Traits, other: Traits, _: Words) -> str:
    if bool(both_online(one, other)[0]):
        return "オンラインでできます"
    distance = float(distance_km(one, other)[0])
    if one.placed[0] and other.placed[0]:
        return (
            "すぐ近くです" if distance < _NEXT_DOOR_KM else f"約{kilometres(distance)}のところです"
        )
    if one.municipality[0] == other.municipality[0]:
        return "同じ市区町村です"
    return f"市区町村どうしは約{kilometres(distance)}です"


def kilometres(distance: float) -> str:
    return f"{distance:.1f} km" if distance < 10 else f"{distance:.0f} km"


def _quantity(one: Traits, other: Traits, words: Words) -> str:
    need, offer = (one, other) if one.seeks[0] else (other, one)
    wanted = _counted(need, words)
    if int(offer.quantity[0]) >= int(need.quantity[0]):
        return f"希望の{wanted}をすべてまかなえます"
    return f"希望{wanted}のうち{_counted(offer, words)}をまかなえます"


def _counted(party: Traits, words: Words) -> str:
    """15本; in the party's own unit, else in that of the kind."""
    unit = words.word(int(party.unit[0])) if party.unit[0] >= 0 else words.unit
    return f"{int(party.quantity[0]):,}{unit}"


def _stage(one: Traits, other: Traits, words: Words) -> str:
    need = one if one.seeks[0] else other
    at = int(need.stage[0])
    name = words.stages[at] if 0 <= at < len(words.stages) else ""
    return f"「{name}」のステージに向いています" if name else "ステージに向いています"


def _burden(one: Traits, other: Traits, _: Words) -> str:
    mine, theirs = int(one.frequency[0]), int(other.frequency[0])
    if mine >= 0 and mine == theirs:
        return f"どちらも「{_FREQUENCIES[mine].label}」を希望"
    if (one.first_time[0] == 1 or other.first_time[0] == 1) and (
        max(int(one.beginners[0]), int(other.beginners[0])) == 1
    ):
        return "はじめての方を歓迎しています"
    return "参加のしかたが近い"


def _wish(_one: Traits, other: Traits, _: Words) -> str:
    return f"希望する相手：{_TYPES[int(other.type[0])].label}"


Saying = Callable[[Traits, Traits, Words], str]
SAYINGS: dict[str, Saying] = {
    "fields": _fields,
    "text": _text,
    "skills": _skills,
    "times": _times,
    "closeness": _closeness,
    "quantity": _quantity,
    "stage": _stage,
    "burden": _burden,
    "wish": _wish,
}


# -------------------------------------------------------------------------------- shortfalls


def _few_fields(one: Traits, other: Traits, _: Words) -> str:
    return "一致する分野は一部です" if one.fields[0] & other.fields[0] else "活動の分野は違います"


def _far(one: Traits, other: Traits, words: Words) -> str:
    if one.placed[0] and other.placed[0]:
        return f"約{kilometres(float(distance_km(one, other)[0]))}離れています"
    where = _closeness(one, other, words)
    return f"{where}。場所はくわしく書かれていません（確認してください）"


def _few_skills(one: Traits, other: Traits, _: Words) -> str:
    need, able = (one, other) if one.required[0] | one.preferred[0] else (other, one)
    missing = int((need.required[0] | need.preferred[0]) & ~able.skills[0])
    return (
        f"次の技能は書かれていません：{_named(missing, _SKILLS)}"
        if missing
        else ("技能の一部だけを使います")
    )


def _little_time(one: Traits, other: Traits, _: Words) -> str:
    minutes = int(overlap_minutes(one, other)[0])
    if minutes:
        return f"重なる時間は{_hours(minutes)}だけです"
    return (
        "日時は重なりません（相談が必要です）"
        if times_known(one, other)[0]
        else ("日時は相談して決めます")
    )


def _little(one: Traits, other: Traits, words: Words) -> str:
    need, offer = (one, other) if one.seeks[0] else (other, one)
    if int(offer.quantity[0]) < int(need.quantity[0]):
        return f"数が足りません（{_counted(offer, words)}まで）"
    return f"使われるのは一部です（{_counted(need, words)}）"


SHORTFALLS: dict[str, Saying] = {
    "fields": _few_fields,
    "text": lambda _one, _other, _words: "書かれている内容に重なりがありません",
    "skills": _few_skills,
    "times": _little_time,
    "closeness": _far,
    "quantity": _little,
    "stage": lambda _one, _other, _words: "ステージに合うかは確認してください",
    "burden": lambda _one, _other, _words: "参加の頻度の希望が違います",
    "wish": lambda _one, _other, _words: "希望とは違う種類の相手です",
    "complement": lambda _one, _other, _words: "求めるものと提供するものは、今は合っていません",
}

EQUITY = "これまで紹介が少なかったため、席を取って表示しています"


# ------------------------------------------------------------------------------ why not shown


def _why_times(need: Traits, _offer: Traits) -> str:
    needed = _hours(int(need.minutes[0]))
    return f"一回に必要な{needed}が、続けて重なる日時がありません"


def _why_far(need: Traits, offer: Traits) -> str:
    reach = float(np.fmax(need.reach_km, offer.reach_km)[0])
    distance = float(distance_km(need, offer)[0])
    return f"約{kilometres(distance)}離れています（{reach:g} kmまで）"


def _why_unable(need: Traits, offer: Traits) -> str:
    missing = int(need.required[0] & ~offer.skills[0])
    if missing:
        return f"必要な技能・資格が書かれていません：{_named(missing, _SKILLS)}"
    return "年齢の条件に合うか確認できません"


def _why_amount(need: Traits, offer: Traits) -> str:
    if offer.coldness[0] > 0 and need.coldness[0] < offer.coldness[0]:
        return f"{_COLD[int(offer.coldness[0])].label}の保管ができると書かれていません"
    if 0 <= offer.quantity[0] < need.least[0]:
        return f"必要な最少の数（{int(need.least[0]):,}）に足りません"
    if 0 <= need.quantity[0] < offer.least[0]:
        return f"まとめて渡す数（{int(offer.least[0]):,}）より少ない希望です"
    return "期限が受け取りの日までもちません"


def _why_conditions(need: Traits, offer: Traits) -> str:
    missing = int(offer.conditions[0] & ~need.meets[0]) & ~Condition.LOCAL.bit
    if offer.conditions[0] & Condition.LOCAL.bit and need.municipality[0] != offer.municipality[0]:
        missing |= Condition.LOCAL.bit
    named = "・".join(condition.label for condition in Condition if missing & condition.bit)
    return f"渡す側の条件を満たすと書かれていません：{named}"


WHY_NOT: dict[str, Callable[[Traits, Traits], str]] = {
    "H1": lambda _n, _o: "種別が違います",
    "H2": lambda _n, _o: "公開中でないか、締め切りを過ぎたか、期間が重なっていません",
    "H3": lambda _n, _o: "同じ団体どうし、または最近見送りになった組み合わせです",
    "H4": _why_times,
    "H5": _why_far,
    "H6": _why_unable,
    "H7": _why_amount,
    "H8": lambda _n, _o: "空きがありません",
    "H9": _why_conditions,
    "H10": lambda _n, _o: "引き合わせに同意していません",
    "H11": lambda _n, _o: "今月お知らせできる回数に達しています",
}
