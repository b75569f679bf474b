"""What tests of an application use, used by a test."""

from __future__ import annotations

import pytest

from flaghoist import Context, FlagFileError, FlaghoistError, flags
from flaghoist.testing import FlagOverrides, client_of

pytest_plugins = ["pytester"]

FLAG_FILE = """
flaghoist: 1
flags:
  theme:
    type: string
    variants: {light: light, dark: dark}
    environments:
      production:
        state: on
        rules: [{when: {attribute: plan, in: [pro]}, serve: dark}]
        default: light
      staging: {state: on, default: dark}
"""


def test_an_override_is_in_effect_at_once(flag_overrides: FlagOverrides) -> None:
    """One flag, another, and a change of the first."""
    flag_overrides["new-checkout"] = True
    flag_overrides["theme"] = "dark"
    assert (True, "dark") == (flags.is_enabled("new-checkout"), flags.value("theme"))

    flag_overrides["new-checkout"] = False

    assert flags.is_enabled("new-checkout", default=True) is False


def test_what_is_taken_out_is_not_overridden(flag_overrides: FlagOverrides) -> None:
    """The default is back; the others stay."""
    flag_overrides({"new-checkout": True, "theme": "dark"})

    del flag_overrides["new-checkout"]

    assert (False, "dark") == (flags.is_enabled("new-checkout"), flags.value("theme"))
    assert {"theme": "dark"} == dict(flag_overrides)


def test_overrides_end_with_the_test(pytester: pytest.Pytester) -> None:
    """The next test of the same process sees nothing of them. An installed plugin is enough."""
    pytester.makepyfile(
        """
        from flaghoist import flags

        def test_with(flag_overrides):
            flag_overrides["new-checkout"] = True
            assert flags.is_enabled("new-checkout")

        def test_without():
            assert not flags.is_enabled("new-checkout")
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_client_of_a_flag_file_evaluates_its_rules() -> None:
    """Rules themselves can be tested, without a server and without a thread."""
    client = client_of(FLAG_FILE, "production")

    assert "dark" == client.value("theme", Context("user-1", plan="pro"))
    assert "light" == client.value("theme", "user-1")
    assert client.wait_until_ready(0) is True


def test_a_flag_file_with_two_environments_wants_one_named() -> None:
    """It is not guessed which one is meant."""
    with pytest.raises(FlaghoistError, match="production, staging"):
        client_of(FLAG_FILE)


def test_a_bad_flag_file_names_the_place() -> None:
    """As the command `flaghoist check` does."""
    with pytest.raises(FlagFileError, match="document>:5:11"):
        client_of(FLAG_FILE.replace("string", "sting"))
