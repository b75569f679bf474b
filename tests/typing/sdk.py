"""What a type checker knows of the SDK. mypy reads it with the sources; nobody runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

from flaghoist import Client, Context, ErrorCode, Evaluation, Reason, Status, flags

assert_type(flags.is_enabled("new-checkout"), bool)
assert_type(flags.is_enabled("new-checkout", "user-42"), bool)
assert_type(flags.is_enabled("new-checkout", {"targeting_key": "user-42"}, True), bool)
assert_type(flags.is_enabled("new-checkout", Context("user-42", plan="pro"), default=False), bool)

assert_type(flags.value("theme", default="light"), str)
assert_type(flags.value("limit", "user-42", default=3), int)
assert_type(flags.value("limits", None, {"cpu": 1}), dict[str, int])
assert_type(flags.value("theme", "user-42"), Any)
assert_type(flags.all("user-42"), dict[str, Any])

evaluation = flags.evaluate("theme", "user-42", default="light")
assert_type(evaluation, Evaluation)
assert_type(evaluation.reason, Reason)
assert_type(evaluation.error, ErrorCode | None)

assert_type(flags.wait_until_ready(timeout=5.0), bool)
assert_type(flags.status, Status)
assert_type(flags.status.age_seconds, float | None)
assert_type(flags.on_change(print), Callable[[], None])

with Client(url="https://flags.example.com", token="t", app="shop") as client:
    assert_type(client, Client)
    assert_type(client.value("theme", default="light"), str)
with Client.from_file("flags.yaml", environment="production") as local:
    assert_type(local, Client)


async def begin() -> None:
    assert_type(await flags.ready(timeout=5.0), bool)


flags.is_enabled(42)  # type: ignore[call-overload]  # a flag key is text
flags.is_enabled("new-checkout", default="yes")  # type: ignore[call-overload]  # and its default a bool
flags.configure(uri="https://flags.example.com")  # type: ignore[call-arg]  # no such option
