"""When: as residents ask for it, and as a week of 42 slots (7 days of 6 periods)."""

from collections.abc import Iterable

from app.vocabulary import Choice


class ActivityTime(Choice):
    WEEKDAY = "weekday", "平日の昼"
    EVENING = "evening", "平日の夜"
    WEEKEND = "weekend", "土日・祝日"
    HOLIDAY = "holiday", "夏休みなどの長期休み"


class Weekday(Choice):
    """In the order of `date.weekday()`."""

    MON = "mon", "月曜"
    TUE = "tue", "火曜"
    WED = "wed", "水曜"
    THU = "thu", "木曜"
    FRI = "fri", "金曜"
    SAT = "sat", "土曜"
    SUN = "sun", "日曜"


class Period(Choice):
    """A part of the day; the six cover it without a gap, the night across midnight."""

    EARLY = "early", "早朝"
    MORNING = "morning", "午前"
    NOON = "noon", "昼すぎ"
    AFTERNOON = "afternoon", "夕方"
    EVENING = "evening", "夜"
    NIGHT = "night", "深夜"

    @property
    def hours(self) -> tuple[int, int]:
        """First hour and the hour it ends; 30 is six o'clock of the next day."""
        return _HOURS[self]


_HOURS = {
    Period.EARLY: (6, 9),
    Period.MORNING: (9, 12),
    Period.NOON: (12, 15),
    Period.AFTERNOON: (15, 18),
    Period.EVENING: (18, 21),
    Period.NIGHT: (21, 30),
}
PERIODS = tuple(Period)
WEEKDAYS = tuple(Weekday)
# Every slot by its name, `sat-morning`; the position is its bit.
SLOTS = tuple(f"{day}-{period}" for day in Weekday for period in Period)


def slot_label(slot: str) -> str:
    """`sat-morning` → 土曜午前."""
    day, _, period = slot.partition("-")
    return Weekday(day).label + Period(period).label


# How many days in a row are called, by where they stand in the week.
_RUNS = {tuple(range(7)): "毎日", tuple(range(5)): "平日", (5, 6): "土日"}


def slots_label(slots: Iterable[str]) -> str:
    """Slots as people say them: 平日の午前・昼すぎ、土曜の夜."""
    days: dict[Period, list[int]] = {}
    for slot in sorted(set(slots), key=SLOTS.index):
        day, _, period = slot.partition("-")
        days.setdefault(Period(period), []).append(WEEKDAYS.index(Weekday(day)))
    periods: dict[tuple[int, ...], list[Period]] = {}
    for part in PERIODS:
        if part in days:
            periods.setdefault(tuple(days[part]), []).append(part)
    return "、".join(
        f"{_days_label(of)}の{'終日' if len(parts) == len(PERIODS) else _joined(parts)}"
        for of, parts in sorted(periods.items())
    )


def _days_label(days: tuple[int, ...]) -> str:
    return _RUNS.get(days) or "・".join(WEEKDAYS[day].label[0] for day in days) + "曜"


def _joined(parts: Iterable[Period]) -> str:
    return "・".join(part.label for part in parts)
