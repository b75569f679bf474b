"""Addresses and environments as the page shows them."""

from __future__ import annotations

import pytest

from flaghoist_server.console.views import Place, ask_url, flag_url, list_url


def test_addresses_say_environment_and_flag() -> None:
    """A key may contain slashes; it is always the last part."""
    assert "/env/production" == list_url("production")
    assert "/env/production?q=owner%3Ame+a%26b&page=2" == list_url("production", "owner:me a&b", 2)
    assert "/env/production/flag/team/new-checkout" == flag_url("production", "team/new-checkout")
    assert "/env/production/kill/team/new-checkout" == ask_url(
        "production", "kill", "team/new-checkout"
    )


@pytest.mark.parametrize(
    ("name", "tone", "production"),
    [
        ("production", "red", True),
        ("prod-eu", "red", True),
        ("staging", "amber", False),
        ("dev-anna", "blue", False),
    ],
)
def test_production_is_red(name: str, tone: str, production: bool) -> None:
    """Where customers see a mistake, the stripe is red and the title says so."""
    place = Place(name)

    assert (tone, production) == (place.tone, place.production)


def test_any_other_name_has_a_colour_that_stays() -> None:
    """The colour comes from the name, and is never production's."""
    assert Place("reproduction").tone == Place("reproduction").tone
    assert not Place("reproduction").production
