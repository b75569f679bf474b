"""The lookup: defaults, types, counting, pins and overrides."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
from typing import Any

import pytest
from tests.unit.client.evaluation.worlds import UnwillingText
from tests.unit.client.flags import OFF, ON, Document, lookup_of, raw, snapshot_of

from flaghoist.evaluation.context import Context
from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason
from flaghoist.lookup import Lookup
from flaghoist.snapshot import Snapshot

THEME: Document = {
    "type": "string",
    "variants": {"light": "light", "dark": "dark"},
    "off_variant": "light",
    "default": "dark",
}
LIMITS: Document = {"type": "object", "variants": {"a": {"rate": [1, 2]}}, "default": "a"}
KILLED: Document = {"state": "off", "default": "on"}
TEN: Document = {"off_variant": "off", "default": {"on": 10, "off": 90}}
NUMBER: Document = {"type": "number", "variants": {"n": 7}, "default": "n"}


@pytest.fixture
def lookup() -> Lookup:
    return lookup_of(
        {
            "on": ON,
            "off": OFF,
            "theme": THEME,
            "limits": LIMITS,
            "killed": KILLED,
            "ten": TEN,
            "n": NUMBER,
        }
    )


def flip(lookup: Lookup, version: int, **flags: Document) -> None:
    changes = {key: (version, raw(flag)) for key, flag in flags.items()}
    lookup._swap(lookup.snapshot.changed(version, changes, {}))


class TestIsEnabled:
    """Whether a flag is on: always a bool."""

    def test_it_says_what_the_flag_says(self, lookup: Lookup) -> None:
        """For the targeting key, in each way to pass one."""
        assert lookup.is_enabled("on", "user-1") is True
        assert lookup.is_enabled("off", "user-1") is False
        assert lookup.is_enabled("ten", {"targeting_key": "user-7"}) is lookup.is_enabled(
            "ten", Context("user-7")
        )

    @pytest.mark.parametrize("key", ["unknown", "theme", "limits", "killed", "n"])
    @pytest.mark.parametrize("default", [True, False])
    def test_it_says_the_default_where_no_truth_value_can_be_served(
        self, lookup: Lookup, key: str, default: bool
    ) -> None:
        """No such flag, a flag of another type, or off without an off variant."""
        assert lookup.is_enabled(key, "user-1", default) is default
        assert lookup.is_enabled(key, "user-1", default=default) is default
        assert lookup.is_enabled(key, default=default) is default

    @pytest.mark.parametrize("default", [1, "yes", None, [], object()])
    def test_a_default_that_is_none_is_false(self, lookup: Lookup, default: Any) -> None:
        """The answer is a bool whatever is passed."""
        assert lookup.is_enabled("unknown", None, default) is False


class TestValue:
    """The value of a flag of any type."""

    def test_it_is_the_value_of_the_variant(self, lookup: Lookup) -> None:
        """Of the type that the flag has."""
        assert lookup.value("theme", "user-1", default="light") == "dark"
        assert lookup.value("limits", "user-1") == {"rate": [1, 2]}
        assert lookup.value("on", default=False) is True
        assert lookup.value("n", "user-1", 0.5) == 7

    @pytest.mark.parametrize(
        ("key", "default"),
        [("unknown", "x"), ("theme", 1), ("on", 1), ("n", True), ("killed", "x")],
    )
    def test_it_is_the_default_where_that_cannot_be_served(
        self, lookup: Lookup, key: str, default: Any
    ) -> None:
        """The very object that the caller passed."""
        assert lookup.value(key, "user-1", default) is default

    def test_an_object_can_be_changed_by_whoever_got_it(self, lookup: Lookup) -> None:
        """It is a copy."""
        lookup.value("limits")["rate"].append(3)

        assert lookup.value("limits") == {"rate": [1, 2]}


class TestEvaluate:
    """The value, and why it is that."""

    def test_it_says_variant_reason_and_version(self, lookup: Lookup) -> None:
        """The version is the one in which this flag last changed."""
        flip(lookup, 2, theme=THEME | {"description": "changed"})
        flip(lookup, 3, on=OFF)

        assert lookup.evaluate("theme") == Evaluation("dark", "dark", Reason.STATIC, None, 2)
        assert lookup.evaluate("on") == Evaluation(False, "off", Reason.DISABLED, None, 3)

    def test_it_says_what_went_wrong(self, lookup: Lookup) -> None:
        """In OpenFeature's codes."""
        flip(lookup, 2, bad={"type": "colour"})

        errors = {
            "unknown": lookup.evaluate("unknown", None, 1).error,
            "bad": lookup.evaluate("bad").error,
            "type": lookup.evaluate("theme", None, 1).error,
            "key": lookup.evaluate("ten").error,
            "context": lookup.evaluate("ten", ["user-1"]).error,  # type: ignore[call-overload]
            "fails": lookup.evaluate("ten", "\ud800").error,
            "empty": Lookup().evaluate("on").error,
        }

        assert errors == {
            "unknown": ErrorCode.FLAG_NOT_FOUND,
            "bad": ErrorCode.PARSE_ERROR,
            "type": ErrorCode.TYPE_MISMATCH,
            "key": ErrorCode.TARGETING_KEY_MISSING,
            "context": ErrorCode.INVALID_CONTEXT,
            "fails": ErrorCode.GENERAL,
            "empty": ErrorCode.PROVIDER_NOT_READY,
        }

    @pytest.mark.parametrize("key", [None, 5, b"on", [], math.nan, ("on",), object()])
    def test_a_key_that_is_no_text_is_not_found(self, lookup: Lookup, key: Any) -> None:
        """Whatever it is."""
        assert lookup.evaluate(key, None, "d") == Evaluation(
            "d", None, Reason.ERROR, None, 0, ErrorCode.FLAG_NOT_FOUND
        )
        assert lookup.is_enabled(key) is False
        assert lookup.value(key, None, "d") == "d"

    def test_a_key_that_raises_is_answered_with_the_default(self, lookup: Lookup) -> None:
        """A text with a mind of its own."""
        key = UnwillingText("on")

        assert lookup.evaluate(key, None, "d").error == ErrorCode.GENERAL
        assert lookup.is_enabled(key, default=True) is True
        assert lookup.value(key, None, "d") == "d"


