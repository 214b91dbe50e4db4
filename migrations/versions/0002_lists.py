"""lists a city may replace: provisional stages, registration schemes

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The names of the stages in 武蔵野市's plan are not public: these stand in for them (仮).
_STAGES = (
    ("preparation", "準備", "これから始める"),
    ("launch", "立ち上げ", "始めたばかり（創成期）"),
    ("growth", "成長", "仲間や活動が増えている"),
    ("maturity", "成熟", "自立して続いている"),
    ("succession", "継承", "次の世代へ引き継ぐ・新しく生まれ変わる"),
)
# The official lists a group in 武蔵野市 may be on.
_SCHEMES = (
    ("social_education", "社会教育関係団体"),
    ("volunteer_group", "ボランティア団体"),
    ("musashino_place", "武蔵野プレイス登録市民活動団体"),
    ("youth", "青少年関係団体"),
    ("gender_equality", "男女平等推進団体"),
    ("consumer", "消費者団体"),
    ("district_planning", "地区まちづくり協議会"),
    ("disability_centre", "障害者福祉センター登録団体"),
    ("senior_centre", "高齢者総合センター自主グループ"),
    ("health", "健康づくり活動団体"),
    ("sports_association", "体育協会加盟団体"),
    ("arts_foundation", "芸術文化団体"),
    ("arts_association", "芸文協"),
    ("group_recycling", "集団回収事業実施団体"),
    ("eco_resort", "エコreゾート等施設予約利用団体"),
    ("green_volunteer", "緑ボランティア団体"),
)


def upgrade() -> None:
    stage = sa.table(
        "stage",
        sa.column("code", sa.String),
        sa.column("label", sa.String),
        sa.column("description", sa.String),
        sa.column("position", sa.Integer),
        sa.column("provisional", sa.Boolean),
    )
    op.bulk_insert(
        stage,
        [
            {
                "code": code,
                "label": label,
                "description": description,
                "position": position,
                "provisional": True,
            }
            for position, (code, label, description) in enumerate(_STAGES, 1)
        ],
    )
    scheme = sa.table(
        "registration_scheme",
        sa.column("code", sa.String),
        sa.column("name", sa.String),
        sa.column("benefits", sa.String),
        sa.column("required_papers", sa.String),
        sa.column("position", sa.Integer),
    )
    op.bulk_insert(
        scheme,
        [
            {
                "code": code,
                "name": name,
                "benefits": "",
                "required_papers": "",
                "position": position,
            }
            for position, (code, name) in enumerate(_SCHEMES, 1)
        ],
    )


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM registration_scheme"))
    op.execute(sa.text("DELETE FROM stage"))
