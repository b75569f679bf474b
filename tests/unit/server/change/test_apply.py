"""`apply`: environments become what a flag file says, all of them or none."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flaghoist.model.flagfile import FlagFile, parse_flag_document
from flaghoist_server.change.audit import hash_of
from flaghoist_server.change.commands import Apply, Author, CommandError, Decision, SetState, decide
from flaghoist_server.change.fold import fold
from flaghoist_server.change.state import State

ADA = Author("ada", "2027-01-02T00:00:00.000Z", "why")
STAFF = {"when": {"attribute": "email", "ends_with": ["@example.com"]}}


def file(flags: dict[str, Any], segments: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"flaghoist": 1, "segments": segments or {}, "flags": flags}


def apply(states: list[State], document: dict[str, Any], **options: Any) -> Decision:
    command = Apply(parse_flag_document(document), **options)
    return decide({state.head.environment: state for state in states}, None, command, ADA)


def result(states: list[State], document: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Environment -> what it has afterwards, for those that change."""
    after = {}
    for change in apply(states, document, **options).changes:
        state = next(s for s in states if s.head.environment == change.environment)
        state = fold(state, change)
        after[change.environment] = {
            key: msgspec.json.decode(stored.document) for key, stored in state.flags.items()
        } | {f"segment {name}": msgspec.json.decode(doc) for name, doc in state.segments.items()}
    return after


def test_a_file_makes_its_flags_in_the_environments_that_it_names(state_of) -> None:
    """Definition and behaviour in one document, segments beside them."""
    states = [state_of({}), state_of({}, environment="staging"), state_of({}, environment="qa")]
    document = file(
        {
            "a": {
                "description": "d",
                "environments": {
                    "production": {"default": {"on": 5, "off": 95}},
                    "staging": {"rules": [{"when": {"segment": "staff"}, "serve": "on"}]},
                },
            }
        },
        {"staff": STAFF},
    )

    assert {
        "production": {
            "a": {"description": "d", "default": {"on": 5, "off": 95}},
            "segment staff": STAFF,
        },
        "staging": {
            "a": {
                "description": "d",
                "rules": [{"when": {"segment": "staff"}, "serve": "on"}],
            },
            "segment staff": STAFF,
        },
    } == result(states, document)


def test_one_apply_is_one_entry_in_each_environment(state_of) -> None:
    """However many flags; sealed, and of kind apply or import."""
    state = state_of({})
    document = file({f"f{n}": {"environments": {"production": {}}} for n in range(50)})

    (change,) = apply([state], document, kind="import").changes

    assert ("import", 3, "ada", "why") == (change.kind, change.version, change.actor, change.reason)
    assert 50 == len(change.flags)
    assert change.hash == hash_of(change)


def test_the_same_file_again_is_no_change(state_of) -> None:
    """In whatever order and with whatever defaults it is written."""
    state = state_of({"a": {"targets": {"off": ["2"], "on": ["1"]}, "default": "on"}})
    document = file(
        {
            "a": {
                "type": "boolean",
                "variants": {"off": False, "on": True},
                "environments": {
                    "production": {
                        "salt": "a",
                        "state": "on",
                        "default": "on",
                        "targets": {"on": ["1"], "off": ["2"]},
                    }
                },
            }
        }
    )

    assert Decision() == apply([state], document)


def test_what_the_file_does_not_name_stays(state_of) -> None:
    """Flags and segments; an apply adds and changes."""
    state = state_of({"old": {"default": "on"}}, {"s": STAFF})

    after = result([state], file({"new": {"environments": {"production": {}}}}))

    assert {"old", "new", "segment s"} == set(after["production"])


def test_prune_removes_what_the_file_does_not_name(state_of) -> None:
    """Only in the environments that it names."""
    states = [
        state_of({"old": {}, "a": {}}, {"s": STAFF}),
        state_of({"old": {}}, {"s": STAFF}, environment="staging"),
    ]

    after = result(states, file({"a": {"environments": {"production": {}}}}), prune=True)

    assert {"production": {"a": {}}} == after


def test_prune_removes_a_flag_from_an_environment_that_it_no_longer_names(state_of) -> None:
    """The flag is in the file, for others."""
    states = [state_of({"a": {}, "b": {}}), state_of({"a": {}}, environment="staging")]
    document = file(
        {"a": {"environments": {"staging": {}}}, "b": {"environments": {"production": {}}}}
    )

    assert {"production": {"b": {}}} == result(states, document, prune=True)


def test_a_new_definition_reaches_every_environment_that_has_the_flag(state_of) -> None:
    """Also those that the file does not name; their behaviour stays."""
    states = [
        state_of({"a": {"owner": "old", "default": "on"}}),
        state_of({"a": {"owner": "old", "default": "off"}}, environment="staging"),
        state_of({"b": {}}, environment="qa"),
    ]
    document = file({"a": {"owner": "new", "environments": {"production": {"default": "on"}}}})

    assert {
        "production": {"a": {"owner": "new", "default": "on"}},
        "staging": {"a": {"owner": "new", "default": "off"}},
    } == result(states, document)


