"""Lists about residents who want to take part."""

from app.vocabulary import Choice


class AgeBand(Choice):
    """年代: asked only where the law or an insurance does, in bands and never as a birthday."""

    UNDER_15 = "under_15", "15歳未満"
    FROM_15 = "15_17", "15〜17歳"
    FROM_18 = "18_64", "18〜64歳"
    FROM_65 = "65_74", "65〜74歳"
    FROM_75 = "75_plus", "75歳以上"

    @property
    def years(self) -> tuple[int, int]:
        """The youngest and the oldest age in the band."""
        return _YEARS[self]

    @property
    def is_minor(self) -> bool:
        """Under 18 (民法 第4条): a guardian has to agree."""
        return self in (AgeBand.UNDER_15, AgeBand.FROM_15)


_YEARS = {
    AgeBand.UNDER_15: (0, 14),
    AgeBand.FROM_15: (15, 17),
    AgeBand.FROM_18: (18, 64),
    AgeBand.FROM_65: (65, 74),
    AgeBand.FROM_75: (75, 130),
}
