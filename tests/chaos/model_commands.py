"""What may be asked of the model: flips of a few flags, and files that add, refer to and remove them."""

from __future__ import annotations

from hypothesis import strategies as st

from flaghoist.model.flagfile import parse_flag_document
from flaghoist_server.change.commands import Apply, Ramp, SetState, Undo

__all__ = ["ENVIRONMENTS", "FILES", "KEYS", "commands", "environments", "files", "flips"]

ENVIRONMENTS = ("production", "staging")
KEYS = ("a", "b", "c")


def _file(flags: str, *, staff: str, both: bool = True) -> Apply:
    """A file with these flags: a capital one asks for a segment, and requires the first."""
    behaviours = {
        "plain": {"default": {"on": 50, "off": 50}},
        "asking": {
            "requires": [{"flag": "a", "variants": ["on"]}],
            "rules": [{"when": {"segment": "staff"}, "serve": "on"}],
        },
    }
    definitions = {
        name.lower(): {
            "description": f"one of {flags}",
            "environments": {
                environment: behaviours["asking" if name.isupper() else "plain"]
                for environment in ENVIRONMENTS[: 2 if both else 1]
            },
        }
        for name in flags
    }
    segments = {"staff": {"when": {"attribute": "email", "ends_with": [staff]}}}
    document = {"flaghoist": 1, "segments": segments, "flags": definitions}
    return Apply(parse_flag_document(document), prune=not staff)


FILES = [
    _file("abc", staff="@a"),
    _file("aBC", staff="@b"),
    _file("aB", staff="@a", both=False),
    _file("a", staff=""),
    _file("ab", staff="@c"),
]

files = st.sampled_from(FILES)
flips = st.one_of(
    st.builds(SetState, st.sampled_from(KEYS), st.sampled_from(["on", "off", "kill"])),
    st.builds(Ramp, st.sampled_from(KEYS), st.integers(0, 100)),
    st.builds(Undo, st.sampled_from(KEYS)),
)
commands = flips | files
environments = st.sampled_from(ENVIRONMENTS)
