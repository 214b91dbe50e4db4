"""needs and offers, residents, matching; one state for each index

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_KINDS = ("people", "skill", "goods", "food", "fund", "place", "advice", "partner")
_KIND = sa.Enum(*_KINDS, name="listingkind", native_enum=False, length=40)
# Which need an offer may answer, beside its own kind.
_ALSO = (
    ("advice", "skill"),  # whoever can do it can also tell how
    ("skill", "advice"),
    ("place", "partner"),
    ("partner", "place"),
    ("goods", "food"),
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("index_state")  # what was built is built again, an index for each kind
    op.create_table(
        "index_state",
        sa.Column("engine", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("fingerprint", sa.String(60), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("engine", "kind", name=op.f("pk_index_state")),
    )
    compatibility = op.create_table(
        "compatibility",
        sa.Column("need_kind", _KIND, nullable=False),
        sa.Column("offer_kind", _KIND, nullable=False),
        sa.PrimaryKeyConstraint("need_kind", "offer_kind", name=op.f("pk_compatibility")),
    )
    pairs = [*((kind, kind) for kind in _KINDS), *_ALSO]
    op.bulk_insert(compatibility, [{"need_kind": n, "offer_kind": o} for n, o in pairs])
    op.create_table(
        "match_weight",
        sa.Column("kind", _KIND, nullable=False),
        sa.Column("criterion", sa.String(40), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.CheckConstraint("weight BETWEEN 0 AND 100", name=op.f("ck_match_weight_weight_range")),
        sa.PrimaryKeyConstraint("kind", "criterion", name=op.f("pk_match_weight")),
    )
    op.create_table(
        "matching_counted",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_counted")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(200), nullable=True),
        sa.Column("phone", sa.String(200), nullable=True),
        sa.Column("interests", _JSON, nullable=False),
        sa.Column("skills", sa.BigInteger(), nullable=False),
        sa.Column("can_do", sa.String(), nullable=True),
        sa.Column("words", _JSON, nullable=False),
        sa.Column("slots", sa.BigInteger(), nullable=False),
        sa.Column("negotiable", sa.Boolean(), nullable=False),
        sa.Column("municipality_code", sa.String(6), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("reach_km", sa.Float(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.Column(
            "frequency",
            sa.Enum("once", "short", "regular", name="frequency", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("first_time", sa.Boolean(), nullable=True),
        sa.Column(
            "age_band",
            sa.Enum(
                "under_15",
                "15_17",
                "18_64",
                "65_74",
                "75_plus",
                name="ageband",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("guardian_consent", sa.Boolean(), nullable=False),
        sa.Column("matching_consent", sa.Boolean(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limit_per_month", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("engaged", sa.Integer(), nullable=False),
        sa.Column("exposure", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("engaged >= 0", name=op.f("ck_person_engaged_not_negative")),
        sa.CheckConstraint("version > 0", name=op.f("ck_person_version_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index("ix_person_updated_at", ["updated_at"], unique=False)

    op.create_table(
        "word_count",
        sa.Column("word", sa.String(200), nullable=False),
        sa.Column("listings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_word_count")),
    )
    op.create_table(
        "listing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("need", "offer", name="side", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("kind", _KIND, nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "published",
                "paused",
                "fulfilled",
                "closed",
                "expired",
                name="listingstatus",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(60), nullable=True),
        sa.Column("source_id", sa.String(200), nullable=True),
        sa.Column(
            "entry_method",
            sa.Enum(
                "self",
                "paper",
                "phone",
                "visit",
                "import",
                name="entrymethod",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("words", _JSON, nullable=False),
        sa.Column("fields", sa.BigInteger(), nullable=False),
        sa.Column("required_skills", sa.BigInteger(), nullable=False),
        sa.Column("preferred_skills", sa.BigInteger(), nullable=False),
        sa.Column("stages", _JSON, nullable=False),
        sa.Column("wished_types", _JSON, nullable=False),
        sa.Column(
            "urgency",
            sa.Enum("low", "normal", "high", name="urgency", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "contact_route",
            sa.Enum("office", "direct", "web", name="contactroute", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("details", _JSON, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("unit", sa.String(20), nullable=True),
        sa.Column("least_quantity", sa.Integer(), nullable=True),
        sa.Column("engaged", sa.Integer(), nullable=False),
        sa.Column("exposure", sa.Integer(), nullable=False),
        sa.Column("best_before", sa.Date(), nullable=True),
        sa.Column(
            "temperature",
            sa.Enum(
                "ambient", "chilled", "frozen", name="temperature", native_enum=False, length=40
            ),
            nullable=True,
        ),
        sa.Column("conditions", sa.BigInteger(), nullable=False),
        sa.Column("available_from", sa.Date(), nullable=True),
        sa.Column("available_until", sa.Date(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("slots", sa.BigInteger(), nullable=False),
        sa.Column("windows", _JSON, nullable=False),
        sa.Column("negotiable", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("municipality_code", sa.String(6), nullable=True),
        sa.Column("place", sa.String(500), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("reach_km", sa.Float(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.Column(
            "frequency",
            sa.Enum("once", "short", "regular", name="frequency", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("beginners", sa.Boolean(), nullable=True),
        sa.Column("may_stop", sa.Boolean(), nullable=True),
        sa.Column("family", sa.Boolean(), nullable=True),
        sa.Column("students", sa.Boolean(), nullable=True),
        sa.Column("travel_paid", sa.Boolean(), nullable=True),
        sa.Column("cost", sa.String(500), nullable=True),
        sa.Column("insurance", sa.String(500), nullable=True),
        sa.Column("belongings", sa.String(500), nullable=True),
        sa.Column("min_age", sa.Integer(), nullable=True),
        sa.Column("max_age", sa.Integer(), nullable=True),
        sa.Column("video_url", sa.String(1000), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("engaged >= 0", name=op.f("ck_listing_engaged_not_negative")),
        sa.CheckConstraint(
            "quantity IS NULL OR quantity > 0", name=op.f("ck_listing_quantity_positive")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_listing_version_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_listing_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_listing_source_source_id")),
    )
    with op.batch_alter_table("listing", schema=None) as batch_op:
        batch_op.create_index("ix_listing_organisation_id", ["organisation_id"], unique=False)
        batch_op.create_index("ix_listing_side", ["side", "status", "id"], unique=False)

    op.create_table(
        "need_source",
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("source_id", sa.String(200), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("said", _JSON, nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listing.id"],
            name=op.f("fk_need_source_listing_id_listing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source", "source_id", name=op.f("pk_need_source")),
    )
    with op.batch_alter_table("need_source", schema=None) as batch_op:
        batch_op.create_index("ix_need_source_listing_id", ["listing_id"], unique=False)

    op.create_table(
        "engagement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column(
            "party_kind",
            sa.Enum(
                "listing", "person", "organisation", name="partykind", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "accepted",
                "joined",
                "declined",
                "blocked",
                "ended",
                name="engagementstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_engagement_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listing.id"],
            name=op.f("fk_engagement_listing_id_listing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagement")),
        sa.UniqueConstraint(
            "listing_id",
            "party_kind",
            "party_id",
            name=op.f("uq_engagement_listing_id_party_kind_party_id"),
        ),
    )
    with op.batch_alter_table("engagement", schema=None) as batch_op:
        batch_op.create_index("ix_engagement_at", ["at"], unique=False)
        batch_op.create_index("ix_engagement_party", ["party_kind", "party_id"], unique=False)

    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("candidate_kind", sa.String(20), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("engine_version", sa.String(80), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("explanation", _JSON, nullable=False),
        sa.Column("inputs", _JSON, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listing.id"],
            name=op.f("fk_proposal_listing_id_listing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index("ix_proposal_listing_id", ["listing_id", "id"], unique=False)

    op.create_table(
        "shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("rrule", sa.String(500), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(500), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_shift_capacity_positive")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_shift_in_order")),
        sa.CheckConstraint(
            "taken BETWEEN 0 AND capacity", name=op.f("ck_shift_not_oversubscribed")
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listing.id"],
            name=op.f("fk_shift_listing_id_listing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
    )
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.create_index("ix_shift_listing_id", ["listing_id", "starts_at"], unique=False)

    op.create_table(
        "place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "confirmed",
                "waiting",
                "offered",
                "cancelled",
                name="placestate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("offered_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(person_id IS NULL) <> (organisation_id IS NULL)",
            name=op.f("ck_place_person_or_organisation"),
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_place_size_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_place_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_place_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["shift.id"], name=op.f("fk_place_shift_id_shift"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index("ix_place_person_id", ["person_id"], unique=False)
        batch_op.create_index("ix_place_shift_id", ["shift_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.drop_index("ix_place_shift_id")
        batch_op.drop_index("ix_place_person_id")

    op.drop_table("place")
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.drop_index("ix_shift_listing_id")

    op.drop_table("shift")
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_index("ix_proposal_listing_id")

    op.drop_table("proposal")
    with op.batch_alter_table("engagement", schema=None) as batch_op:
        batch_op.drop_index("ix_engagement_party")
        batch_op.drop_index("ix_engagement_at")

    op.drop_table("engagement")
    with op.batch_alter_table("need_source", schema=None) as batch_op:
        batch_op.drop_index("ix_need_source_listing_id")

    op.drop_table("need_source")
    with op.batch_alter_table("listing", schema=None) as batch_op:
        batch_op.drop_index("ix_listing_side")
        batch_op.drop_index("ix_listing_organisation_id")

    op.drop_table("listing")
    op.drop_table("word_count")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("ix_person_updated_at")

    op.drop_table("person")
    op.drop_table("matching_counted")
    op.drop_table("match_weight")
    op.drop_table("compatibility")
    op.drop_table("index_state")
    op.create_table(
        "index_state",
        sa.Column("engine", sa.String(20), nullable=False),
        sa.Column("fingerprint", sa.String(60), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("engine", name=op.f("pk_index_state")),
    )
