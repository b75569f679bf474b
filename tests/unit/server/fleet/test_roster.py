"""Receipts of one environment, by example and against a model that keeps sets."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flaghoist.protocol.messages import Hello
from flaghoist_server.fleet.member import Member
from flaghoist_server.fleet.receipt import Receipt
from flaghoist_server.fleet.roster import GRACE_SECONDS, Roster

EPOCH = "e1"


def roster() -> Roster:
    return Roster("production", EPOCH, 1)


def join(roster: Roster, instance: str, version: int = 0, now: float = 0) -> Member:
    return roster.join(Hello(instance, epoch=EPOCH if version else "", version=version), now)


def told(receipt: Receipt | None) -> tuple[int, int, int, int]:
    """(connected, applied, pending, gone)."""
    assert receipt is not None
    return receipt.connected, receipt.applied, receipt.pending, receipt.gone


def test_a_receipt_counts_those_who_were_connected() -> None:
    """Who comes later is not waited for, whatever it has."""
    fleet = roster()
    early = join(fleet, "early", 1)
    receipt = fleet.changed(2, 0)
    late = join(fleet, "late", 1)

    fleet.acknowledged(late, EPOCH, 2, 1)
    before = told(receipt)
    fleet.acknowledged(early, EPOCH, 2, 2)

    assert ((1, 0, 1, 0), (1, 1, 0, 0)) == (before, told(receipt))
    assert 2 == receipt.done_at


def test_a_newer_ack_settles_the_older_receipts() -> None:
    """Who jumps over a version has applied what it brought."""
    fleet = roster()
    member = join(fleet, "a", 1)
    first, second = fleet.changed(2, 0), fleet.changed(3, 0)

    fleet.acknowledged(member, EPOCH, 3, 1)

    assert ((1, 1, 0, 0), (1, 1, 0, 0)) == (told(first), told(second))


def test_repeated_old_and_foreign_acks_change_nothing() -> None:
    """Only a step forward in this epoch counts."""
    fleet = roster()
    member = join(fleet, "a", 1)
    receipt = fleet.changed(2, 0)

    for epoch, version in [(EPOCH, 1), ("e0", 2), ("e0", 99)]:
        fleet.acknowledged(member, epoch, version, 1)
    before = told(receipt)
    fleet.acknowledged(member, EPOCH, 2, 1)
    fleet.acknowledged(member, EPOCH, 2, 1)

    assert ((1, 0, 1, 0), (1, 1, 0, 0)) == (before, told(receipt))


def test_who_is_lost_and_comes_back_still_owes() -> None:
    """The process went on evaluating all the while."""
    fleet = roster()
    member = join(fleet, "a", 1)
    receipt = fleet.changed(2, 0)

    fleet.leave(member, 1, farewell=False)
    back = join(fleet, "a", 1, now=2)
    before = told(receipt)
    fleet.acknowledged(back, EPOCH, 2, 3)

    assert ((1, 0, 1, 0), (1, 1, 0, 0)) == (before, told(receipt))


def test_an_ack_that_was_lost_with_the_connection_is_made_up_by_hello() -> None:
    """It had applied the change; only the word did not get through."""
    fleet = roster()
    member = join(fleet, "a", 1)
    receipt = fleet.changed(2, 0)
    fleet.leave(member, 1, farewell=False)

    join(fleet, "a", 2, now=2)

    assert (1, 1, 0, 0) == told(receipt)


def test_who_does_not_come_back_is_given_up() -> None:
    """After the grace it is gone, and nobody claims that it has the change."""
    fleet = roster()
    member = join(fleet, "a", 1)
    receipt = fleet.changed(2, 0)
    fleet.leave(member, 1, farewell=False)

    fleet.expire(1 + GRACE_SECONDS - 0.1)
    before = told(receipt)
    fleet.expire(1 + GRACE_SECONDS)
    join(fleet, "a", 2, now=99)

    assert ((1, 0, 1, 0), (1, 0, 0, 1)) == (before, told(receipt))


def test_who_was_lost_before_a_change_has_no_part_in_its_receipt() -> None:
    """Giving up on it must not complete a receipt that somebody else still owes."""
    fleet = roster()
    lost, there = join(fleet, "lost", 1), join(fleet, "there", 1)
    fleet.leave(lost, 0, farewell=False)
    receipt = fleet.changed(2, 1)

    fleet.expire(GRACE_SECONDS)
    before = told(receipt)
    fleet.acknowledged(there, EPOCH, 2, GRACE_SECONDS + 1)

    assert ((1, 0, 1, 0), (1, 1, 0, 0)) == (before, told(receipt))


def test_a_move_to_another_stream_takes_the_debts_along() -> None:
    """Make before break: the old stream's farewell is not the process's."""
    fleet = roster()
    old = join(fleet, "a", 1)
    receipt = fleet.changed(2, 0)
    new = join(fleet, "a", 1)

    fleet.leave(old, 1, farewell=True)
    before = told(receipt)
    fleet.acknowledged(new, EPOCH, 2, 2)

    assert ((1, 0, 1, 0), (1, 1, 0, 0)) == (before, told(receipt))


def test_a_move_of_one_who_has_it_already_settles_at_once() -> None:
    """The new stream was told before the old one was left."""
    fleet = roster()
    old = join(fleet, "a", 1)
    receipt = fleet.changed(2, 0)
    new = join(fleet, "a", 1)
    fleet.acknowledged(new, EPOCH, 2, 1)

    fleet.leave(old, 2, farewell=True)

    assert (1, 1, 0, 0) == told(receipt)


def test_two_streams_of_one_instance_are_both_waited_for_while_both_live() -> None:
    """Whether it moves or two processes share a name: neither may hide the other."""
    fleet = roster()
    one, two = join(fleet, "a", 1), join(fleet, "a", 1)
    receipt = fleet.changed(2, 0)

    fleet.acknowledged(one, EPOCH, 2, 1)
    before = told(receipt)
    fleet.leave(two, 2, farewell=False)

    assert ((2, 1, 1, 0), (2, 2, 0, 0)) == (before, told(receipt))


def test_another_history_leaves_old_receipts_unfulfilled() -> None:
    """Nobody has applied anything of it yet."""
    fleet = roster()
    member = join(fleet, "a", 1)
    old = fleet.changed(2, 0)

    fleet.restarted("e2", 7, 1)
    fleet.acknowledged(member, "e2", 7, 2)

    assert (1, 0, 1, 0) == told(old)
    assert (1, 1, 0, 0) == told(fleet.receipt(7))
    assert fleet.receipt(2) is None


def test_one_that_is_ahead_of_this_server_counts_as_having_it() -> None:
    """Another replica was first; it will not acknowledge again."""
    fleet = roster()
    join(fleet, "a", 5)

    receipt = fleet.changed(2, 0)

    assert (1, 1, 0, 0) == told(receipt)


def test_a_receipt_may_be_asked_for_later_of_those_connected_then() -> None:
    """A command that changes nothing still tells who has it."""
    fleet = roster()
    fleet.changed(2, 0)
    has, lags = join(fleet, "has", 2), join(fleet, "lags", 1)

    receipt = fleet.ask(2, 1)
    before = told(receipt)
    fleet.acknowledged(lags, EPOCH, 2, 2)

    assert ((2, 1, 1, 0), (2, 2, 0, 0)) == (before, told(receipt))
    assert has.version == 2


def test_lag_is_since_the_first_change_that_is_missing() -> None:
    """Not since the last one, and never longer than it has been connected."""
    fleet = roster()
    member = join(fleet, "a", 1, now=0)
    fleet.changed(2, 10)
    fleet.changed(3, 20)
    late = join(fleet, "b", 1, now=25)

    assert (20, 5) == (fleet.lag(member, 30), fleet.lag(late, 30))
    fleet.acknowledged(member, EPOCH, 2, 30)
    assert 10 == fleet.lag(member, 30)
    fleet.acknowledged(member, EPOCH, 3, 30)
    assert 0 == fleet.lag(member, 30)


def test_old_receipts_are_forgotten_and_cost_nothing() -> None:
    """One SDK that never answers does not keep every receipt open for ever."""
    fleet = roster()
    join(fleet, "stuck", 1)
    quick = join(fleet, "quick", 1)
    for version in range(2, 2000):
        fleet.changed(version, 0)
        fleet.acknowledged(quick, EPOCH, version, 0)

    assert fleet.receipt(2) is None
    assert (2, 1, 1, 0) == told(fleet.receipt(1999))


class Model(RuleBasedStateMachine):
    """The roster beside sets of processes: who owes which version."""

    def __init__(self) -> None:
        super().__init__()
        self.roster = roster()
        self.version = 1
        self.now = 0.0
        self.streams: list[Member] = []
        self.owed: dict[int, list[str]] = {}
        self.connected: dict[int, int] = {}

    @rule(name=st.sampled_from("abc"), behind=st.integers(0, 2))
    def join(self, name: str, behind: int) -> None:
        if any(member.instance == name for member in self.streams):
            return
        version = max(1, self.version - behind)
        self.streams.append(join(self.roster, name, version, self.now))
        self._settle(name, version)

    @rule()
    def change(self) -> None:
        self.version += 1
        self.roster.changed(self.version, self.now)
        self.owed[self.version] = [member.instance for member in self.streams]
        self.connected[self.version] = len(self.streams)

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        if self.streams:
            member = data.draw(st.sampled_from(self.streams))
            version = data.draw(st.integers(1, self.version))
            self.roster.acknowledged(member, EPOCH, version, self.now)
            self._settle(member.instance, version)

    @rule(data=st.data(), farewell=st.booleans())
    def leave(self, data: st.DataObject, farewell: bool) -> None:
        if self.streams:
            member = data.draw(st.sampled_from(self.streams))
            self.streams.remove(member)
            self.roster.leave(member, self.now, farewell=farewell)
            if farewell:
                for version, names in self.owed.items():
                    if member.instance in names:
                        names.remove(member.instance)
                        self.connected[version] -= 1

    @rule()
    def time_passes(self) -> None:
        self.now += GRACE_SECONDS
        self.roster.expire(self.now)
        here = {member.instance for member in self.streams}
        for names in self.owed.values():
            names[:] = [name for name in names if name in here]

    def _settle(self, name: str, version: int) -> None:
        for owed, names in self.owed.items():
            if owed <= version and name in names:
                names.remove(name)

    @invariant()
    def receipts_are_as_the_sets_say(self) -> None:
        for version, names in self.owed.items():
            receipt = self.roster.receipt(version)
            assert receipt is not None
            assert (self.connected[version], len(names)) == (receipt.connected, receipt.pending)

    @invariant()
    def counts_are_of_the_streams(self) -> None:
        versions = [member.version for member in self.streams]
        assert len(versions) == self.roster.connected
        for version in range(1, self.version + 1):
            assert sum(has >= version for has in versions) == self.roster.applied(version)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
