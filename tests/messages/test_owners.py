"""Addresses that look alike, or that old software bends: each letter reaches its owner alone."""

from __future__ import annotations

from tests.cast import Client, Staff, World

OWNERS = {
    "carl@straße.de": "carl@xn--strae-oqa.de",
    "carl@strasse.de": "carl@strasse.de",
    "jürgen@bücher.example": "jürgen@xn--bcher-kva.example",
    "jurgen@bucher.example": "jurgen@bucher.example",
    "dana@пример.испытание": "dana@xn--e1afmkfd.xn--80akhbyknj4f",
    "carl+portal@carter.example": "carl+portal@carter.example",
    "carl@carter.example": "carl@carter.example",
    "c.arl@carter.example": "c.arl@carter.example",
    "o'hara&sons@carter.example": "o'hara&sons@carter.example",
}
"""As typed, and as they stand on the wire (IDNA 2008, RFC 5891; RFC 6531 before the @)."""


def test_each_invitation_reaches_exactly_its_owner(ada: Staff, world: World) -> None:
    for number, address in enumerate(OWNERS):
        ada.invites(address, name=f"Owner {number}").sees("is on its way")
    world.worker.drains()
    reached = [letter.to for letter in world.postman.letters]
    assert sorted(reached) == sorted([wire] for wire in OWNERS.values())
    for number, (address, wire) in enumerate(OWNERS.items()):
        (letter,) = world.postman.letters_to(wire)
        (named,) = letter.message["To"].addresses
        there = named.addr_spec.encode("utf-8", "surrogateescape").decode()
        assert (named.display_name, there) == (f"Owner {number}", wire)
        client = Client(world, wire, "acme")
        client.opens(letter.link).presses("Sign in").sees(f"Signed in as {address}")


def test_who_asks_gets_the_letter_at_the_stored_address(ada: Staff, world: World) -> None:
    for number, address in enumerate(OWNERS):
        ada.adds(f"Owner {number}", address)
        ada.invites(address)
    world.worker.drains()
    typed = {
        "CARL@STRASSE.DE": "carl@strasse.de",
        " Carl@STRAẞE.de": "carl@xn--strae-oqa.de",
        "ju\u0308rgen@BÜCHER.example": "jürgen@xn--bcher-kva.example",
        "CARL+portal@Carter.Example": "carl+portal@carter.example",
    }
    for address, wire in typed.items():
        before = len(world.postman.letters)
        Client(world, address, "acme").asks_for_link()
        world.worker.drains()
        assert [letter.to for letter in world.postman.letters[before:]] == [[wire]]