class TestCounting:
    """Every evaluation is counted once, by flag and variant."""

    def test_each_way_through_is_counted_once(self, lookup: Lookup) -> None:
        """Quick or not, served or not."""
        for ask in (lookup.is_enabled, lookup.value, lookup.evaluate):
            ask("on", "user-1")
            ask("ten", "user-1")
            ask("killed", "user-1")
            ask("unknown", "user-1")
        lookup.value("theme", None, 1)
        lookup.value("limits")
        lookup.evaluate("ten", "\ud800")
        lookup.all("user-1")

        assert lookup.counters.drain() == {
            "on": {"on": 3},
            "ten": {"on" if lookup.is_enabled("ten", "user-1") else "off": 3, "": 1},
            "killed": {"": 3},
            "unknown": {"": 3},
            "theme": {"": 1},
            "limits": {"a": 1},
        }

    def test_what_is_counted_survives_a_swap(self, lookup: Lookup) -> None:
        """A flip loses no evaluation."""
        lookup.is_enabled("on")
        flip(lookup, 2, on=ON | {"description": "changed"})
        lookup.is_enabled("on")
        flip(lookup, 3, on=OFF)
        lookup.is_enabled("on")

        assert lookup.counters.drain() == {"on": {"on": 2, "off": 1}}


class TestAll:
    """Every flag's value, from one snapshot."""

    def test_it_has_every_flag_that_has_a_value(self, lookup: Lookup) -> None:
        """A killed flag without an off variant has none."""
        values = lookup.all("user-1")

        assert values == {
            "on": True,
            "off": False,
            "theme": "dark",
            "limits": {"rate": [1, 2]},
            "ten": lookup.is_enabled("ten", "user-1"),
            "n": 7,
        }

    def test_flags_that_fail_are_left_out(self, lookup: Lookup) -> None:
        """The others are there."""
        assert set(lookup.all("\ud800")) == {"on", "off", "theme", "limits", "n"}
        assert set(lookup.all(["user-1"])) == {"on", "off", "theme", "limits", "n"}  # type: ignore[arg-type]
        assert Lookup().all("user-1") == {}

    def test_its_values_can_be_changed(self, lookup: Lookup) -> None:
        """They are copies."""
        lookup.all()["limits"]["rate"].append(3)

        assert lookup.all()["limits"] == {"rate": [1, 2]}

    def test_it_heeds_pins_and_overrides(self, lookup: Lookup) -> None:
        """As every lookup does."""
        with lookup.pinned(), lookup.override({"theme": "blue", "new": 1}):
            flip(lookup, 2, on=OFF)
            values = lookup.all()

        assert (values["on"], values["theme"], values["new"]) == (True, "blue", 1)
        assert lookup.all()["on"] is False


