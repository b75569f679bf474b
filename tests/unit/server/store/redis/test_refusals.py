"""What an error reply means to a store."""

from __future__ import annotations

import hiredis
import pytest

from flaghoist_server.store.port import StoreError, StoreReadOnly, StoreUnavailable
from flaghoist_server.store.redis.refusals import TryElsewhere, refusal
from flaghoist_server.store.redis.target import Address

HERE = Address("db", 6379)


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        ("WRONGPASS invalid username-password pair", StoreError, "password of the store's URL"),
        ("NOAUTH Authentication required.", StoreError, "wants a password"),
        ("DENIED Redis is running in protected mode", StoreError, "requirepass"),
        ("NOPERM User x has no permissions to run 'eval'", StoreError, "ACL SETUSER"),
        ("NOREPLICAS Not enough good replicas to write.", StoreReadOnly, "start them"),
        ("MISCONF Errors writing to the AOF file: No space", StoreReadOnly, "free space"),
        ("OOM command not allowed when used memory", StoreReadOnly, "maxmemory"),
        ("LOADING Redis is loading the dataset in memory", StoreUnavailable, "loading"),
        ("CLUSTERDOWN The cluster is down", StoreUnavailable, "not serve all slots"),
        ("ERR unknown command", StoreError, "db:6379 answered: ERR unknown command"),
    ],
)
def test_a_refusal_says_what_to_do(reply: str, kind: type[StoreError], said: str) -> None:
    """The class tells the server what to answer, the text tells its operator what to do."""
    error = refusal(hiredis.ReplyError(reply), HERE)

    assert kind is type(error)
    assert said in str(error)


@pytest.mark.parametrize(
    "reply", ["READONLY You can't write against a read only replica.", "MOVED 12 a:1"]
)
def test_another_server_may_help(reply: str) -> None:
    """A demoted primary and a moved slot are worth a second attempt."""
    error = refusal(hiredis.ReplyError(reply), HERE)

    assert isinstance(error, TryElsewhere)
    assert error.asking is None


def test_a_slot_on_the_move_names_where_to_ask() -> None:
    """ASK holds for one command and is not remembered."""
    error = refusal(hiredis.ReplyError("ASK 3999 10.0.0.7:6381"), HERE)

    assert isinstance(error, TryElsewhere)
    assert Address("10.0.0.7", 6381) == error.asking


def test_a_replica_that_stays_one_is_read_only() -> None:
    """When trying elsewhere does not help, this is what the writer is told."""
    error = refusal(hiredis.ReplyError("READONLY"), HERE)

    assert isinstance(error, TryElsewhere)
    assert StoreReadOnly is type(error.failure)
