"""Reading patterns of the portable subset."""

from __future__ import annotations

import pytest

from flaghoist.model.pattern_syntax import (
    ENDLESS,
    Choice,
    NotPortable,
    Parsed,
    Repeat,
    Sequence,
    Set,
    parse_pattern,
)


def one(char: str) -> Set:
    return Set(((ord(char), ord(char)),))


def text(chars: str) -> Sequence:
    return Sequence(tuple(one(char) for char in chars))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", Parsed(Sequence(()), at_start=False, at_end=False)),
        ("ab", Parsed(text("ab"), at_start=False, at_end=False)),
        ("^a$", Parsed(text("a"), at_start=True, at_end=True)),
        (r"\Aa\z", Parsed(text("a"), at_start=True, at_end=True)),
        (r"a\$", Parsed(text("a$"), at_start=False, at_end=False)),
        (r"a\\$", Parsed(text("a\\"), at_start=False, at_end=True)),
        (r"\x41\t\.", Parsed(text("A\t."), at_start=False, at_end=False)),
    ],
)
def test_text_and_anchors(pattern: str, expected: Parsed) -> None:
    """Plain characters, escapes, and anchors at the ends only."""
    assert expected == parse_pattern(pattern, ignore_case=False)


def test_repeats() -> None:
    """Each repeat is a least and a most."""
    node = parse_pattern("^a*b+c?d{2}e{1,3}f{2,}", ignore_case=False).node

    assert node == Sequence(
        (
            Repeat(one("a"), 0, ENDLESS),
            Repeat(one("b"), 1, ENDLESS),
            Repeat(one("c"), 0, 1),
            Repeat(one("d"), 2, 2),
            Repeat(one("e"), 1, 3),
            Repeat(one("f"), 2, ENDLESS),
        )
    )


def test_options_with_a_common_start_are_factored() -> None:
    """A choice says at once which option it is."""
    node = parse_pattern("iPhone|iPad", ignore_case=False).node

    assert node == Sequence((one("i"), one("P"), Choice((text("hone"), text("ad")))))


def test_classes() -> None:
    """Sets in brackets, negated or not, with ranges and classes in them."""
    node = parse_pattern(r"[a-c_\d][^\s]", ignore_case=False).node

    letters = Set(((0x30, 0x39), (0x5F, 0x5F), (0x61, 0x63)))
    no_space = Set(((0, 8), (0xB, 0xB), (0xE, 0x1F), (0x21, 0x10FFFF)))
    assert node == Sequence((letters, no_space))


def test_ignore_case_is_in_the_sets() -> None:
    """Both cases are there, so nothing is left for a flag to do."""
    node = parse_pattern("a", ignore_case=True).node

    assert node == Sequence((Set(((0x41, 0x41), (0x61, 0x61))),))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a", "a ( has no )"),
        ("a)", "a ) has no ("),
        ("a**", "a repeat of a repeat, or a lazy one"),
        ("a+?", "a repeat of a repeat, or a lazy one"),
        ("a^b", "^ where it is no plain character"),
        ("^a|b", "^ or $ belongs to one option of a choice only"),
        ("(?i)a", "a group with flags or a name"),
        ("(?P<n>a)", "a group with flags or a name"),
        (r"\bword", r"the escape \b"),
        (r"\pL", r"the escape \p"),
        ("[z-a]", "a range from high to low"),
        ("[a", "it ends too early"),
        ("[^\\x00-\U0010ffff]", "brackets that no character fits"),
        ("[[:alpha:]]", "[ in brackets without a backslash"),
        ("a{3,2}", "the repeat {3,2}"),
        ("a{0}", "the repeat {0}"),
        ("*a", "* where it is no plain character"),
        ("(|)", "two options of a choice are empty"),
        ("(" * 20 + ")" * 20, "groups are more than 16 deep"),
    ],
)
def test_not_portable(pattern: str, why: str) -> None:
    """The reason names what is not of the subset."""
    with pytest.raises(NotPortable) as caught:
        parse_pattern(pattern, ignore_case=False)

    assert why == str(caught.value)


def test_ignore_case_beyond_ascii_is_not_portable() -> None:
    """RE2 and Python may have different Unicode tables."""
    with pytest.raises(NotPortable, match="beyond ASCII"):
        parse_pattern("ä", ignore_case=True)
