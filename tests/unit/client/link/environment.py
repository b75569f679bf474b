"""A client's state and messages for it, without a socket and without a thread."""

from __future__ import annotations

import msgspec

from flaghoist.link.conversation import Conversation
from flaghoist.link.engine import Engine
from flaghoist.link.holding import Holding
from flaghoist.link.settings import Settings
from flaghoist.model.digest import item_hash, state_hash
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Delta, Full

__all__ = ["OFF", "ON", "conversation", "delta", "document", "full", "hash_of", "holding"]


def document(state: str = "on", default: str = "on") -> bytes:
    text = f'{{"type":"boolean","state":"{state}","default":"{default}","off_variant":"off"}}'
    return text.encode()


ON, OFF = document(), document("off")


def hash_of(flags: dict[str, bytes]) -> str:
    return state_hash([item_hash("flag", key, doc) for key, doc in flags.items()])


def full(version: int, flags: dict[str, bytes], *, epoch: str = "e1", digest: str = "") -> bytes:
    """Everything at a version, with its right hash unless another one is given."""
    digest = digest or hash_of(flags)
    entries = {key: (version, msgspec.Raw(doc)) for key, doc in flags.items()}
    return encode(Full("production", epoch, version, digest, entries))


def delta(base: int, version: int, flags: dict[str, bytes | None], digest: str = "") -> bytes:
    """What changed; without a hash unless one is given."""
    entries = {
        key: None if doc is None else (version, msgspec.Raw(doc)) for key, doc in flags.items()
    }
    return encode(Delta("e1", base, version, digest, entries))


def holding() -> Holding:
    return Holding(Engine(), Settings(urls=("http://h",), token="t"))


def conversation(held: Holding, *said: bytes) -> Conversation:
    """A conversation in which a server has said this."""
    talk = Conversation(held)
    for message in said:
        talk.hear(message)
    return talk
