"""What a change did, in sentences and as documents."""

from __future__ import annotations

import pytest

from flaghoist.model.flag import Flag, Rule, When
from flaghoist_server.console.words.differences import differences, documents_diff

PLAIN = Flag(default={"on": 5, "off": 95})
STAFF = Rule(serve="on", name="staff", when=When(segment="staff"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, PLAIN, ["flag added"], id="added"),
        pytest.param(PLAIN, None, ["flag removed"], id="removed"),
        pytest.param(
            PLAIN, Flag(default={"on": 25, "off": 75}), ["default: on 5 % → 25 %"], id="ramp"
        ),
        pytest.param(
            Flag(default="off"),
            Flag(default={"on": 5, "off": 95}),
            ["default: on 0 % → 5 %"],
            id="first ramp",
        ),
        pytest.param(
            Flag(default="on"), Flag(default="off"), ["default: on → off"], id="one to another"
        ),
        pytest.param(
            Flag(default="on"),
            Flag(state="off", default="on"),
            ["state: on → off"],
            id="switched off",
        ),
        pytest.param(
            PLAIN,
            Flag(default={"off": 95, "on": 5}),
            ["default: off for 95 %, on for 5 %"],
            id="order of a split",
        ),
        pytest.param(Flag(rules=[STAFF]), Flag(), ["staff removed"], id="rule removed"),
        pytest.param(
            Flag(), Flag(rules=[STAFF]), ["staff added: in segment staff"], id="rule added"
        ),
        pytest.param(
            Flag(targets={"on": ["a", "b"]}),
            Flag(targets={"on": ["b", "c", "d"]}),
            ["targets of on: 2 added, 1 removed"],
            id="targets",
        ),
        pytest.param(
            Flag(owner="web"), Flag(owner="payments"), ["owner: web → payments"], id="definition"
        ),
    ],
)
def test_differences(before: Flag | None, after: Flag | None, expected: list[str]) -> None:
    """Each kind of change has a sentence of its own."""
    assert expected == differences(before, after)


def test_three_variants_name_every_share_that_moved() -> None:
    """Only of two variants does one say all."""
    before = Flag(type="string", default={"a": 50, "b": 50, "c": 0})
    after = Flag(type="string", default={"a": 20, "b": 20, "c": 60})

    assert ["default: a 50 % → 20 %, b 50 % → 20 %, c 0 % → 60 %"] == differences(before, after)


def test_documents_diff_shows_only_what_changed() -> None:
    """Lines of both documents, without the head of a patch."""
    lines = documents_diff(b'{"a":1,"b":2}', b'{"a":1,"b":3}')

    assert ['-  "b": 2', '+  "b": 3'] == [line for line in lines if line[0] in "+-"]
