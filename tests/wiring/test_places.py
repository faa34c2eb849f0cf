"""Keys of the catalogue: the SKU in the first marketplace, a marketplace and a SKU in others."""

from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.places import Places

US, CA, MX = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"
PLACES = Places((US, CA))


def test_a_key_and_its_place_are_one():
    for shop in (US, CA):
        for sku in ("GLOVE", "A:B", f"{US}:X", f"{CA}:X", f"{MX}:X", ""):
            place = PLACES.at(shop, sku)
            assert PLACES.of(place.key) == place, (shop, sku)
            assert (place.sku, place.marketplace_id, place.first) == (sku, shop, shop == US)


def test_the_first_marketplace_keeps_the_keys_of_before():
    assert PLACES.at(US, "GLOVE").key == "GLOVE"
    assert PLACES.at(CA, "GLOVE").key == f"{CA}:GLOVE"
    assert PLACES.of(f"{MX}:GLOVE").sku == f"{MX}:GLOVE"  # no marketplace of the account


def test_keys_are_the_first_marketplaces_the_named_ones_and_those_told_of():
    assert PLACES.keys(["A"], [], []) == ["A"]
    assert PLACES.keys(["A"], [CA, MX], []) == ["A", f"{CA}:A"]
    assert PLACES.keys(["A", "B"], [], [(CA, "B"), (MX, "A")]) == ["A", "B", f"{CA}:B"]
    assert Places(()).keys(["A"], [US]) == ["A"]


def test_an_error_names_its_marketplace_where_it_is_not_the_first():
    error = NeedsPerson("no", kind="k", remedy="r", about="SKU A")
    assert PLACES.at(US, "A").about(error) is error
    assert PLACES.at(CA, "A").about(error).about == f"SKU A in CA ({CA})"
    assert error.about == "SKU A"
