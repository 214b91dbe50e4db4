"""技能: what somebody can do, or is asked to be able to do.

`number` is stored (one bit each in a row's mask): numbers are never reused nor changed.
"""

from app.vocabulary import Choice


class Skill(Choice):
    """A skill; a licence is one that the law or an insurance asks to see."""

    ACCOUNTING = "accounting", "会計・経理"
    TAX = "tax", "税務"
    LEGAL = "legal", "法務"
    LABOUR = "labour", "労務"
    GRANT_WRITING = "grant_writing", "助成金の申請"
    FUNDRAISING = "fundraising", "資金集め・寄付"
    PUBLICITY = "publicity", "広報"
    SOCIAL_MEDIA = "social_media", "SNSでの発信"
    WRITING = "writing", "文章・ライティング"
    EDITING = "editing", "編集・校正"
    DESIGN = "design", "デザイン・チラシ"
    ILLUSTRATION = "illustration", "イラスト"
    PHOTOGRAPHY = "photography", "写真"
    VIDEO = "video", "動画"
    WEB = "web", "ウェブサイト"
    IT = "it", "パソコン・IT"
    PROGRAMMING = "programming", "プログラミング"
    ONLINE_MEETINGS = "online_meetings", "オンライン会議（Zoomなど）"
    DATA_ENTRY = "data_entry", "事務・データ入力"
    STRATEGY = "strategy", "事業計画・運営相談"
    FACILITATION = "facilitation", "進行・ファシリテーション"
    EVENTS = "events", "イベント運営"
    ENGLISH = "english", "英語"
    CHINESE = "chinese", "中国語"
    KOREAN = "korean", "韓国・朝鮮語"
    OTHER_LANGUAGES = "other_languages", "その他の外国語"
    TEACHING_JAPANESE = "teaching_japanese", "日本語を教える"
    SIGN_LANGUAGE = "sign_language", "手話"
    BRAILLE = "braille", "点訳・音訳"
    TEACHING = "teaching", "学習支援"
    READING_ALOUD = "reading_aloud", "読み聞かせ"
    CHILDMINDING = "childminding", "子どもの見守り・保育"
    CARE = "care", "介護・介助"
    LISTENING = "listening", "傾聴"
    COUNSELLING = "counselling", "相談・カウンセリング"
    COOKING = "cooking", "調理"
    GARDENING = "gardening", "園芸・花壇"
    FORESTRY = "forestry", "里山・樹木の手入れ"
    CARPENTRY = "carpentry", "大工・修理"
    SEWING = "sewing", "裁縫・手芸"
    MUSIC = "music", "音楽"
    ARTS = "arts", "美術・工芸"
    SPORTS = "sports", "スポーツ指導"
    GUIDING = "guiding", "案内・ガイド"
    ANIMALS = "animals", "動物の世話"
    HEAVY_LIFTING = "heavy_lifting", "力仕事・会場設営"
    FIRST_AID = "first_aid", "応急手当"
    DISASTER_RELIEF = "disaster_relief", "災害支援"
    DRIVING = "driving", "普通自動車免許", "資格"
    NURSING = "nursing", "看護師・保健師", "資格"
    CARE_WORKER = "care_worker", "介護福祉士・介護職員初任者研修", "資格"
    CHILDCARE_WORKER = "childcare_worker", "保育士", "資格"
    TEACHER = "teacher", "教員免許", "資格"
    COOK = "cook", "調理師・栄養士", "資格"
    FOOD_HYGIENE = "food_hygiene", "食品衛生責任者", "資格"
    SOCIAL_WORKER = "social_worker", "社会福祉士・精神保健福祉士", "資格"

    @property
    def number(self) -> int:
        return _NUMBERS[self]

    @property
    def is_licence(self) -> bool:
        return self.description == "資格"


_NUMBERS = {skill: number for number, skill in enumerate(Skill)}
