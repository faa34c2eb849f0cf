"""What a listing says, where each value comes from, and where Amazon shows something else."""

from dataclasses import replace
from decimal import Decimal

from crossdock.business.catalogue.attributes import AttributeRule, ValueRow, build, look
from crossdock.business.catalogue.drift import apart, differences, differing, same, spare
from crossdock.business.catalogue.model import Decision, Plan, Shown, Verdict

US = "ATVPDKIKX0DER"
ITEM = {
    "Description": "  MIG   glove ", "Brand": "Weldco", "Weight": {"Value": "1.50", "Unit": "LB"},
    "Images": [{"Url": "https://a"}, {"Url": "https://b"}], "Hazmat": {"IsHazmat": False},
    "Attributes": {"Features": ["Warm", "", "Soft"]}, "LongDescription": None,
    "Dimensions": {"Length": "10", "Unit": "IN"},
}  # fmt: skip
KNOWN = {
    "item_name": {"value", "language_tag", "marketplace_id"}, "brand": {"value"},
    "weight": {"value", "unit"}, "size": {"length", "marketplace_id"}, "image": {"media_location"},
    "bullet_point": {"value", "language_tag"}, "dangerous": {"value"}, "text": {"value"},
}  # fmt: skip


def made(name, *rows):
    rules = [AttributeRule(name, rows, "line 1")]
    return build(rules, ITEM, lambda n: frozenset(KNOWN.get(n, ())), US, "en_US")


def row(source, **more):
    return ValueRow(source, where="line 1", **more)


def test_selectors_are_added_where_the_product_type_has_them():
    assert made("item_name", row("Description")).attributes == {
        "item_name": ({"value": "MIG glove", "marketplace_id": US, "language_tag": "en_US"},)
    }
    built = made("brand", row("Brand"))
    assert built.attributes == {"brand": ({"value": "Weldco"},)}
    (said,) = built.said
    assert (said.what, said.value, said.source) == ("brand", "Weldco", "item Brand, line 1")


def test_two_rows_make_one_object_and_a_list_makes_several():
    unit = row("Weight.Unit", into="unit", words={"LB": "pounds"})
    assert made("weight", row("Weight.Value", number=True), unit).attributes == {
        "weight": ({"value": Decimal("1.50"), "unit": "pounds"},)
    }
    points = made("bullet_point", row("Attributes.Features")).attributes["bullet_point"]
    assert [p["value"] for p in points] == ["Warm", "Soft"]
    one = made("image", row("Images.0.Url", into="media_location")).attributes["image"]
    assert one == ({"media_location": "https://a"},)
    assert look(ITEM, "Images.Url") == ["https://a", "https://b"]


def test_a_part_of_a_part_is_set():
    rows = (row("Dimensions.Length", into="length.value", number=True),
            row("Dimensions.Unit", into="length.unit", words={"IN": "inches"}))  # fmt: skip
    (one,) = made("size", *rows).attributes["size"]
    assert one == {"length": {"value": Decimal(10), "unit": "inches"}, "marketplace_id": US}


def test_yes_and_no_are_words_too_and_a_constant_is_always_the_same():
    words = {"true": "transportation", "false": "not_applicable"}
    (one,) = made("dangerous", row("Hazmat.IsHazmat", words=words)).attributes["dangerous"]
    assert one == {"value": "not_applicable"}
    assert made("brand", ValueRow(constant="X")).attributes["brand"] == ({"value": "X"},)


def test_what_tims_leaves_empty_is_left_out_and_told():
    built = made("text", row("LongDescription"))
    assert built.attributes == {}
    assert "TIMS has no LongDescription" in built.left_out[0].source
    assert made("unheard_of", row("Brand")).left_out[0].source.startswith("the product type")


def test_a_word_that_nobody_gave_and_a_number_that_is_none_are_problems():
    assert "'LB'" in made("weight", row("Weight.Unit", words={"KG": "x"})).problems[0]
    assert "is no number" in made("weight", row("Brand", number=True)).problems[0]
    assert made("weight", row("Brand", number=True)).attributes == {}


# --- drift ----------------------------------------------------------------------------------------

PLAN = Plan(
    "S", "I", Decision(Verdict.SELL, "I", "plain", "fine"), "TOOL", "LISTING", "B1",
    {"item_name": ({"value": "Torch", "marketplace_id": US},),
     "weight": ({"value": Decimal("1.50"), "unit": "pounds"},),
     "merchant_suggested_asin": ({"value": "B1"},)},
)  # fmt: skip
THEIRS = {"item_name": ({"value": "Torch", "marketplace_id": US},),
          "weight": ({"unit": "pounds", "value": 1.5},)}  # fmt: skip


def shown(**changes):
    values = {"asin": "B1", "product_type": "TOOL", "title": "Torch", "attributes": THEIRS}
    return Shown("S", **(values | changes))


