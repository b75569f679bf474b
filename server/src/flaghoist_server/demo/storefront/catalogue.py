"""What the shop sells: signal flags, by the letter."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CATALOGUE", "Product", "recommended"]


class Product(NamedTuple):
    """A signal flag; `stripes` are its colours from left to right, or from the top if `lying`."""

    slug: str
    name: str
    meaning: str
    cents: int
    stripes: tuple[str, ...]
    lying: bool = False

    @property
    def price(self) -> str:
        return f"€ {self.cents / 100:.2f}"


_RED, _WHITE, _BLUE, _YELLOW, _BLACK = "#d23b2f", "#f6f4ee", "#2453a6", "#f2c230", "#22252a"

CATALOGUE = (
    Product("alfa", "Alfa", "I have a diver down", 2400, (_WHITE, _BLUE)),
    Product("charlie", "Charlie", "Yes", 2650, (_BLUE, _WHITE, _RED, _WHITE, _BLUE), True),
    Product("delta", "Delta", "Keep clear of me", 2300, (_YELLOW, _BLUE, _YELLOW), True),
    Product("golf", "Golf", "I want a pilot", 2500, (_YELLOW, _BLUE) * 3),
    Product("hotel", "Hotel", "I have a pilot", 2200, (_WHITE, _RED)),
    Product("kilo", "Kilo", "I wish to talk to you", 2200, (_YELLOW, _BLUE)),
    Product("tango", "Tango", "Keep clear, I am trawling", 2450, (_RED, _WHITE, _BLUE)),
    Product("echo", "Echo", "I turn to starboard", 2200, (_BLUE, _RED), True),
)


def recommended(visitor: str) -> tuple[Product, ...]:
    """Three more products, the same ones for the same visitor."""
    start = sum(visitor.encode("utf-8", "replace")) % len(CATALOGUE)
    return tuple((CATALOGUE + CATALOGUE)[start : start + 3])
