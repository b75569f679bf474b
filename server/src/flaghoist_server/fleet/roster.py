"""The fleet of one environment on this server: who is connected, and what they have applied.

Rules: pure; the caller passes the time and calls `expire` now and then. Nothing here is per flag.

Theory. Each change opens a receipt. A member *owes* a receipt if it was connected when that was
opened and has not applied its version yet. Four things settle a debt:

    it acknowledges that version or a newer one                      confirmed
    it says farewell                                                 dismissed: not connected
    another stream of the same instance takes its place              that one owes it now
    it is lost without a word, and does not come back in `GRACE`     given up: gone

An SDK that moves to another stream (go-away, a cut network) is the same process all along and
evaluates all along, so its debts move with it: otherwise a receipt could come before it has the
change. Versions only rise within an epoch, and receipts are kept in order of version, so an ack
of version n after version m touches the receipts in (m, n] and no other.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, deque

from flaghoist.protocol.messages import Hello
from flaghoist_server.fleet.member import Member
from flaghoist_server.fleet.receipt import Receipt

__all__ = ["GRACE_SECONDS", "Roster"]

GRACE_SECONDS = 5.0
"""An SDK that was cut off is back within its first or second attempt, if at all."""

_KEPT = 512
"""Receipts and moments that are remembered; a wait is for one of the newest."""


class Roster:
    """`members` of one environment, at `epoch`; `version` is the newest that was pushed."""

    def __init__(self, environment: str, epoch: str, version: int) -> None:
        self.environment = environment
        self.epoch = epoch
        self.version = version
        self.members: dict[Member, None] = {}
        self.versions: Counter[int] = Counter()
        self._instances: dict[str, tuple[Member, ...]] = {}
        self._lost: dict[str, tuple[Member, float]] = {}
        self._receipts: dict[int, Receipt] = {}
        self._open: list[Receipt] = []
        self._moments: deque[tuple[int, float]] = deque(maxlen=_KEPT)
        self._number = 0

    @property
    def connected(self) -> int:
        return len(self.members)

    def applied(self, version: int) -> int:
        """How many of the connected have applied `version` or a newer one."""
        return sum(count for has, count in self.versions.items() if has >= version)

    def receipt(self, version: int) -> Receipt | None:
        """The receipt of the change that made `version`, if it is (still) known."""
        return self._receipts.get(version)

    def changed(self, version: int, now: float) -> Receipt:
        """The environment has moved to `version`; to be called before anybody is told."""
        self.version = version
        self._moments.append((version, now))
        receipt = self._receipts[version] = self.ask(version, now)
        if len(self._receipts) > _KEPT:
            self._forget(next(iter(self._receipts)))
        return receipt

    def ask(self, version: int, now: float) -> Receipt:
        """A receipt of those that are connected now, whenever the change was made."""
        connected, has = len(self.members), self.applied(version)
        receipt = Receipt(version, self._next(), now, connected=connected, has=has)
        if receipt.pending:
            insort(self._open, receipt, key=lambda other: other.version)
        return receipt

    def restarted(self, epoch: str, version: int, now: float) -> None:
        """Another history: nobody has applied anything of it, and old receipts stay unfulfilled."""
        self.epoch = epoch
        self._receipts.clear()
        self._open.clear()
        self._moments.clear()
        self._lost.clear()
        for member in self.members:
            member.version = Member.NOTHING
            member.stints = ()
        self.versions = Counter({Member.NOTHING: len(self.members)})
        self.changed(version, now)

    def join(self, hello: Hello, now: float) -> Member:
        """A stream has said hello. Its member stands for it in every other call."""
        member = Member(hello, self._next(), now)
        self.members[member] = None
        self.versions[Member.NOTHING] += 1
        self._instances[hello.instance] = (*self._instances.get(hello.instance, ()), member)
        if (lost := self._lost.pop(hello.instance, None)) is not None:
            member.stints = lost[0].stints
            member.version = self._recount(Member.NOTHING, lost[0].version)
        self.acknowledged(member, hello.epoch, hello.version, now)
        return member

    def acknowledged(self, member: Member, epoch: str, version: int, now: float) -> None:
        """The SDK has applied this position. Old news, and other epochs, change nothing.

        It may be newer than this server's own: another replica was first.
        """
        before = member.version
        if version <= before or epoch != self.epoch:
            return
        member.version = self._recount(before, version)
        self._settle(member, before, version, now)

    def leave(self, member: Member, now: float, *, farewell: bool) -> None:
        """The stream has ended, with a word (`farewell`) or without."""
        del self.members[member]
        self.versions[member.version] -= 1
        if not self.versions[member.version]:
            del self.versions[member.version]
        heirs = tuple(m for m in self._instances[member.instance] if m is not member)
        if heirs:
            self._instances[member.instance] = heirs
        else:
            del self._instances[member.instance]
        member.left(self._next())
        if heirs:
            self._hand_over(member, heirs[-1], now)
        elif farewell:
            for receipt in self._owed(member):
                receipt.dismiss(now)
        else:
            self._give_up(member.instance, now)
            self._lost[member.instance] = (member, now + GRACE_SECONDS)

    def expire(self, now: float) -> None:
        """Give up on those that were lost and did not come back in time."""
        for name in [name for name, (_, until) in self._lost.items() if until <= now]:
            self._give_up(name, now)
        self._open = [receipt for receipt in self._open if receipt.pending]

    def lag(self, member: Member, now: float) -> float:
        """For how many seconds there has been something that it has not applied."""
        if member.version >= self.version:
            return 0.0
        at = bisect_right(self._moments, member.version, key=lambda moment: moment[0])
        since = self._moments[at][1] if at < len(self._moments) else member.connected_at
        return max(0.0, now - max(since, member.connected_at))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _recount(self, before: int, after: int) -> int:
        self.versions[before] -= 1
        if not self.versions[before]:
            del self.versions[before]
        self.versions[after] += 1
        return after

    def _settle(self, member: Member, before: int, after: int, now: float) -> None:
        """Confirm what `member` owed between two versions, newest first: few are newer."""
        finished = False
        for receipt in reversed(self._open):
            if receipt.version <= before:
                break
            if receipt.version <= after and receipt.pending and member.was_there(receipt):
                receipt.confirm(now)
                finished = finished or not receipt.pending
        if finished:
            self._open = [receipt for receipt in self._open if receipt.pending]

    def _give_up(self, instance: str, now: float) -> None:
        if (lost := self._lost.pop(instance, None)) is not None:
            for receipt in self._owed(lost[0]):
                receipt.give_up(now)

    def _owed(self, member: Member) -> list[Receipt]:
        return [
            receipt
            for receipt in self._open
            if receipt.version > member.version and receipt.pending and member.was_there(receipt)
        ]

    def _hand_over(self, member: Member, heir: Member, now: float) -> None:
        """What `member` owes, `heir` owes now; what `heir` has applied already is confirmed."""
        for receipt in self._owed(member):
            if receipt.version <= heir.version:
                receipt.confirm(now)
            elif heir.was_there(receipt):
                receipt.dismiss(now)  # both streams of one process were counted; one is enough
        heir.stints = (*heir.stints, *member.stints)[-8:]

    def _forget(self, version: int) -> None:
        del self._receipts[version]
        self._open = [receipt for receipt in self._open if receipt.version > version]
