"""Numbers that every reader can hold."""

from __future__ import annotations

import pytest

from flaghoist.model.numbers import is_finite


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, True),
        (2**64 - 1, True),
        (-(2**63), True),
        (1e308, True),
        (2**64, False),
        (-(2**63) - 1, False),
        (10**400, False),
        (float("nan"), False),
        (float("-inf"), False),
    ],
)
def test_is_finite(number: float, expected: bool) -> None:
    """Finite numbers pass, whole ones up to 64 bits."""
    assert expected == is_finite(number)
