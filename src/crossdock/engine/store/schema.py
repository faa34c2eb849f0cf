"""Our tables. Times are UTC, kept as whole microseconds so that both databases sort them alike."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(sa.TypeDecorator[datetime]):
    """A time with a zone, kept as microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        del dialect
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


class JsonText(sa.TypeDecorator[Any]):
    """JSON in a text column; plain text in both databases keeps the code one."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        del dialect
        return None if value is None else json.dumps(value, separators=(",", ":"), default=str)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        del dialect
        return None if value is None else json.loads(value)


metadata = sa.MetaData()
row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What was heard, in order of arrival; kept for the timeline.
event = sa.Table(
    "event",
    metadata,
    sa.Column("id", row_id, primary_key=True, autoincrement=True),
    sa.Column("flow", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("hint", JsonText),
    sa.Index("event_by_key", "key", "flow"),
)

# What is still to be looked at: one row per flow and key, however many events came.
work = sa.Table(
    "work",
    metadata,
    sa.Column("flow", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("first_seen", UtcTime, nullable=False),
    sa.Column("last_seen", UtcTime, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("hint", JsonText),
    sa.Column("edits", JsonText),
    sa.Column("case_id", sa.Text),
    sa.Column("claim", sa.Text),
    sa.Column("lease_until", UtcTime),
    sa.Index("work_in_order", "flow", "due_at", "key", sqlite_where=sa.text("claim IS NULL"),
             postgresql_where=sa.text("claim IS NULL")),
    sa.Index("work_claim", "claim", sqlite_where=sa.text("claim IS NOT NULL"),
             postgresql_where=sa.text("claim IS NOT NULL")),
)  # fmt: skip

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("flow", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # running done taken-over
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("finished_at", UtcTime),
    sa.Index("run_by_state", "state", "started_at"),
    sa.Index("run_by_start", "started_at"),
)

outcome = sa.Table(
    "outcome",
    metadata,
    sa.Column("id", row_id, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("flow", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("result", sa.Text, nullable=False),  # done nothing later case
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("detail", JsonText),
    sa.Index("outcome_by_key", "key", "flow"),
    sa.Index("outcome_by_run", "run_id"),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("id", row_id, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("flow", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("wrote", JsonText),
    sa.Index("evidence_by_key", "key", "flow"),
    sa.Index("evidence_by_run", "run_id"),
)

link = sa.Table(
    "link",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("left", sa.Text, primary_key=True),
    sa.Column("right", sa.Text),
    sa.Column("version", sa.Text),
    sa.Column("hash", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("data", JsonText),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Index("link_by_right", "kind", "right"),
)

case = sa.Table(
    "case_file",  # CASE is a word of SQL
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("flow", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # open resolved
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("remedy", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("evidence", JsonText),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("resolved_at", UtcTime),
    sa.Column("resolution", sa.Text),
    sa.Index("case_open_once", "flow", "key", unique=True,
             sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")),
    sa.Index("case_by_state", "state", "opened_at"),
    sa.Index("case_by_key", "key"),
)  # fmt: skip

watermark = sa.Table(
    "watermark",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

bucket = sa.Table(
    "bucket",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("level", sa.Float, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("header_rate", sa.Float),  # what the other side last said, requests per second
    sa.Column("learned_rate", sa.Float),  # lower than said, learned from repeated refusals
    sa.Column("strikes", sa.Integer, nullable=False),
    sa.Column("struck_at", UtcTime),
)

breaker = sa.Table(
    "breaker",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("open_until", UtcTime, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)

# Messages that could not be read, kept whole until a person has looked.
kept_message = sa.Table(
    "kept_message",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("beat_at", UtcTime, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", row_id, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("did", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("detail", JsonText),
)

# Every settlement file that was ever seen; the file itself lies in the workspace's archive.
settlement = sa.Table(
    "settlement",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("settlement_id", sa.Text, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("detail", JsonText),
    sa.Index("settlement_by_id", "settlement_id"),
)

# What was, or is about to be, posted; written before TIMS is asked, so that nothing is forgotten.
posting = sa.Table(
    "posting",
    metadata,
    sa.Column("ref", sa.Text, primary_key=True),
    sa.Column("settlement_id", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("batch_number", sa.Text, nullable=False),
    sa.Column("reversed_by", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("content", JsonText),
    sa.Index("posting_by_settlement", "settlement_id"),
)

# What a settlement says of an order: its sale, its refund, its fees.
settled_order = sa.Table(
    "settled_order",
    metadata,
    sa.Column("settlement_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("to_clear", sa.Boolean, nullable=False),
    sa.Column("posted", sa.Text, nullable=False),
    sa.Column("first_line", sa.Integer, nullable=False),
    sa.Index("settled_order_by_order", "order_id"),
)

# Receipts and credit memos; like postings, written before TIMS is asked.
receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("ref", sa.Text, primary_key=True),
    sa.Column("settlement_id", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("content", JsonText),
    sa.Index("receipt_by_settlement", "settlement_id"),
)

# What a receipt takes from the clearing account for each order, and which document it settles.
cleared = sa.Table(
    "cleared",
    metadata,
    sa.Column("ref", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("document", sa.Text, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Index("cleared_by_order", "order_id"),
)

# What the bank's statements say; the text may name a person only where a bank writes one.
bank_entry = sa.Table(
    "bank_entry",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
)

# This entry pays that settlement.
deposit = sa.Table(
    "deposit",
    metadata,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("settlement_id", sa.Text, primary_key=True),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

# What Amazon's other sources say of a settlement.
cross_check = sa.Table(
    "cross_check",
    metadata,
    sa.Column("settlement_id", sa.Text, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("detail", JsonText),
)

# The key of one record's personal values, wrapped by a master key that is not in the store.
vault_key = sa.Table(
    "vault_key",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("wrapped", sa.Text),  # NULL once it was destroyed
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("destroy_after", UtcTime, nullable=False),
    sa.Column("destroyed_at", UtcTime),
    sa.Index("vault_key_due", "destroy_after"),
)

# What TIMS's customers are recognised by: keyed fingerprints, not their names.
customer_mark = sa.Table(
    "customer_mark",
    metadata,
    sa.Column("mark", sa.Text, primary_key=True),
    sa.Column("customer_code", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("row_version", sa.BigInteger, nullable=False),
    sa.Index("customer_mark_by_code", "customer_code"),
)

# The last quantity of a SKU that Amazon was told, and whether it was seen there.
publication = sa.Table(
    "publication",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("overtook", sa.Boolean, nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),
    sa.Column("sent_at", UtcTime),
    sa.Column("seen_at", UtcTime),
    sa.Column("siblings", JsonText),
    sa.Column("path", sa.Text, nullable=False, server_default=""),
    sa.Column("tried", sa.Text, nullable=False, server_default=""),
    sa.Column("asked_at", UtcTime),
    sa.Column("request_id", sa.Text, nullable=False, server_default=""),
    sa.Column("marketplace_id", sa.Text, nullable=False, server_default=""),
)
