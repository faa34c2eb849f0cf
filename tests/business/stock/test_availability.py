"""How many packs may be offered: told as shelves, rules and the number that follows."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.stock.model import Level, Part, Rule, Sellable, Shelf
from crossdock.business.stock.rules import Rules, offers, related

DEN, BIL = "DEN", "BIL"


def level(item, location, on_hand, **more):
    shelf = Shelf(item, location)
    return Level(shelf, Decimal(on_hand), **{k: Decimal(v) for k, v in more.items()})


def single(sku, item="WIRE", units=1, **more):
    return Sellable(sku, (Part(item, Decimal(units)),), **more)


def kit(sku, **parts):
    return Sellable(sku, tuple(Part(item, Decimal(n)) for item, n in parts.items()))


def offered(sellables, levels, *, locations=(DEN, BIL), **rule):
    rules = {s.sku: Rule(("*",), tuple(locations), **rule) for s in sellables}
    found = offers(sellables, rules, {x.shelf: x for x in levels})
    return {offer.sku: offer.quantity for offer in found}


def test_what_is_free_at_the_chosen_locations_is_offered():
    levels = [level("WIRE", DEN, 10, allocated=3, quarantined=1), level("WIRE", BIL, 5)]
    assert offered([single("A")], levels) == {"A": 11}
    assert offered([single("A")], levels, locations=[BIL]) == {"A": 5}


def test_a_buffer_is_kept_back_and_packs_are_whole():
    assert offered([single("A", units=10)], [level("WIRE", DEN, 57)], buffer=Decimal(8)) == {"A": 4}
    assert offered([single("A")], [level("WIRE", DEN, 3)], buffer=Decimal(8)) == {"A": 0}


def test_more_than_the_maximum_is_not_shown_and_less_than_the_minimum_not_offered():
    assert offered([single("A")], [level("WIRE", DEN, 500)], maximum=99) == {"A": 99}
    assert offered([single("A")], [level("WIRE", DEN, 2)], minimum=3) == {"A": 0}


def test_a_kit_is_as_many_as_its_scarcest_part_allows():
    levels = [level("TORCH", DEN, 7), level("TIP", DEN, 11)]
    assert offered([kit("K", TORCH=1, TIP=2)], levels) == {"K": 5}
    assert offered([kit("K", TORCH=1, GLOVE=1)], levels) == {"K": 0}


def test_skus_of_one_item_share_it_and_what_one_may_not_use_goes_to_the_other():
    levels = [level("WIRE", DEN, 30)]
    assert offered([single("A"), single("B", units=10)], levels) == {"A": 20, "B": 1}
    both = [single("A"), single("B")]
    rules = {"A": Rule(("A",), (DEN,), maximum=5), "B": Rule(("B",), (DEN,))}
    found = offers(both, rules, {x.shelf: x for x in levels})
    assert [o.quantity for o in found] == [5, 25]


def test_a_neighbour_that_draws_on_two_shelves_leaves_what_was_promised_to_others():
    levels = [level("WIRE", DEN, 2), level("WIRE", BIL, 1)]
    rules = {"A": Rule(("A",), (DEN, BIL)), "B": Rule(("B",), (DEN,)), "C": Rule(("C",), (DEN,))}
    found = offers([single("A"), single("B"), single("C")], rules, {x.shelf: x for x in levels})
    assert sum(o.quantity for o in found) == 3


def test_the_buffer_of_a_shared_item_is_kept_once():
    levels = [level("WIRE", DEN, 30)]
    assert offered([single("A"), single("B")], levels, buffer=Decimal(4)) == {"A": 13, "B": 13}


def test_back_ordered_and_stopped_items_are_not_offered():
    levels = [level("WIRE", DEN, 10, back_ordered=1)]
    assert offered([single("A")], levels) == {"A": 0}
    assert offered([single("A", stopped="blocked in TIMS")], [level("WIRE", DEN, 10)]) == {"A": 0}


def test_a_shelf_below_zero_takes_nothing_from_another():
    levels = [level("WIRE", DEN, 2, allocated=5), level("WIRE", BIL, 4)]
    assert offered([single("A")], levels) == {"A": 4}


def test_every_term_is_told_with_its_source():
    levels = [level("WIRE", DEN, 57, allocated=7)]
    rule = Rule(("*",), (DEN,), Decimal(5), 0, 3, "stock.yaml line 4")
    one = single("A", units=10, source="lookups/skus.csv line 2")
    (offer,) = offers([one], {"A": rule}, {x.shelf: x for x in levels})
    assert [(t.what, t.value) for t in offer.terms] == [
        ("WIRE at DEN", "57"), ("  allocated", "-7"), ("WIRE kept back", "-5"),
        ("WIRE in one pack", "/ 10"), ("at most", "3"), ("offered", "3"),
    ]  # fmt: skip
    assert offer.terms[3].source == "lookups/skus.csv line 2"


def test_what_other_channels_sell_is_kept_for_them_by_name():
    levels = [level("WIRE", DEN, 57)]
    channels = (("counter", Decimal(4)), ("webshop", Decimal(6)))
    rule = Rule(("*",), (DEN,), Decimal(5), where="stock.yaml line 4", channels=channels)
    (offer,) = offers([single("A")], {"A": rule}, {x.shelf: x for x in levels})
    assert offer.quantity == 57 - 5 - 4 - 6
    assert [(t.what, t.value) for t in offer.terms][1:5] == [
        ("WIRE kept back", "-15"), ("  buffer", "5"), ("  meant for counter", "4"),
        ("  meant for webshop", "6"),
    ]  # fmt: skip


def test_the_first_rule_that_fits_decides_and_none_is_nobodys_decision():
    gas, packs = Rule(("GAS-*",), (BIL,)), Rule(("*-10pk", "*-5pk"), (DEN,))
    late = Rule(("WLD-TIP-10PK", "WLD-1"), (BIL,))
    rules = Rules([gas, packs, late])
    assert rules.find("WLD-TIP-10PK") is packs
    assert rules.find("wld-1") is late
    assert rules.find("WLD-TIP") is None


def test_skus_are_related_through_the_kits_between_them():
    found = related([single("A", "X"), single("B", "Y"), kit("K", X=1, Y=1), single("Z", "Q")])
    assert [[s.sku for s in group] for group in found] == [["A", "B", "K"], ["Z"]]


items = st.sampled_from(["X", "Y", "Z"])
quantities = st.integers(0, 60).map(Decimal)


@st.composite
def worlds(draw):
    levels = [
        Level(
            Shelf(item, place),
            draw(quantities),
            draw(quantities),
            draw(st.integers(0, 5).map(Decimal)),
        )
        for item in ("X", "Y", "Z")
        for place in (DEN, BIL)
    ]
    sellables, rules = [], {}
    for n in range(draw(st.integers(1, 5))):
        parts = draw(st.dictionaries(items, st.integers(1, 12), min_size=1, max_size=3))
        sellables.append(kit(f"S{n}", **parts))
        places = draw(st.lists(st.sampled_from([DEN, BIL]), min_size=1, unique=True))
        rules[f"S{n}"] = Rule(
            ("*",), tuple(places), draw(st.integers(0, 9).map(Decimal)),
            draw(st.integers(0, 3)), draw(st.none() | st.integers(1, 20)),
            channels=tuple((name, Decimal(draw(st.integers(0, 4)))) for name in ("shop", "web")),
        )  # fmt: skip
    return sellables, rules, {x.shelf: x for x in levels}


@given(worlds())
def test_together_they_never_offer_more_than_is_free(world):
    sellables, rules, levels = world
    for group in related(sellables):
        packs = {o.sku: o.quantity for o in offers(group, rules, levels)}
        for item in ("X", "Y", "Z"):
            needed = sum(
                part.units * packs[s.sku] for s in group for part in s.parts if part.item == item
            )
            places = {
                place for s in group for part in s.parts if part.item == item and packs[s.sku]
                for place in rules[s.sku].locations
            }  # fmt: skip
            assert needed <= sum(levels[Shelf(item, place)].free for place in places)


@given(worlds())
def test_the_bounds_hold_and_order_does_not_matter(world):
    sellables, rules, levels = world
    found = {o.sku: o.quantity for g in related(sellables) for o in offers(g, rules, levels)}
    backwards = {
        o.sku: o.quantity for g in related(sellables[::-1]) for o in offers(g, rules, levels)
    }
    assert found == backwards
    assert sorted(found) == sorted(s.sku for s in sellables)
    for sku, quantity in found.items():
        rule = rules[sku]
        assert quantity == 0 or quantity >= rule.minimum
        assert rule.maximum is None or quantity <= rule.maximum


@given(worlds())
def test_a_single_sku_gets_everything_that_is_free(world):
    sellables, rules, levels = world
    one = sellables[0]
    rule = rules[one.sku]
    (offer,) = offers([one], rules, levels)
    free = min(
        max(sum(levels[Shelf(p.item, x)].free for x in rule.locations) - rule.kept_back, 0)
        // p.units
        for p in one.parts
    )
    most = free if rule.maximum is None else min(free, rule.maximum)
    assert offer.quantity == (most if most >= rule.minimum else 0)