class TestPinned:
    """One snapshot for a block."""

    def test_lookups_in_the_block_see_the_snapshot_of_its_start(self, lookup: Lookup) -> None:
        """And afterwards the newest one."""
        with lookup.pinned() as snapshot:
            flip(lookup, 2, on=OFF, new=ON)
            within = (lookup.is_enabled("on"), lookup.value("new"), lookup.evaluate("new").error)

        assert within == (True, None, ErrorCode.FLAG_NOT_FOUND)
        assert snapshot.version == 1
        assert (lookup.is_enabled("on"), lookup.is_enabled("new")) == (False, True)

    def test_a_pin_within_a_pin_keeps_the_outer_snapshot(self, lookup: Lookup) -> None:
        """A request is one request, whatever its parts do."""
        with lookup.pinned():
            flip(lookup, 2, on=OFF)
            with lookup.pinned() as inner:
                assert inner.version == 1
                assert lookup.is_enabled("on") is True
            assert lookup.is_enabled("on") is True
        assert lookup.is_enabled("on") is False

    def test_other_threads_are_not_pinned(self, lookup: Lookup) -> None:
        """Each has a context of its own."""
        seen: list[bool] = []

        with lookup.pinned():
            flip(lookup, 2, on=OFF)
            thread = threading.Thread(target=lambda: seen.append(lookup.is_enabled("on")))
            thread.start()
            thread.join()

            assert lookup.is_enabled("on") is True
        assert seen == [False]

    async def test_tasks_that_start_in_the_block_see_its_snapshot_until_it_ends(
        self, lookup: Lookup
    ) -> None:
        """Also in a thread that the task awaits. One that lives longer follows the flags again."""
        asked = asyncio.Event()
        left = asyncio.Event()

        async def ask() -> tuple[bool, bool, bool]:
            within = lookup.is_enabled("on")
            in_thread = await asyncio.to_thread(lookup.is_enabled, "on")
            asked.set()
            await left.wait()
            return within, in_thread, lookup.is_enabled("on")

        with lookup.pinned():
            flip(lookup, 2, on=OFF)
            task = asyncio.create_task(ask())
            await asked.wait()
        left.set()

        assert await task == (True, True, False)

    async def test_tasks_beside_each_other_have_pins_of_their_own(self, lookup: Lookup) -> None:
        """Each sees the snapshot at which its own block began."""
        began = asyncio.Event()
        flipped = asyncio.Event()

        async def early() -> bool:
            with lookup.pinned():
                began.set()
                await flipped.wait()
                return lookup.is_enabled("on")

        async def late() -> bool:
            await began.wait()
            flip(lookup, 2, on=OFF)
            flipped.set()
            with lookup.pinned():
                return lookup.is_enabled("on")

        assert await asyncio.gather(early(), late()) == [True, False]

    async def test_a_block_may_be_left_in_another_task(self, lookup: Lookup) -> None:
        """A generator that pins may be closed by whoever closes it."""

        async def pinning() -> Any:
            with lookup.pinned():
                yield lookup.is_enabled("on")

        generator = pinning()
        assert await asyncio.create_task(anext(generator)) is True
        flip(lookup, 2, on=OFF)
        await asyncio.create_task(generator.aclose())

        assert lookup.is_enabled("on") is False


