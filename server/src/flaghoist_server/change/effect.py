"""What keeps a flag's default from mattering, in words, for whoever has just changed it."""

from __future__ import annotations

from collections.abc import Iterator

from flaghoist.errors import FlagError
from flaghoist.model.flag import Flag
from flaghoist_server.change.draft import flag_of
from flaghoist_server.change.state import State

__all__ = ["effect_notes"]


def effect_notes(state: State, key: str, flag: Flag) -> list[str]:
    """Why `flag` as it is now serves less than its default says; empty if nothing is in the way."""
    return list(_notes(state, key, flag))


def _notes(state: State, key: str, flag: Flag) -> Iterator[str]:
    if flag.state == "off":
        yield f"without effect while the flag is off: `flaghoist on {key}` switches it on"
    for requirement in flag.requires:
        if not _may_be_met(state, requirement.flag, requirement.variants):
            yield f"without effect while {requirement.flag!r}, which it requires, is off"
    for number, rule in enumerate(flag.rules, start=1):
        if rule.when is None:
            yield f"without effect: rule {rule.name or number!r} matches everyone before it"
            return


def _may_be_met(state: State, key: str, variants: list[str]) -> bool:
    """Whether a required flag can give one of these variants; a flag that is off gives one."""
    stored = state.flags.get(key)
    if stored is None:
        return False
    try:
        required = flag_of(key, stored.document)
    except FlagError:
        return True
    return required.state == "on" or required.off_variant in variants