def test_the_same_values_are_the_same_in_any_order_and_any_number():
    assert same(({"value": Decimal(2)}, {"value": "x"}), [{"value": "x"}, {"value": 2.0}])
    assert not same(({"value": "x"},), [{"value": "x"}, {"value": "x"}])
    assert same(({"value": "x", "marketplace_id": US},), [{"value": "x"}])
    assert not same(({"value": "1"},), [{"value": 1}])
    assert differing(PLAN, shown()) == ()
    assert differences(PLAN, shown()) == []


def test_what_amazon_shows_otherwise_is_told_in_words():
    other = {**THEIRS, "weight": ({"unit": "pounds", "value": 2},)}
    found = differences(PLAN, shown(attributes=other, title="Torch!", asin="B2", issues=("E1 no",)))
    assert [(d.what, d.tims, d.amazon) for d in found] == [
        ("asin", "B1", "B2"), ("weight", "1.5 pounds", "2 pounds"),
        ("title that buyers read", "Torch", "Torch!"), ("issue", "", "E1 no"),
    ]  # fmt: skip


def test_missing_hidden_and_forbidden_listings_are_differences():
    assert [d.what for d in differences(PLAN, None)] == ["listing"]
    hidden = differences(PLAN, shown(shows=False, title="", asin=""))
    assert [(d.what, d.amazon) for d in hidden] == [("listing", "not shown yet")]
    refused = Plan("S", "I", Decision(Verdict.REFUSE, "I", "gas", "never"))
    assert differences(refused, None) == []
    assert [d.amazon for d in differences(refused, shown(quantity=4))] == ["4 for sale"]
    assert differences(Plan("S", "I", PLAN.decision, left_alone="yes"), None) == []


def spoken(value, tongue, shop=US):
    return {"value": value, "language_tag": tongue, "marketplace_id": shop}


def test_rows_of_other_languages_and_marketplaces_are_not_ours():
    ours = (spoken("Glove", "en_CA", "CA"),)
    french, american = spoken("Gant", "fr_CA", "CA"), spoken("Mitt", "en_US")
    bare = {"value": "Glove"}
    assert apart(ours, (ours[0], french, american, bare)) == ((ours[0], bare), (french, american))
    assert apart(({"value": "x"},), (french, american)) == ((french, american), ())
    plan = Plan("S", "I", PLAN.decision, attributes={"item_name": ours})
    assert differing(plan, shown(attributes={"item_name": (french, ours[0])})) == ()
    assert differing(plan, shown(attributes={"item_name": (french,)})) == ("item_name",)
    same_words = spoken("Glove", "en_US", "CA")  # another tag for the same
    assert differing(plan, shown(attributes={"item_name": (same_words,)})) == ()


def test_what_is_listed_where_no_rule_lists_it_is_a_difference_there():
    plan = Plan("S", "I", PLAN.decision, unwanted="listed in US", marketplace_id="CA")
    assert differences(plan, None) == []
    (found,) = differences(plan, shown())
    assert (found.what, found.tims, found.marketplace) == (
        "listing", "not here: listed in US", "CA",
    )  # fmt: skip


# --- what nothing says any more -------------------------------------------------------------------

SELECTORS = {"bullet_point": ("language_tag", "marketplace_id"), "image": ("marketplace_id",),
             "externally_assigned_product_identifier": ("type", "marketplace_id"),
             "purchasable_offer": ("marketplace_id",)}  # fmt: skip


def left_over(**attributes):
    there = {name: tuple(rows) for name, rows in attributes.items()}
    return spare(shown(attributes=there), {"item_name"}, US, "en_US",
                 lambda name: SELECTORS.get(name, ()))  # fmt: skip


def test_what_nothing_says_is_ours_to_take_away_in_our_marketplace_and_language():
    warm, soft = spoken("Warm", "en_US"), spoken("Soft", "en_US")
    found = left_over(bullet_point=[warm, spoken("Chaud", "fr_CA", "CA"), soft],
                      item_name=[warm], unknown=[warm])  # fmt: skip
    assert found.keys() == {"bullet_point"}
    assert found["bullet_point"].rows == (warm, soft)
    assert found["bullet_point"].selectors == ({"language_tag": "en_US", "marketplace_id": US},)
    assert left_over(bullet_point=[spoken("Suave", "es_US")]) == {}
    assert left_over(image=[{"media_location": "x"}])["image"].selectors == (
        {"marketplace_id": US},
    )


def test_number_page_price_and_stock_are_never_left_over():
    names = ("externally_assigned_product_identifier", "purchasable_offer",
             "fulfillment_availability", "merchant_suggested_asin")  # fmt: skip
    assert left_over(**{name: [{"value": "x", "marketplace_id": US}] for name in names}) == {}


def test_only_what_was_written_is_told_as_drift():
    left = left_over(bullet_point=[spoken("Warm", "en_US")], image=[{"media_location": "x"}])
    plan = replace(PLAN, spare=left)
    assert differences(plan, shown()) == []
    (gone,) = differences(plan, shown(), {"image", "item_name"})
    assert (gone.what, gone.tims, gone.amazon) == ("image", "", "x")
