"""Whatever bytes come on a stream: it goes on or is closed with a code, and nothing is raised.

`FLAGHOIST_SEED=n` repeats a run's choices, `FLAGHOIST_FUZZ_STREAMS` makes it longer.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter

from tests.unit.server.hub.conftest import Place, Sdk
from websockets.frames import Frame, Opcode

from flaghoist.protocol.codec import encode_ack

STREAMS = int(os.environ.get("FLAGHOIST_FUZZ_STREAMS", "800"))

OURS = {1002, 1003, 1006, 1008, 1009}
THEIRS = {1000, 1005, 1007}
"""What a close frame of theirs is answered with."""

MESSAGES = [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"type":"zzz"}', b"[" * 5000, b"x" * 70_000,
    b'{"type":"resync","reason":"r"}', b'{"type":"hello","instance":"again"}',
    b'{"type":"report","sequence":1,"counts":{"checkout":{"on":-5,"":99999999999999999999}}}',
    b'{"type":"report","counts":{"\\ud800":{"on":1}},"rejected":{"\\u0000":"x"}}',
    b'{"type":"ack","epoch":"' + b"e" * 200 + b'","version":-1}',
    b'{"type":"ack","epoch":"e","version":1e400}',
]  # fmt: skip


class Chance(random.Random):
    """Frames that are right, nearly right, and not at all."""

    def frame(self, position: tuple[str, int]) -> bytes:
        text = self.choice([*MESSAGES, encode_ack(*position), encode_ack(position[0], 10**18)])
        if self.random() < 0.2:
            text = self.cut(json.dumps({"type": "report", "counts": {"f": {"on": 1}}}).encode())
        opcode = self.choice([Opcode.TEXT] * 6 + list(Opcode))
        if opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE):
            text = text[:125]
        data = bytearray(Frame(opcode, text).serialize(mask=self.random() < 0.95))
        if self.random() < 0.1:
            data[0] ^= 0x80  # it is not the last part of its message, after all
        if self.random() < 0.2:
            data[self.randrange(len(data))] ^= 1 << self.randrange(8)
        return self.cut(bytes(data)) if self.random() < 0.1 else bytes(data)

    def cut(self, data: bytes) -> bytes:
        return data[: self.randrange(len(data) + 1)]

    def pieces(self, data: bytes) -> list[bytes]:
        """As segments may arrive: whole, or torn anywhere."""
        places = sorted(self.randrange(len(data) + 1) for _ in range(self.choice([0, 0, 1, 5])))
        return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if b > a]


async def test_whatever_comes_the_stream_goes_on_or_is_closed_with_a_code(place: Place) -> None:
    """And the room and the fleet are as empty afterwards as they were before."""
    chance = Chance(int(os.environ.get("FLAGHOIST_SEED", "20261126")))
    codes: Counter[int] = Counter()
    for number in range(STREAMS):
        sdk = Sdk(place.hub, f"i-{number}")
        sdk.connect()
        if chance.random() < 0.9:
            sdk.say(type="hello", instance=sdk.instance)
        data = b"".join(chance.frame(place.position) for _ in range(chance.randrange(1, 8)))
        for piece in chance.pieces(data):
            if not sdk.wire.closed:
                sdk.stream.data_received(piece)
        codes[sdk.stream.close_code] += 1
        sdk.wire.close()

    print(f"\n{STREAMS} streams: {dict(codes)}")
    assert 0 == place.hub.connected
    assert OURS <= codes.keys() <= OURS | THEIRS
