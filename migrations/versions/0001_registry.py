"""registry

Revision: 0001
Follows:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entity_id", sa.String(36), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index("ix_change_entity", ["kind", "entity_id", "id"], unique=False)

    op.create_table(
        "index_state",
        sa.Column("engine", sa.String(20), nullable=False),
        sa.Column("fingerprint", sa.String(60), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("engine", name=op.f("pk_index_state")),
    )
    op.create_table(
        "office",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("municipality_code", sa.String(6), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_office")),
    )
    op.create_table(
        "stage",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_stage")),
    )
    op.create_table(
        "waiting",
        sa.Column("engine", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entity_id", sa.String(36), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(500), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("engine", "kind", "entity_id", name=op.f("pk_waiting")),
    )
    with op.batch_alter_table("waiting", schema=None) as batch_op:
        batch_op.create_index("ix_waiting_retry_at", ["retry_at", "change_id"], unique=False)

    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "published",
                "suspended",
                "closed",
                name="status",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("office_code", sa.String(), nullable=True),
        sa.Column(
            "organisation_type",
            sa.Enum(
                "civic_group",
                "community_council",
                "welfare_association",
                "disaster_association",
                "green_volunteers",
                "company",
                "school",
                "city_division",
                "intermediary",
                name="organisationtype",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "legal_form",
            sa.Enum(
                "none",
                "npo",
                "certified_npo",
                "general_association",
                "public_association",
                "general_foundation",
                "public_foundation",
                "social_welfare",
                "school_corporation",
                "medical",
                "religious",
                "worker_cooperative",
                "cooperative",
                "stock_company",
                "limited_company",
                "llc",
                "partnership",
                "government",
                "other",
                name="legalform",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("corporate_number", sa.String(13), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kana", sa.String(200), nullable=True),
        sa.Column("other_names", _JSON, nullable=False),
        sa.Column("municipality_code", sa.String(6), nullable=True),
        sa.Column("meeting_place", sa.String(500), nullable=True),
        sa.Column("schedule", sa.String(500), nullable=True),
        sa.Column("activity_times", _JSON, nullable=False),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("activities", sa.String(), nullable=True),
        sa.Column("achievements", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("membership_fee", sa.String(500), nullable=True),
        sa.Column("keywords", _JSON, nullable=False),
        sa.Column("goals", _JSON, nullable=False),
        sa.Column("links", _JSON, nullable=False),
        sa.Column("photos", _JSON, nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=True),
        sa.Column("local_member_count", sa.Integer(), nullable=True),
        sa.Column("founded_year", sa.Integer(), nullable=True),
        sa.Column("visits_welcome", sa.Boolean(), nullable=True),
        sa.Column("accepting_members", sa.Boolean(), nullable=True),
        sa.Column("stage_code", sa.String(), nullable=True),
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
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("confirmed_by", sa.String(200), nullable=True),
        sa.Column(
            "confirmed_how",
            sa.Enum(
                "phone",
                "email",
                "visit",
                "paper",
                "online",
                name="confirmationmethod",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("confirm_every_months", sa.Integer(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_reason", sa.String(500), nullable=True),
        sa.Column("successor_number", sa.String(13), nullable=True),
        sa.Column("edited_fields", _JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version > 0", name=op.f("ck_organisation_version_positive")),
        sa.ForeignKeyConstraint(
            ["office_code"], ["office.code"], name=op.f("fk_organisation_office_code_office")
        ),
        sa.ForeignKeyConstraint(
            ["stage_code"], ["stage.code"], name=op.f("fk_organisation_stage_code_stage")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("corporate_number", name=op.f("uq_organisation_corporate_number")),
    )
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organisation_municipality_code"), ["municipality_code"], unique=False
        )
        batch_op.create_index("ix_organisation_status", ["status", "id"], unique=False)
        batch_op.create_index("ix_organisation_updated_at", ["updated_at"], unique=False)

    op.create_table(
        "registration_scheme",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("office_code", sa.String(), nullable=True),
        sa.Column("minimum_members", sa.Integer(), nullable=True),
        sa.Column("term_months", sa.Integer(), nullable=True),
        sa.Column("benefits", sa.String(2000), nullable=False),
        sa.Column("required_papers", sa.String(2000), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["office_code"], ["office.code"], name=op.f("fk_registration_scheme_office_code_office")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_registration_scheme")),
    )
    op.create_table(
        "address",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("postcode", sa.String(7), nullable=True),
        sa.Column("street", sa.String(300), nullable=True),
        sa.Column("building", sa.String(200), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_address_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_address")),
    )
    op.create_table(
        "consent",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "use",
            sa.Enum(
                "web", "booklet", "open_data", name="publicationuse", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_consent_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "use", name=op.f("pk_consent")),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "representative",
                "contact_person",
                "phone",
                "mobile",
                "fax",
                "email",
                name="contactkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("kana", sa.String(200), nullable=True),
        sa.Column("note", sa.String(200), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_contact_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_organisation_id", ["organisation_id"], unique=False)

    op.create_table(
        "organisation_area",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.String(6), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_area_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "municipality_code", name=op.f("pk_organisation_area")
        ),
    )
    with op.batch_alter_table("organisation_area", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organisation_area_municipality_code", ["municipality_code"], unique=False
        )

    op.create_table(
        "organisation_field",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "field BETWEEN 1 AND 20", name=op.f("ck_organisation_field_field_range")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_field_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "field", name=op.f("pk_organisation_field")),
    )
    with op.batch_alter_table("organisation_field", schema=None) as batch_op:
        batch_op.create_index("ix_organisation_field_field", ["field"], unique=False)

    op.create_table(
        "organisation_source",
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("source_id", sa.String(200), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("revision", sa.String(200), nullable=True),
        sa.Column("said", _JSON, nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_source_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source", "source_id", name=op.f("pk_organisation_source")),
    )
    with op.batch_alter_table("organisation_source", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organisation_source_organisation_id", ["organisation_id"], unique=False
        )

    op.create_table(
        "registration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("scheme_code", sa.String(), nullable=False),
        sa.Column("number", sa.String(60), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_registration_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scheme_code"],
            ["registration_scheme.code"],
            name=op.f("fk_registration_scheme_code_registration_scheme"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint(
            "scheme_code", "number", name=op.f("uq_registration_scheme_code_number")
        ),
    )
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.create_index("ix_registration_organisation_id", ["organisation_id"], unique=False)

    op.create_table(
        "stage_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("stage_code", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_stage_change_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stage_code"], ["stage.code"], name=op.f("fk_stage_change_stage_code_stage")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_change")),
    )
    with op.batch_alter_table("stage_change", schema=None) as batch_op:
        batch_op.create_index(
            "ix_stage_change_organisation_id", ["organisation_id", "id"], unique=False
        )

    op.create_table(
        "suggestion",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(60), nullable=False),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("source_id", sa.String(200), nullable=False),
        sa.Column("value", _JSON, nullable=False),
        sa.Column("suggested_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_suggestion_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "field", "source", name=op.f("pk_suggestion")),
    )
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.create_index("ix_suggestion_source", ["source", "source_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.drop_index("ix_suggestion_source")

    op.drop_table("suggestion")
    with op.batch_alter_table("stage_change", schema=None) as batch_op:
        batch_op.drop_index("ix_stage_change_organisation_id")

    op.drop_table("stage_change")
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.drop_index("ix_registration_organisation_id")

    op.drop_table("registration")
    with op.batch_alter_table("organisation_source", schema=None) as batch_op:
        batch_op.drop_index("ix_organisation_source_organisation_id")

    op.drop_table("organisation_source")
    with op.batch_alter_table("organisation_field", schema=None) as batch_op:
        batch_op.drop_index("ix_organisation_field_field")

    op.drop_table("organisation_field")
    with op.batch_alter_table("organisation_area", schema=None) as batch_op:
        batch_op.drop_index("ix_organisation_area_municipality_code")

    op.drop_table("organisation_area")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_organisation_id")

    op.drop_table("contact")
    op.drop_table("consent")
    op.drop_table("address")
    op.drop_table("registration_scheme")
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_index("ix_organisation_updated_at")
        batch_op.drop_index("ix_organisation_status")
        batch_op.drop_index(batch_op.f("ix_organisation_municipality_code"))

    op.drop_table("organisation")
    with op.batch_alter_table("waiting", schema=None) as batch_op:
        batch_op.drop_index("ix_waiting_retry_at")

    op.drop_table("waiting")
    op.drop_table("stage")
    op.drop_table("office")
    op.drop_table("index_state")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index("ix_change_entity")

    op.drop_table("change")