class TestOverride:
    """Fixed values, for tests."""

    def test_flags_have_the_values_of_the_block_within_it(self, lookup: Lookup) -> None:
        """Those that exist and those that do not; the others have their own."""
        with lookup.override({"on": False, "new": True, "theme": "blue"}):
            assert lookup.is_enabled("on", default=True) is False
            assert lookup.is_enabled("new") is True
            assert lookup.value("theme", default="light") == "blue"
            assert lookup.evaluate("new") == Evaluation(True, None, Reason.STATIC)
            assert lookup.value("n") == 7

        assert lookup.is_enabled("on") is True
        assert lookup.is_enabled("new") is False
        assert lookup.value("theme") == "dark"

    def test_an_inner_block_hides_the_outer_one(self, lookup: Lookup) -> None:
        """And gives way to it again."""
        with lookup.override({"on": False, "n": 1}):
            with lookup.override({"on": True}):
                assert (lookup.is_enabled("on"), lookup.value("n")) == (True, 1)
            assert lookup.is_enabled("on") is False

    def test_blocks_may_end_in_any_order(self, lookup: Lookup) -> None:
        """Fixtures of different scopes do."""
        first, second = lookup.override({"on": False}), lookup.override({"n": 1})
        first.__enter__()
        second.__enter__()
        first.__exit__()

        assert (lookup.is_enabled("on"), lookup.value("n")) == (True, 1)
        second.__exit__()
        assert lookup.value("n") == 7

    def test_it_needs_no_snapshot_and_holds_through_swaps(self) -> None:
        """Tests need no server, and a server that is there does not disturb them."""
        lookup = Lookup()

        with lookup.override({"on": False}):
            assert lookup.evaluate("on").error is None
            lookup._swap(snapshot_of({"on": ON}, counters=lookup.counters))
            assert lookup.is_enabled("on", default=True) is False

        assert lookup.is_enabled("on") is True

    def test_types_are_checked_as_they_are_of_flags(self, lookup: Lookup) -> None:
        """A test that overrides with the wrong type should see what would happen."""
        with lookup.override({"on": "yes", "limits": {"rate": [3]}}):
            assert lookup.is_enabled("on") is False
            assert lookup.evaluate("on", None, True).error == ErrorCode.TYPE_MISMATCH
            lookup.value("limits")["rate"].append(4)
            assert lookup.value("limits") == {"rate": [3]}

    def test_it_holds_in_all_threads_and_none_is_lost(self, lookup: Lookup) -> None:
        """Blocks that begin at the same moment all have effect."""
        barrier = threading.Barrier(8)
        seen: list[bool] = []

        def work(number: int) -> None:
            for _ in range(50):
                barrier.wait()
                with lookup.override({f"flag-{number}": True}):
                    barrier.wait()
                    seen.append(all(lookup.is_enabled(f"flag-{other}") for other in range(8)))
                    barrier.wait()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert seen == [True] * 400
        assert lookup.is_enabled("flag-0") is False


def test_a_full_stack_gives_the_default() -> None:
    """A recursion of the application's that is about to fail does not fail in a lookup."""
    lookup = lookup_of({"on": ON, "ten": TEN, "theme": THEME})
    outcomes: list[Any] = []

    def dive(depth: int) -> None:
        try:
            dive(depth + 1)
        finally:
            outcomes.append(
                (
                    lookup.is_enabled("ten", "u"),
                    lookup.value("theme", "u", 1),
                    lookup.evaluate("ten", "\ud800"),
                )
            )

    with pytest.raises(RecursionError):
        dive(0)

    assert len(outcomes) > 100
    for enabled, value, evaluation in outcomes:
        assert isinstance(enabled, bool)
        assert value == 1
        assert isinstance(evaluation, Evaluation)


def test_a_lookup_of_ten_megabytes_is_a_lookup() -> None:
    """As key, as context and as attribute."""
    rules = [{"when": {"attribute": "a", "matches": ["^x*$"]}, "serve": "on"}]
    lookup = lookup_of({"f": {"off_variant": "off", "rules": rules, "default": "off"}, "ten": TEN})
    huge = "x" * 10_000_000

    assert lookup.is_enabled(huge, huge) is False
    assert lookup.evaluate("ten", huge).error is None
    assert lookup.is_enabled("f", {"a": huge, huge: huge}) is False
    assert sys.getsizeof(lookup.counters.drain()) < 10_000


def test_signatures_are_the_contract() -> None:
    """Positions and names that programs use."""
    lookup = lookup_of({"on": ON})

    assert lookup.is_enabled(key="on", context="user-1", default=False) is True
    assert lookup.value(key="on", context="user-1", default=False) is True
    assert lookup.evaluate(key="on", context="user-1", default=False).value is True
    assert lookup.all(context="user-1") == {"on": True}


def test_a_lookup_begins_empty() -> None:
    """It can be asked before anything has been loaded."""
    lookup = Lookup()

    assert not lookup.snapshot.loaded
    assert isinstance(lookup.snapshot, Snapshot)
    assert lookup.is_enabled("on", default=True) is True
