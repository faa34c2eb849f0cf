"""catalogue.yaml: what it says, and everything that is wrong with it at once, with file and line."""

import pytest

from crossdock.connectors.tims.item_models import CatalogueItem
from crossdock.kernel.errors import ConfigError
from crossdock.wiring.cataloguerules import read_catalogue_rules


@pytest.fixture
def read(tmp_path):
    def reading(text):
        (tmp_path / "catalogue.yaml").write_text(text, "utf-8")
        return read_catalogue_rules(tmp_path)

    return reading


def an_item(**more):
    return CatalogueItem(ItemNumber="I-1", ItemClass="hardgood", **more)


def test_without_a_file_nothing_is_published_and_the_shipped_attributes_stand(tmp_path):
    rules = read_catalogue_rules(tmp_path)
    assert (rules.publish, rules.rules, rules.problems) == (False, (), ())
    assert {"item_name", "brand", "hazmat", "condition_type"} <= {a.name for a in rules.attributes}


def test_the_first_rule_that_fits_sku_class_and_brand_decides(read):
    rules = read("""\
rules:
  - {skus: [GAS-*], leave: yes}
  - {brands: [WELD*, esab], classes: hardgood, product_type: TOOL, requirements: LISTING}
  - {skus: ["*"], product_type: OTHER}
""")
    assert rules.problems == ()
    found = [rules.find(sku, an_item(Brand=brand)) for sku, brand in
             (("gas-1", "Weldco"), ("T-1", "ESAB"), ("T-1", None))]  # fmt: skip
    assert [(r.leave, r.product_type, r.requirements) for r in found] == [
        (True, "", "LISTING_OFFER_ONLY"), (False, "TOOL", "LISTING"),
        (False, "OTHER", "LISTING_OFFER_ONLY"),
    ]  # fmt: skip


def test_a_rules_attributes_lie_over_the_files_and_those_over_the_shipped_ones(read):
    rules = read("""\
attributes:
  brand: {value: Ours}
  manufacturer: null
rules:
  - {skus: ["*"], product_type: TOOL, attributes: {item_name: LongDescription}}
""")
    named = {a.name: a for a in rules.attributes_of(rules.rules[0], "ATVPDKIKX0DER")}
    assert named["item_name"].rows[0].source == "LongDescription"
    assert named["brand"].rows[0].constant == "Ours"
    assert "manufacturer" not in named
    assert named["country_of_origin"].rows[0].where == "attributes.yaml line 12"


def test_everything_that_is_wrong_is_told_at_once_with_its_line(read):
    rules = read("""\
publish: maybe
discontinued: burn
sds_years: 0
chanels: [x]
asins: {A: short}
attributes:
  item_name: Descripton
  item_weight: {from: Weight, value: 3}
  purchasable_offer: {value: 1}
  brand: {form: Brand, from: Brand}
rules:
  - {product_type: TOOL}
  - {skus: ["*"]}
  - {skus: [A], product_type: TOOL, requirements: LISTINGS}
""")
    told = [(p.where, p.what) for p in rules.problems]
    assert [where for where, _ in told] == [
        "line 4", "line 12", "line 13", "line 14", "line 1", "line 2", "line 3", "line 5",
        "line 7", "line 8", "line 9", "line 10",
    ]  # fmt: skip
    assert all(p.file == "catalogue.yaml" for p in rules.problems)
    assert "Did you mean 'Description'?" in str(rules.problems[8])
    assert not rules.publish


def test_two_faulty_rules_among_many_hold_their_own_skus_alone(read):
    rows = [f"  - {{skus: [S-{n}], product_type: TOOL}}" for n in range(3000)]
    rows[10] = "  - {skus: [S-10], product_type: TOOL, requirements: LIST}"
    rows[20] = "  - {skus: [S-20], product_tipe: TOOL}"
    rules = read("rules:\n" + "\n".join(rows) + "\n")
    assert [p.where for p in rules.problems] == ["line 12", "line 22", "line 22"]
    assert [bool(rules.find(f"S-{n}", an_item()).fault) for n in (9, 10, 20, 21)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_faulty_attribute_is_known_by_its_name(read):
    assert set(read("attributes: {brand: Brnd}\n").faults) == {"brand"}


@pytest.mark.parametrize("text", ["- a\n- b\n", "rules: [", "a: 1\n---\nb: 2\n"])
def test_what_is_no_document_is_refused_whole(read, text):
    with pytest.raises(ConfigError):
        read(text)


def test_rules_that_are_no_list_are_told(read):
    assert "is no list" in str(read("rules: {skus: x}\n").problems[0])


US, CA, MX = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"
PLACES = f"""\
language: en_US
marketplaces:
  {US}:
  {CA}: en_CA
  {MX}: {{language: es_MX, asins: {{A: B000000002}}, attributes: {{item_name: LongDescription}}}}
asins: {{A: B000000001}}
rules:
  - {{skus: [HEAVY*], product_type: TOOL, marketplaces: [{US}]}}
  - {{skus: ["*"], product_type: TOOL, attributes: {{brand: {{value: Ours}}}}}}
"""


def test_marketplaces_have_their_languages_pages_and_texts(read):
    rules = read(PLACES)
    heavy, usual = rules.rules
    assert rules.problems == ()
    assert [rules.language_in(shop) for shop in (US, CA, MX)] == ["en_US", "en_CA", "es_MX"]
    assert [rules.page_in(shop, "A") for shop in (US, MX)] == ["B000000001", "B000000002"]
    assert rules.listed_in(heavy, US) == (US,)
    assert rules.listed_in(usual, US) == (US, CA, MX)
    named = {a.name: a.rows[0] for a in rules.attributes_of(usual, MX)}
    assert (named["item_name"].source, named["brand"].constant) == ("LongDescription", "Ours")
    assert {a.name: a.rows[0] for a in rules.attributes_of(usual, CA)}["item_name"].source == (
        "Description"
    )


def test_a_file_of_before_lists_in_the_accounts_first_marketplace(read):
    rules = read('rules: [{skus: ["*"], product_type: TOOL}]\n')
    assert rules.listed_in(rules.rules[0], CA) == (CA,)
    assert (rules.language_in(CA), rules.page_in(CA, "A")) == ("en_US", "")


def test_faults_of_marketplaces_are_told_with_their_lines_and_hold_what_they_concern(read):
    rules = read(f"""\
marketplaces:
  {US}: en_US
  A2EUQ1WTGCTBGX: en_CA
  {MX}: {{langage: es_MX}}
rules:
  - {{skus: [A], product_type: TOOL, marketplaces: [{CA}]}}
  - {{skus: [B], product_type: TOOL}}
""")
    told = [str(problem) for problem in rules.problems]
    assert len(told) == 3
    assert "line 3: Amazon has no marketplace A2EUQ1WTGCTBGX. Did you mean" in told[0]
    assert "line 4: 'langage' is unknown. Did you mean 'language'?" in told[1]
    assert f"line 6: {CA} is none of the file's marketplaces." in told[2]
    assert rules.shops_fault == told[0]
    assert (rules.shops[US].fault, rules.shops[MX].fault) == ("", told[1])
    assert [bool(rule.fault) for rule in rules.rules] == [True, False]


def test_marketplaces_that_name_none_are_a_fault(read):
    for text in ("marketplaces: []\n", "marketplaces: {}\n", "marketplaces:\n"):
        rules = read(text)
        assert "names none" in rules.shops_fault, text
    assert read(f"marketplaces: {{{US}: 5}}\n").shops[US].fault
