"""Patterns of `matches`: RE2's meaning with google-re2 and without."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.client.model.documents import EXAMPLES

from flaghoist.errors import PatternError
from flaghoist.model import patterns
from flaghoist.model.limits import MAX_SUBJECT_CHARS
from flaghoist.model.patterns import compile_pattern, is_portable

re2 = pytest.importorskip("re2")


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("^a+$", "aaa", True),
        ("b", "abc", True),
        ("^b", "abc", False),
        ("(?i)ABC", "abc", True),
        (r"\bcat\b", "a cat sat", True),
        (r"\p{Lu}", "ä", False),
        ("(a+)+$", "a" * 2000 + "b", False),
    ],
)
def test_search(pattern: str, subject: str, expected: bool) -> None:
    """A pattern is searched for anywhere in the subject."""
    assert expected == compile_pattern(pattern).search(subject)


@pytest.mark.parametrize("pattern", ["a", "(?i)a"], ids=["portable", "re2"])
def test_long_subject_matches_nothing(pattern: str) -> None:
    """What one evaluation can cost is bounded by the subject's length."""
    compiled = compile_pattern(pattern)

    assert compiled.search("a" * MAX_SUBJECT_CHARS)
    assert not compiled.search("a" * (MAX_SUBJECT_CHARS + 1))


@pytest.mark.parametrize("pattern", ["x.y", "x(?:.|a.)y"], ids=["portable", "re2"])
def test_half_a_surrogate_pair_is_a_subject_too(pattern: str) -> None:
    """Any text that a visitor can send is a subject: no exception, no crash."""
    assert compile_pattern(pattern).search("x\ud800y")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a(", r"'a\(' is no RE2 pattern: missing \): a\("),
        (r"(a)\1", "is no RE2 pattern: invalid escape sequence"),
        ("(?=a)", "is no RE2 pattern: invalid perl operator"),
        ("a{1001}", "is no RE2 pattern: "),
        ("(.{0,900}x)", "repeats too much to be quick"),
        ("x" * 257, "a pattern of 257 characters is too long, 256 are allowed"),
        ("(?:\ud800|a+)+", "half a surrogate pair"),
    ],
)
def test_refused(pattern: str, why: str) -> None:
    """What is no RE2, or too costly, is refused and says why."""
    with pytest.raises(PatternError, match=why):
        compile_pattern(pattern)


def test_without_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without google-re2 a portable pattern runs, and another says what to install."""
    monkeypatch.setattr(patterns, "re2", None)
    compile_pattern.cache_clear()

    assert compile_pattern("^a+$").search("aa")
    with pytest.raises(PatternError, match=r"needs google-re2 \(.*\): install flaghoist\[re2\]"):
        compile_pattern("(a+)+$")


@pytest.mark.parametrize(("pattern", "expected"), [("^a+$", True), ("(a+)+$", False)])
def test_is_portable(pattern: str, expected: bool) -> None:
    """Whether a pattern needs google-re2 can be asked."""
    assert expected == is_portable(pattern)


ATOMS = st.sampled_from(
    ["a", "b", "K", "s", ".", r"\d", r"\w", r"\s", r"\D", "[a-c]", "[^b]", r"\.", "ä", "[^\\s1]"]
)
REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}"])
PIECES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda options: f"(?:{'|'.join(options)})"),
        st.tuples(inner, REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)
SUBJECTS = st.text(st.sampled_from("abcKks.1ä \n\v\u212a\u017fA"), max_size=8)


@given(
    start=st.sampled_from(["", "^", r"\A"]),
    piece=PIECES,
    end=st.sampled_from(["", "$", r"\z"]),
    ignore_case=st.booleans(),
    subjects=st.lists(SUBJECTS, min_size=3, max_size=8),
)
@settings(max_examples=EXAMPLES * 5, deadline=None)
def test_portable_patterns_match_as_re2_does(
    start: str, piece: str, end: str, ignore_case: bool, subjects: list[str]
) -> None:
    """On every subject the translation and google-re2 agree."""
    pattern = start + piece + end
    if not is_portable(pattern, ignore_case):
        return
    options = re2.Options()
    options.case_sensitive = not ignore_case
    reference = re2.compile(pattern, options)

    compiled = compile_pattern(pattern, ignore_case)

    expected = [reference.search(subject) is not None for subject in subjects]
    assert expected == [compiled.search(subject) for subject in subjects]


@given(pattern=st.text(st.sampled_from("ab(|)[]^$*+?{}1,\\dw.-:\ud800ä"), max_size=20))
@settings(max_examples=EXAMPLES * 5, deadline=None)
def test_any_pattern(pattern: str) -> None:
    """A pattern is compiled or refused, never anything else, and then it can be asked."""
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return
    compiled.search("aab1\ud800")
