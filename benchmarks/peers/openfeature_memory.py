"""OpenFeature's SDK with its in-memory provider: the rules are a Python function of ours."""

from __future__ import annotations

import zlib

from benchmarks.peers.scenario import CASES, USER, Sdk, User
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

VARIANTS = {"on": True, "off": False}
Found = FlagResolutionDetails[bool]


def _ten(_flag: InMemoryFlag[bool], context: EvaluationContext) -> Found:
    bucket = zlib.crc32(str(context.targeting_key).encode()) % 100_000
    return FlagResolutionDetails(bucket < 10_000, variant="on" if bucket < 10_000 else "off")


def _rules(flag: InMemoryFlag[bool], context: EvaluationContext) -> Found:
    attributes = context.attributes
    if (
        attributes["country"] in ("NL", "BE")
        or tuple(map(int, str(attributes["version"]).split("."))) >= (4, 2, 0)
        or str(attributes["email"]).endswith("@example.com")
    ):
        return FlagResolutionDetails(True, variant="on")
    return _ten(flag, context)


def _context(user: User) -> EvaluationContext:
    return EvaluationContext(user.key, dict(user.attributes))


def load() -> Sdk:
    """A client of the provider."""
    api.set_provider(
        InMemoryProvider(
            {
                "on": InMemoryFlag("on", VARIANTS),
                "ten": InMemoryFlag("off", VARIANTS, context_evaluator=_ten),
                "rules": InMemoryFlag("off", VARIANTS, context_evaluator=_rules),
            }
        )
    )
    client = api.get_client()

    def ask(case: str, user: User) -> object:
        return client.get_boolean_value(case, False, _context(user))

    return Sdk(
        calls={case: f"client.get_boolean_value({case!r}, False, user)" for case in CASES},
        names={"client": client, "user": _context(USER)},
        ask=ask,
        close=api.shutdown,
    )
