"""Writes that are made for a state, and writes that come twice."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from tests.integration.server.inside import ENVIRONMENT, serving

CHANGES = f"/api/v1/environments/{ENVIRONMENT}/changes"
FLAG = f"/api/v1/environments/{ENVIRONMENT}/flags/checkout"


def ramp(percent: float) -> dict[str, Any]:
    return {"command": "ramp", "key": "checkout", "percent": percent}


async def history(admin: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await admin.get(f"/api/v1/environments/{ENVIRONMENT}/history?limit=1000")
    changes: list[dict[str, Any]] = answer.json()["changes"]
    return changes


async def test_of_fifty_writers_for_one_state_one_wins_and_the_rest_learn_what_there_is() -> None:
    """The losers' answers have the version, the digest and the flag as it is now."""
    async with serving("checkout") as (_, admin):
        etag = (await admin.get(FLAG)).headers["etag"]

        answers = await asyncio.gather(
            *(
                admin.post(CHANGES, json=ramp(percent), headers={"If-Match": etag})
                for percent in range(1, 51)
            )
        )

        now = await admin.get(FLAG)
        lost = [answer.json() for answer in answers if answer.status_code == 412]
        assert [200] + [412] * 49 == sorted(answer.status_code for answer in answers)
        assert {3} == {told["version"] for told in lost}
        assert {now.headers["etag"]} == {f'"{told["digest"]}"' for told in lost}
        assert [now.json()] * 49 == [told["current"] for told in lost]


async def test_of_fifty_writers_for_any_state_no_update_is_lost() -> None:
    """Each makes a version of its own; history has all of them."""
    async with serving("checkout") as (_, admin):
        answers = await asyncio.gather(
            *(admin.post(CHANGES, json=ramp(percent / 10)) for percent in range(1, 51))
        )

        versions = sorted(answer.json()["version"] for answer in answers)
        assert list(range(3, 53)) == versions
        assert 52 == len(await history(admin))


async def test_if_match_star_is_for_a_flag_that_is_there() -> None:
    """Whatever it is like."""
    async with serving("checkout") as (_, admin):
        there = await admin.post(CHANGES, json=ramp(5), headers={"If-Match": "*"})
        not_there = await admin.post(
            CHANGES, json=ramp(5) | {"key": "search"}, headers={"If-Match": "*"}
        )

        assert (200, 404) == (there.status_code, not_there.status_code)


async def test_a_repeat_with_its_key_gets_the_first_answer_and_changes_nothing() -> None:
    """Also when others have changed the flag meanwhile, and when repeats come all at once."""
    async with serving("checkout") as (_, admin):
        key = {"Idempotency-Key": "deploy-1"}
        first = await admin.post(CHANGES, json=ramp(5), headers=key)
        await admin.post(CHANGES, json=ramp(50))
        before = await admin.get(FLAG)

        repeats = await asyncio.gather(
            *(admin.post(CHANGES, json=ramp(5), headers=key) for _ in range(20))
        )

        assert [first.json()] * 20 == [repeat.json() for repeat in repeats]
        assert before.json() == (await admin.get(FLAG)).json()
        assert 4 == len(await history(admin))


async def test_twenty_at_once_with_one_key_are_one_change() -> None:
    """The first that is written answers for all."""
    async with serving("checkout") as (_, admin):
        answers = await asyncio.gather(
            *(
                admin.post(CHANGES, json=ramp(5), headers={"Idempotency-Key": "k"})
                for _ in range(20)
            )
        )

        assert {200} == {answer.status_code for answer in answers}
        assert {3} == {answer.json()["version"] for answer in answers}
        assert 3 == len(await history(admin))


async def test_a_key_belongs_to_its_request_and_its_token() -> None:
    """Another request with it is refused; another token's is another key."""
    async with serving("checkout") as (_, admin):
        asked = {"role": "operator", "environment": ENVIRONMENT}
        token = (await admin.post("/api/v1/tokens", json=asked)).json()["token"]
        key = {"Idempotency-Key": "k"}
        await admin.post(CHANGES, json=ramp(5), headers=key)

        reused = await admin.post(CHANGES, json=ramp(6), headers=key)
        theirs = await admin.post(
            CHANGES, json=ramp(6), headers=key | {"Authorization": f"Bearer {token}"}
        )

        assert (422, "/problems/key-reused") == (reused.status_code, reused.json()["type"])
        assert (200, 4) == (theirs.status_code, theirs.json()["version"])


async def test_a_repeated_apply_is_answered_as_the_first_time() -> None:
    """A pipeline that did not hear the answer may ask again."""
    async with serving("checkout") as (_, admin):
        behaviour = {ENVIRONMENT: {"default": "off"}}
        shown = {"checkout": {"type": "boolean", "environments": behaviour}}
        body = {"file": {"flaghoist": 1, "flags": shown}}
        key = {"Idempotency-Key": "pipeline-7"}

        first, again = [await admin.post("/api/v1/apply", json=body, headers=key) for _ in "12"]
        without = await admin.post("/api/v1/apply", json=body)

        assert first.json() == again.json()
        assert (1, 0) == (len(first.json()["changes"]), len(without.json()["changes"]))


async def test_a_plan_is_refused_once_what_it_was_made_for_has_moved() -> None:
    """An apply is bound by positions; an If-Match on it would promise what it does not keep."""
    async with serving("checkout") as (_, admin):
        behaviour = {ENVIRONMENT: {"default": "off"}}
        shown = {"checkout": {"type": "boolean", "environments": behaviour}}
        body = {"file": {"flaghoist": 1, "flags": shown}}
        planned = (await admin.post("/api/v1/apply", json=body | {"dry_run": True})).json()
        await admin.post(CHANGES, json=ramp(5))

        bound = await admin.post("/api/v1/apply", json=body | {"positions": planned["positions"]})
        matched = await admin.post("/api/v1/apply", json=body, headers={"If-Match": '"x"'})

        assert (412, 400) == (bound.status_code, matched.status_code)
        assert 3 == len(await history(admin))


async def test_a_reader_that_has_a_flag_is_not_sent_it_again() -> None:
    """`If-None-Match` with the digest: 304; after a change the flag is sent."""
    async with serving("checkout") as (_, admin):
        etag = (await admin.get(FLAG)).headers["etag"]

        same = await admin.get(FLAG, headers={"If-None-Match": etag})
        await admin.post(CHANGES, json=ramp(5))
        changed = await admin.get(FLAG, headers={"If-None-Match": etag})

        assert (304, b"", 200) == (same.status_code, same.content, changed.status_code)
