"""Lists about organisations: what they are, how they exist in law, where their record stands."""

from app.vocabulary import Choice


class OrganisationType(Choice):
    """団体種別: the part an organisation plays here, apart from its 法人格."""

    CIVIC_GROUP = "civic_group", "市民活動団体"
    COMMUNITY_COUNCIL = "community_council", "コミュニティ協議会"
    WELFARE_ASSOCIATION = "welfare_association", "地域社協（福祉の会）"
    DISASTER_ASSOCIATION = "disaster_association", "自主防災組織"
    GREEN_VOLUNTEERS = "green_volunteers", "緑ボランティア団体"
    COMPANY = "company", "企業"
    SCHOOL = "school", "大学・学校"
    CITY_DIVISION = "city_division", "行政の課"
    INTERMEDIARY = "intermediary", "中間支援組織"


class LegalForm(Choice):
    """法人格."""

    NONE = "none", "なし（任意団体）"
    NPO = "npo", "NPO法人"
    CERTIFIED_NPO = "certified_npo", "認定NPO法人"
    GENERAL_ASSOCIATION = "general_association", "一般社団法人"
    PUBLIC_ASSOCIATION = "public_association", "公益社団法人"
    GENERAL_FOUNDATION = "general_foundation", "一般財団法人"
    PUBLIC_FOUNDATION = "public_foundation", "公益財団法人"
    SOCIAL_WELFARE = "social_welfare", "社会福祉法人"
    SCHOOL_CORPORATION = "school_corporation", "学校法人"
    MEDICAL = "medical", "医療法人"
    RELIGIOUS = "religious", "宗教法人"
    WORKER_COOPERATIVE = "worker_cooperative", "労働者協同組合"
    COOPERATIVE = "cooperative", "協同組合・企業組合"
    STOCK_COMPANY = "stock_company", "株式会社"
    LIMITED_COMPANY = "limited_company", "有限会社"
    LLC = "llc", "合同会社"
    PARTNERSHIP = "partnership", "合名・合資会社"
    GOVERNMENT = "government", "国・地方公共団体"
    OTHER = "other", "その他の法人"


class Status(Choice):
    """Where a record stands."""

    DRAFT = "draft", "下書き", "まだ公開していません。"
    PUBLISHED = "published", "公開中", "だれでも見られ、検索に出ます。"
    SUSPENDED = "suspended", "公開停止", "一時的に公開を止めています。"
    CLOSED = "closed", "活動終了", "解散または活動を終えました。検索には出ません。"


class ContactKind(Choice):
    """連絡先: each is public or private by itself."""

    REPRESENTATIVE = "representative", "代表者"
    CONTACT_PERSON = "contact_person", "連絡責任者"
    PHONE = "phone", "電話"
    MOBILE = "mobile", "携帯電話"
    FAX = "fax", "FAX"
    EMAIL = "email", "メール"


class LinkKind(Choice):
    WEBSITE = "website", "ウェブサイト"
    BLOG = "blog", "ブログ"
    FACEBOOK = "facebook", "Facebook"
    INSTAGRAM = "instagram", "Instagram"
    X = "x", "X（旧Twitter）"
    LINE = "line", "LINE"
    YOUTUBE = "youtube", "YouTube"
    OTHER = "other", "その他"


class EntryMethod(Choice):
    """Who typed the record in; 代理入力 is a service of the coordinators, and is said openly."""

    SELF = "self", "団体本人"
    PAPER = "paper", "代理入力（用紙）"
    PHONE = "phone", "代理入力（電話）"
    VISIT = "visit", "代理入力（窓口・訪問）"
    IMPORT = "import", "取り込み"


class ConfirmationMethod(Choice):
    """How a human confirmed that a record is right."""

    PHONE = "phone", "電話"
    EMAIL = "email", "メール"
    VISIT = "visit", "窓口・訪問"
    PAPER = "paper", "用紙"
    ONLINE = "online", "本人の画面操作"


class PublicationUse(Choice):
    """掲載の同意 is given for each use by itself."""

    WEB = "web", "ウェブ"
    BOOKLET = "booklet", "冊子"
    OPEN_DATA = "open_data", "オープンデータ"
