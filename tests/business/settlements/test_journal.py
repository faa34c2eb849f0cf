"""From a report to balanced batches: the invariants that accountants rely on."""

import io
import random
from collections import Counter
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.settlements import journal, proof
from crossdock.business.settlements.accounts import Mode, Rule, Target, lint
from crossdock.business.settlements.model import Triple
from crossdock.business.settlements.reader import read
from crossdock.verifier import verify
from tests.business.settlements.files import accounts, line, report, some_lines, vocabulary

WORDS = vocabulary()
seeds = st.integers(0, 10**6)


def worked_out(content: bytes, map_of=None):
    map_of = map_of or accounts()
    reading = read(io.BytesIO(content), zone=ZoneInfo(map_of.zone))
    assert reading.usable, reading.faults
    rows = journal.placed(((k, g, "") for k, g in reading.groups.items()), WORDS, map_of)
    return reading, rows, journal.batches(reading.summary, rows, map_of)


def proven(content: bytes, map_of=None) -> str:
    map_of = map_of or accounts()
    reading, rows, batches = worked_out(content, map_of)
    identities = [
        *proof.of_file(reading),
        *proof.of_journal(reading.summary, rows, batches, map_of),
    ]
    assert all(i.holds for i in identities), [i for i in identities if not i.holds]
    return proof.text(reading, reading.summary, 1, rows, batches, map_of, identities)


def by_account(batches) -> Counter:
    found = Counter()
    for batch in batches:
        for one in batch.lines:
            found[one.target] += one.amount
    return Counter({k: v for k, v in found.items() if v})


@given(seeds)
def test_every_batch_balances_and_the_bank_line_is_the_total(seed):
    reading, _, batches = worked_out(report(some_lines(seed, months=(5, 6))))
    assert all(sum(x.amount for x in batch.lines) == 0 for batch in batches)
    place = Target("1050") if reading.summary.total > 0 else Target("2150")
    assert by_account(batches)[place] == -reading.summary.total


@given(seeds)
def test_each_line_is_in_one_category_and_the_categories_add_up(seed):
    reading, rows, _ = worked_out(report(some_lines(seed)))
    assert sum(proof.category_sums(reading, WORDS).values()) == reading.total
    assert sum(row.group.lines for row in rows) == reading.count.accepted


@given(seeds)
def test_the_negated_report_gives_the_negated_journal(seed):
    same_place = accounts(payable=Target("1050"))
    rows = some_lines(seed)
    back = [
        {**x, "amount": x["amount"][1:] if x["amount"][0] == "-" else "-" + x["amount"]}
        for x in rows
    ]
    there = by_account(worked_out(report(rows), same_place)[2])
    again = by_account(worked_out(report(back), same_place)[2])
    assert {k: -v for k, v in there.items()} == dict(again)


@given(
    seeds,
    st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Kolkata"]),
    st.sampled_from([10, 12, 5000]),
)
def test_however_it_is_cut_the_accounts_get_the_same(seed, zone, limit):
    content = report(some_lines(seed, 60, months=(5, 6, 7)), end="2026-07-14 23:59:59 UTC")
    cut = accounts(zone=zone, line_limit=limit)
    batches = worked_out(content, cut)[2]
    whole = by_account(worked_out(content)[2])
    assert by_account(batches) == whole
    assert Target("1190") not in whole
    assert all(len(batch.lines) <= limit for batch in batches)
    assert all(sum(x.amount for x in batch.lines) == 0 for batch in batches)


@given(seeds)
def test_the_order_of_the_lines_changes_nothing(seed):
    rows = some_lines(seed)
    shuffled = random.Random(seed).sample(rows, len(rows))
    there = [b.digest for b in worked_out(report(rows))[2]]
    assert there == [b.digest for b in worked_out(report(shuffled))[2]]


