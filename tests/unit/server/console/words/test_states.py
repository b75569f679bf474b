"""The effective state: phrase, shape and tone agree, and speak of what is served."""

from __future__ import annotations

import pytest

from flaghoist.model.flag import Flag, Rule
from flaghoist_server.console.words.states import effective, featured

EVERYONE = [Rule(serve="on")]


@pytest.mark.parametrize(
    ("flag", "killed", "expected"),
    [
        pytest.param(Flag(default="on"), False, ("on", "●", "ON"), id="on"),
        pytest.param(Flag(default="off"), False, ("off", "○", "OFF"), id="on but serves off"),
        pytest.param(
            Flag(default={"on": 25, "off": 75}), False, ("part", "◔", "ON for 25 %"), id="quarter"
        ),
        pytest.param(
            Flag(default={"off": 50, "on": 50}), False, ("part", "◑", "ON for 50 %"), id="half"
        ),
        pytest.param(
            Flag(default={"on": 99.5, "off": 0.5}), False, ("part", "◕", "ON for 99.5 %"), id="most"
        ),
        pytest.param(Flag(default={"on": 100, "off": 0}), False, ("on", "●", "ON"), id="all"),
        pytest.param(Flag(default={"on": 0, "off": 100}), False, ("off", "○", "OFF"), id="none"),
        pytest.param(
            Flag(default="off", rules=EVERYONE), False, ("part", "◔", "ON by 1 rule"), id="by rules"
        ),
        pytest.param(Flag(state="off", default="on"), False, ("off", "○", "OFF"), id="off"),
        pytest.param(Flag(state="off", default="on"), True, ("kill", "■", "KILLED"), id="killed"),
        pytest.param(Flag(default="on"), True, ("on", "●", "ON"), id="on again after a kill"),
    ],
)
def test_boolean(flag: Flag, killed: bool, expected: tuple[str, str, str]) -> None:
    """A boolean flag says for whom it is on."""
    found = effective(flag, killed=killed)

    assert expected == (found.tone, found.mark, found.text)


THEMES = {"light": "light", "dark": "dark", "contrast": "high-contrast"}


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        pytest.param("dark", ("on", "●", "dark"), id="one variant"),
        pytest.param("light", ("off", "○", "light"), id="the off variant"),
        pytest.param(
            {"light": 75, "dark": 25, "contrast": 0}, ("part", "◔", "dark for 25 %"), id="split"
        ),
        pytest.param(None, ("off", "○", "light"), id="nothing said"),
    ],
)
def test_other_types(default: str | dict[str, float] | None, expected: tuple[str, ...]) -> None:
    """A flag of another type names the variant that is not the off variant."""
    flag = Flag(type="string", variants=THEMES, off_variant="light", default=default)

    found = effective(flag)

    assert expected == (found.tone, found.mark, found.text)


def test_featured_is_the_true_variant_whatever_it_is_called() -> None:
    """A ramp is about the true variant of a boolean flag."""
    flag = Flag(variants={"old": False, "new": True}, default={"old": 90, "new": 10})

    assert "new" == featured(flag)
    assert "ON for 10 %" == effective(flag).text