def test_a_new_segment_reaches_every_environment_that_has_it(state_of) -> None:
    """A file of segments alone changes them where they are, and adds them nowhere."""
    states = [state_of({}, {"s": STAFF}), state_of({}, environment="staging")]
    other = {"when": {"attribute": "plan", "in": ["pro"]}}

    assert {"production": {"segment s": other}} == result(states, file({}, {"s": other}))


def test_a_definition_that_another_environment_cannot_take_is_refused_whole(state_of) -> None:
    """Staging still serves the variant that would go."""
    states = [
        state_of({"a": {"type": "string", "variants": {"x": "1", "y": "2"}, "default": "x"}}),
        state_of(
            {"a": {"type": "string", "variants": {"x": "1", "y": "2"}, "default": "y"}},
            environment="staging",
        ),
    ]
    document = file(
        {
            "a": {
                "type": "string",
                "variants": {"x": "1"},
                "environments": {"production": {"default": "x"}},
            }
        }
    )

    with pytest.raises(CommandError) as caught:
        apply(states, document)

    assert "invalid" == caught.value.code
    assert "environment 'staging'" in str(caught.value)


def test_narrowed_to_one_environment_the_others_stay(state_of) -> None:
    """Flags of the file that others do not have go to this one alone."""
    states = [state_of({}), state_of({}, environment="staging")]
    both = file({"a": {"environments": {"production": {}, "staging": {"default": "on"}}}})

    assert {"staging": {"a": {"default": "on"}}} == result(states, both, environment="staging")


def test_narrowed_to_one_environment_a_shared_definition_is_not_changed(state_of) -> None:
    """It would change the others too: refused, naming the flag and who shares it."""
    states = [state_of({"a": {"owner": "old"}}), state_of({}, environment="staging")]
    document = file({"a": {"owner": "new", "environments": {"staging": {}}}})

    with pytest.raises(CommandError, match="'a' is shared with environment 'production'"):
        apply(states, document, environment="staging")


@pytest.mark.parametrize("environment", [None, "produktion"])
def test_an_unknown_environment_is_refused_whole(state_of, environment: str | None) -> None:
    """With the nearest one that there is."""
    document = file({"a": {"environments": {"produktion": {}, "production": {}}}})

    with pytest.raises(CommandError) as caught:
        apply([state_of({})], document, environment=environment)

    assert "unknown_environment" == caught.value.code
    assert "there is no environment 'produktion'; did you mean 'production'?" == str(caught.value)


@pytest.mark.parametrize(
    ("present", "flags", "options", "where"),
    [
        ({"b": {}}, {"a": {"requires": [{"flag": "b", "variants": ["on"]}]}}, {"prune": True}, "b"),
        (
            {"b": {"requires": [{"flag": "a", "variants": ["on"]}]}, "a": {}},
            {"a": {"requires": [{"flag": "b", "variants": ["on"]}]}},
            {},
            "requires",
        ),
        ({}, {"a": {"rules": [{"when": {"segment": "none"}, "serve": "on"}]}}, {}, "none"),
    ],
    ids=["required flag pruned", "cycle with a flag that is there", "no such segment"],
)
def test_what_does_not_hold_together_is_refused(
    state_of, present: dict[str, Any], flags: dict[str, Any], options: dict[str, Any], where: str
) -> None:
    """Checked against the whole environment as it would be."""
    document = file({key: {"environments": {"production": flags[key]}} for key in flags})
    unchecked = msgspec.convert(document, FlagFile)  # the file's own check would refuse it first

    with pytest.raises(CommandError, match=where) as caught:
        decide({"production": state_of(present)}, None, Apply(unchecked, **options), ADA)

    assert caught.value.problems


def test_a_flag_that_was_unreadable_before_blocks_nobody(state_of) -> None:
    """Only what the change itself breaks is refused."""
    state = state_of({"poisoned": {"from_the_future": 1}})

    after = result([state], file({"a": {"environments": {"production": {}}}}))

    assert {"poisoned": {"from_the_future": 1}, "a": {}} == after["production"]


def test_a_file_that_switches_a_killed_flag_on_says_so(state_of) -> None:
    """The file is followed; whoever applies it should know."""
    state = state_of({"a": {"default": "on"}})
    document = file({"a": {"environments": {"production": {"default": "on"}}}})
    (kill,) = decide({"production": state}, "production", SetState("a", "kill"), ADA).changes

    decision = apply([fold(state, kill)], document)

    assert 1 == len(decision.changes)
    assert (
        "'a' in 'production' was killed at 2027-01-02T00:00:00.000Z; the file switches it on again",
    ) == decision.notes
