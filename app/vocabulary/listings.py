"""Lists about needs and offers: what is sought or given, how heavy it is, where it stands."""

from app.vocabulary import Choice


class Side(Choice):
    """求める or 提供する: one model for both."""

    NEED = "need", "求める"
    OFFER = "offer", "提供する"

    @property
    def other(self) -> "Side":
        return Side.OFFER if self is Side.NEED else Side.NEED


class ListingKind(Choice):
    """種別: the eight kinds, the same for needs and offers."""

    PEOPLE = "people", "人手", "人"
    SKILL = "skill", "技能（プロボノ）", "人"
    GOODS = "goods", "物品", "個"
    FOOD = "food", "食品", "個"
    FUND = "fund", "資金", "円"
    PLACE = "place", "場所", "人"
    ADVICE = "advice", "情報・助言", "件"
    PARTNER = "partner", "協働相手", "団体"

    @property
    def unit(self) -> str:
        """What its quantity counts unless the listing says otherwise."""
        return self.description


class ListingStatus(Choice):
    """Where a need or an offer stands."""

    DRAFT = "draft", "下書き", "まだ公開していません。"
    PUBLISHED = "published", "公開中", "だれでも見られ、検索に出ます。"
    PAUSED = "paused", "休止中", "いったん募集を止めています。"
    FULFILLED = "fulfilled", "充足", "必要な数がそろいました。"
    CLOSED = "closed", "終了", "取り下げた、または終わりました。"
    EXPIRED = "expired", "期限切れ", "期間または締切が過ぎました。"


class Frequency(Choice):
    """How much of somebody's time it takes."""

    ONCE = "once", "一回だけ"
    SHORT = "short", "短時間"
    REGULAR = "regular", "継続"


class Urgency(Choice):
    LOW = "low", "急がない"
    NORMAL = "normal", "ふつう"
    HIGH = "high", "急ぎ"


class ContactRoute(Choice):
    """How an answer reaches the other side; details appear only after both have agreed."""

    OFFICE = "office", "窓口を通して"
    DIRECT = "direct", "引き合わせのあと直接"
    WEB = "web", "団体のウェブサイトから"


class Temperature(Choice):
    """温度帯 of food; whoever can keep frozen food can keep the rest."""

    AMBIENT = "ambient", "常温"
    CHILLED = "chilled", "冷蔵"
    FROZEN = "frozen", "冷凍"

    @property
    def coldness(self) -> int:
        return list(Temperature).index(self)


class Condition(Choice):
    """What a giver asks of whoever takes, as a rule of the donor or of the city."""

    LOCAL = "local", "同じ市区町村の団体"
    INCORPORATED = "incorporated", "法人格のある団体"
    NON_PROFIT = "non_profit", "営利を目的としない団体"
    NOT_RELIGIOUS = "not_religious", "宗教団体でないこと"
    NO_RESALE = "no_resale", "転売しないことに同意"
    NOT_POLITICAL = "not_political", "政治活動を目的としないことを確認"

    @property
    def bit(self) -> int:
        return 1 << list(Condition).index(self)


class EngagementState(Choice):
    """How a pair stands. What coordination writes here is what the gates and exposure read."""

    PENDING = "pending", "返事待ち"
    ACCEPTED = "accepted", "成立"
    JOINED = "joined", "参加"
    DECLINED = "declined", "見送り"
    BLOCKED = "blocked", "今後は紹介しない"
    ENDED = "ended", "終了"

    @property
    def takes_quantity(self) -> bool:
        """Whether it counts against the listing's quantity; on dates, the shifts hold the seats."""
        return self in (EngagementState.PENDING, EngagementState.ACCEPTED)

    @property
    def is_live(self) -> bool:
        """Whether the party is engaged: asked, agreed, or taking part."""
        return self.takes_quantity or self is EngagementState.JOINED


class PartyKind(Choice):
    """Who stands on the other side of an engagement."""

    LISTING = "listing", "求める・提供する"
    PERSON = "person", "個人"
    ORGANISATION = "organisation", "団体"


class PlaceState(Choice):
    """A place on a shift."""

    CONFIRMED = "confirmed", "参加"
    WAITING = "waiting", "空き待ち"
    OFFERED = "offered", "空きを案内中"
    CANCELLED = "cancelled", "取り消し"