def test_a_full_refund_leaves_only_the_fee_that_amazon_keeps():
    _, _, batches = worked_out(
        report(
            [
                line(("Order", "ItemPrice", "Principal"), 10_000),
                line(("Order", "ItemPrice", "Tax"), 800),
                line(("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"), -800),
                line(("Order", "ItemFees", "Commission"), -1_500),
                line(("Refund", "ItemPrice", "Principal"), -10_000),
                line(("Refund", "ItemPrice", "Tax"), -800),
                line(("Refund", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"), 800),
                line(("Refund", "ItemFees", "Commission"), 1_500),
                line(("Refund", "ItemFees", "RefundCommission"), -300),
            ],
            total=-300,
        )
    )
    assert by_account(batches)[Target("2150")] == 300


def test_a_negative_settlement_owes_and_its_bank_line_is_never_a_plug():
    rows = [
        line(("Order", "ItemPrice", "Principal"), 69_549),
        line(("other-transaction", "other-transaction", "Current Reserve Amount"), -75_780),
    ]
    _, _, batches = worked_out(report(rows))
    booked = by_account(batches)
    assert booked[Target("2150")] == 6_231  # owed: a credit
    assert Target("1050") not in booked


def test_an_unknown_label_has_no_account_and_is_offered_a_category():
    content = report([line(("Order", "ItemFees", "Comission fee"), -100)])
    reading = read(io.BytesIO(content))
    rows = journal.placed(((k, g, "") for k, g in reading.groups.items()), WORDS, accounts())
    (one,) = journal.unplaced(rows)
    assert one.category is None
    assert one.first_line == 3
    assert WORDS.suggest(one.triple).category.startswith("referral_fee")
    with pytest.raises(ValueError, match="not placed"):
        journal.batches(reading.summary, rows, accounts())


def test_the_same_words_mean_something_else_under_order_refund_and_promotion():
    kinds = {
        WORDS.category(Triple(t, a, "Principal"))
        for t, a in (("Order", "ItemPrice"), ("Refund", "ItemPrice"), ("Order", "Promotion"))
    }
    assert kinds == {"product_sales", "product_refund", "promo_rebate"}
    assert WORDS.category(Triple("order", "item price", "PRINCIPAL")) == "product_sales"


def test_clear_mode_sends_sales_to_the_receivable_and_fees_where_they_always_go():
    clear = accounts(modes=(Mode("clear", fulfilment="MFN"), Mode("recognise")))
    rows = [
        line(("Order", "ItemPrice", "Principal"), 1000),
        line(("Order", "ItemPrice", "Principal"), 500, channel="AFN"),
        line(("Order", "ItemFees", "Commission"), -150),
    ]
    booked = by_account(worked_out(report(rows), clear)[2])
    assert booked[Target("1150")] == 1000
    assert booked[accounts().target("product_sales", "", "AFN")] == 500
    assert booked[accounts().target("referral_fee", "", "")] == -150


def test_the_linter_names_every_fault_at_once():
    faulty = accounts(
        bank=Target(""),
        clearing=None,
        modes=(Mode("clear"), Mode("guess")),
        rules=(
            Rule(("referral_fee",), Target("6010"), where="line 1"),
            Rule(("referral_fee",), Target("6011"), fulfilment="AFN", where="line 2"),
            Rule(("*",), Target("6999"), where="line 3"),
            Rule(("storage_fee",), Target(""), where="line 4"),
            Rule(("refferal_fee",), Target("6010"), where="line 5"),
        ),
    )
    said = "\n".join(map(str, lint(faulty, sorted(WORDS.categories))))
    for words in (
        "roles.bank",
        "roles.clearing",
        "'guess' is no mode",
        "line 2: is never reached",
        "line 3: a catch-all",
        "line 4: storage_fee goes to no account",
        "Did you mean 'referral_fee'?",
    ):
        assert words in said


# --- the proof and its independent check


@given(seeds)
def test_what_is_proven_is_verified_by_the_other_program(seed):
    content = report(some_lines(seed, months=(5, 6)))
    assert verify(proven(content), content) == []


@given(seeds, st.data())
def test_any_single_change_of_the_report_is_found(seed, data):
    rows = some_lines(seed, 12)
    text = proven(report(rows))
    n = data.draw(st.integers(0, len(rows) - 1))
    change = data.draw(st.sampled_from(["cent", "sign", "label", "gone", "twice", "month"]))
    changed = [dict(x) for x in rows]
    if change == "cent":
        cents = int(changed[n]["amount"].replace(".", "")) + 1
        changed[n]["amount"] = (
            f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
        )
    elif change == "sign":
        amount = changed[n]["amount"]
        changed[n]["amount"] = amount[1:] if amount[0] == "-" else "-" + amount
    elif change == "label":
        changed[n]["amount-description"] += " x"
    elif change == "gone":
        changed.pop(n)
    elif change == "twice":
        changed.append(changed[n])
    else:
        changed[n]["posted-date-time"] = "2026-01-01 00:00:00 UTC"
    # The control record stays: only the lines were touched.
    total = sum(int(x["amount"].replace(".", "")) for x in rows)
    assert verify(resealed(text, report(changed, total=total)), report(changed, total=total))


@given(seeds, st.data())
def test_any_single_change_of_the_journal_is_found(seed, data):
    content = report(some_lines(seed, 12))
    text = proven(content)
    head, _, rest = text.partition("[journal]\n")
    body, _, tail = rest.partition("[identities]")
    entries = body.splitlines()
    n = data.draw(st.integers(0, len(entries) - 1))
    cells = entries[n].split("\t")
    change = data.draw(st.sampled_from(["cent", "sign", "account", "gone", "month"]))
    if change == "cent":
        cells[-1] = str(int(cells[-1]) + 1)
    elif change == "sign":
        cells[-1] = str(-int(cells[-1]))
    elif change == "account":
        cells[2] = "9999||"
    elif change == "month":
        cells[0] = "2025-01"
    entries[n] = "\t".join(cells)
    if change == "gone":
        entries.pop(n)
    changed = head + "[journal]\n" + "\n".join(entries) + "\n[identities]" + tail
    assert verify(changed, content)  # the seal is broken
    assert len(verify(resealed(changed, content), content)) >= 1  # and so are the sums


def resealed(text: str, content: bytes) -> str:
    """As a forger would write it: hashes that fit."""
    import hashlib
    import re

    body, _, _ = text.rpartition("sha256\t")
    body = re.sub(r"file-sha256\t\w+", f"file-sha256\t{hashlib.sha256(content).hexdigest()}", body)
    return f"{body}sha256\t{hashlib.sha256(body.encode()).hexdigest()}\n"


def test_a_ledger_that_says_something_else_than_the_proof_is_found():
    content = report([line(("Order", "ItemPrice", "Principal"), 1000)])
    text, account = proven(content), accounts().target("product_sales", "", "").account
    good = {
        "ExternalRef": "28471003921/2026-06/r1",
        "CurrencyCode": "USD",
        "Lines": [
            {"AccountNumber": account, "Debit": "0.00", "Credit": "10.00"},
            {"AccountNumber": "1050", "Debit": "10.00", "Credit": "0.00"},
        ],
    }
    assert verify(text, content, [good]) == []
    for change in (
        {"Credit": "10.01"},
        {"AccountNumber": "6999"},
        {"Credit": "0.00", "Debit": "10.00"},
    ):
        bad = {**good, "Lines": [{**good["Lines"][0], **change}, good["Lines"][1]]}
        assert verify(text, content, [bad])
    assert verify(text, content, [])


def test_a_file_that_does_not_tie_says_what_it_most_likely_lacks():
    before = proof.Neighbour("1", None, 100, -42_000)
    assert "Previous Reserve" in proof.likely_missing(42_000, {}, before)
    assert proof.likely_missing(1, {"reserve_current": 0}, before) == ""


def test_presentation_by_order_ties_to_the_same_accounts():
    map_of = accounts()
    reading = read(io.BytesIO(report(some_lines(3))), zone=ZoneInfo("UTC"))
    plain = journal.batches(
        reading.summary,
        journal.placed(((k, g, "") for k, g in reading.groups.items()), WORDS, map_of),
        map_of,
    )
    ordered = journal.batches(
        reading.summary,
        journal.placed(
            ((k, g, f"o{n}") for n, (k, g) in enumerate(reading.groups.items())), WORDS, map_of
        ),
        replace(map_of, presentation="order"),
    )
    assert by_account(plain) == by_account(ordered)
