"""活動分野: the 20 fields of the NPO Act (特定非営利活動促進法 別表), and the residents' list."""

from app.core.bits import mask_of
from app.vocabulary import Choice


class Field(Choice):
    """The statute's wording; stored as the number of the schedule."""

    F1 = "1", "保健、医療又は福祉の増進を図る活動", "保健・医療・福祉"
    F2 = "2", "社会教育の推進を図る活動", "社会教育"
    F3 = "3", "まちづくりの推進を図る活動", "まちづくり"
    F4 = "4", "観光の振興を図る活動", "観光"
    F5 = "5", "農山漁村又は中山間地域の振興を図る活動", "農山漁村・中山間地域"
    F6 = "6", "学術、文化、芸術又はスポーツの振興を図る活動", "学術・文化・芸術・スポーツ"
    F7 = "7", "環境の保全を図る活動", "環境"
    F8 = "8", "災害救援活動", "災害救援"
    F9 = "9", "地域安全活動", "地域安全"
    F10 = "10", "人権の擁護又は平和の推進を図る活動", "人権・平和"
    F11 = "11", "国際協力の活動", "国際協力"
    F12 = "12", "男女共同参画社会の形成の促進を図る活動", "男女共同参画"
    F13 = "13", "子どもの健全育成を図る活動", "子どもの健全育成"
    F14 = "14", "情報化社会の発展を図る活動", "情報化社会"
    F15 = "15", "科学技術の振興を図る活動", "科学技術"
    F16 = "16", "経済活動の活性化を図る活動", "経済活動"
    F17 = "17", "職業能力の開発又は雇用機会の拡充を支援する活動", "職業能力・雇用"
    F18 = "18", "消費者の保護を図る活動", "消費者保護"
    F19 = (
        "19",
        "前各号に掲げる活動を行う団体の運営又は活動に関する連絡、助言又は援助の活動",
        "団体の支援",
    )
    F20 = (
        "20",
        "前各号に掲げる活動に準ずる活動として都道府県又は指定都市の条例で定める活動",
        "条例で定める活動",
    )

    @property
    def short(self) -> str:
        """The usual abbreviation, for cards and facets."""
        return self.description


class Interest(Choice):
    """The residents' short list; each stands for some of the twenty."""

    WELFARE = "welfare", "医療・福祉・人権"
    CHILDREN = "children", "子ども・教育"
    CULTURE = "culture", "文化・芸術"
    NATURE = "nature", "環境・動物"
    TOWN = "town", "まちづくり・観光・地域"
    WORLD = "world", "多文化・国際"
    SPORTS = "sports", "スポーツ"
    SAFETY = "safety", "防災・安全"
    OTHER = "other", "その他"

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field(str(number)) for number in _FIELDS_OF[self])


_FIELDS_OF = {
    Interest.WELFARE: (1, 10, 12),
    Interest.CHILDREN: (2, 13),
    Interest.CULTURE: (6,),
    Interest.NATURE: (7,),
    Interest.TOWN: (3, 4, 5, 16),
    Interest.WORLD: (11,),
    Interest.SPORTS: (6,),
    Interest.SAFETY: (8, 9),
    Interest.OTHER: (14, 15, 17, 18, 19, 20),
}

# Fields that lie next to each other in practice, by number.
_NEXT_TO = (
    (1, 13), (1, 10), (2, 13), (2, 6), (3, 4), (3, 5), (3, 9), (3, 16), (4, 5), (4, 16), (5, 7),
    (8, 9), (10, 12), (10, 11), (11, 2), (14, 15), (16, 17), (18, 3), (19, 3),
)  # fmt: skip
# Number of a field → those next to it, one bit each.
NEIGHBOURS = tuple(
    mask_of({b for a, b in _NEXT_TO if a == field} | {a for a, b in _NEXT_TO if b == field})
    for field in range(len(Field) + 1)
)
