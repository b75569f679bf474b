"""One stream, from handshake to close, with real frames and no socket."""

from __future__ import annotations

import asyncio
import json
from operator import itemgetter

import pytest
from tests.unit.server.hub.conftest import ENVIRONMENT, Place, Sdk, Wire
from websockets.frames import Frame, Opcode

from flaghoist.protocol.codec import encode_ack
from flaghoist_server.hub.stream import StreamProtocol


async def test_an_sdk_without_flags_gets_all_of_them(place: Place) -> None:
    """Hello without a position is answered with everything."""
    sdk = Sdk(place.hub)
    response = sdk.connect()

    first = sdk.hello()

    assert response.status_code == 101
    assert ("full", ENVIRONMENT, *place.position) == (
        first["type"],
        first["environment"],
        first["epoch"],
        first["version"],
    )


async def test_an_sdk_that_is_up_to_date_is_told_so(place: Place) -> None:
    """What it has is not sent again."""
    sdk = Sdk(place.hub)
    sdk.connect()

    assert sdk.hello(*place.position)["type"] == "current"


async def test_an_sdk_that_is_behind_gets_what_has_changed(place: Place) -> None:
    """Two changes that it has not are one delta."""
    epoch, version = place.position
    await place.flip(1)
    await place.flip(2)
    sdk = Sdk(place.hub)
    sdk.connect()

    first = sdk.hello(epoch, version)

    assert ("delta", version, version + 2) == (first["type"], first["from"], first["version"])


async def test_an_sdk_with_other_flags_at_the_same_position_gets_all(place: Place) -> None:
    """The state hash finds a divergence, which is repaired and counted."""
    sdk = Sdk(place.hub)
    sdk.connect()

    first = sdk.hello(*place.position, hash="0" * 16)

    assert first["type"] == "full"
    assert place.hub.stats.diverged == 1


async def test_a_change_is_pushed_and_its_ack_is_the_receipt(place: Place) -> None:
    """The receipt is complete with the acknowledgement and not before."""
    sdk = place.sdk()
    version = await place.flip(25)
    receipt = place.roster.receipt(version)

    (delta,) = sdk.heard()
    before = receipt.applied
    sdk.acknowledge(delta["epoch"], delta["version"])

    assert (0, 1, 1) == (before, receipt.applied, receipt.connected)


async def test_an_ack_in_any_spelling_and_any_pieces_counts(place: Place) -> None:
    """What is not plain goes through the library and comes to the same."""
    sdk = place.sdk()
    version = await place.flip(25)
    sdk.heard()
    ack = b' {"version": %d, "type": "ack", "epoch": "%s"} ' % (version, place.position[0].encode())
    frame = Frame(Opcode.TEXT, ack[:10], False).serialize(mask=True)
    frame += Frame(Opcode.PING, b"between").serialize(mask=True)
    frame += Frame(Opcode.CONT, ack[10:]).serialize(mask=True)

    for byte in frame:
        sdk.stream.data_received(bytes([byte]))

    assert place.roster.applied(version) == 1


async def test_acks_that_come_together_all_count(place: Place) -> None:
    """Two frames in one segment are two frames."""
    sdk = place.sdk()
    epoch, first = place.position
    second = await place.flip(25)
    frames = [
        Frame(Opcode.TEXT, encode_ack(epoch, v)).serialize(mask=True) for v in (first, second)
    ]

    sdk.stream.data_received(b"".join(frames))

    assert place.roster.applied(second) == 1


async def test_who_does_not_read_gets_one_frame_when_it_reads_again(place: Place) -> None:
    """However much has happened meanwhile: no queue, the newest position."""
    sdk = place.sdk()
    sdk.stream.pause_writing()
    for percent in (1, 2, 3):
        await place.flip(percent)
    while_blocked = sdk.heard()

    sdk.stream.resume_writing()

    assert [] == while_blocked
    (delta,) = sdk.heard()
    assert place.position == (delta["epoch"], delta["version"])


async def test_a_resync_is_answered_with_everything(place: Place) -> None:
    """The SDK could not use what came."""
    sdk = place.sdk()
    sdk.heard()

    sdk.say(type="resync", reason="a gap")

    assert ["full"] == [message["type"] for message in sdk.heard()]


async def test_resyncs_without_end_are_ended(place: Place) -> None:
    """Everything, again and again, is not what one connection may cost."""
    sdk = place.sdk()
    for _ in range(21):
        if sdk.close_code is None:
            sdk.say(type="resync")

    assert sdk.close_code == 1008


async def test_reports_are_counted_by_flag_and_variant(place: Place) -> None:
    """Counts of flags that do not exist are in the total alone."""
    sdk = place.sdk()
    counts = {"checkout": {"on": 10, "off": 5}, "no-such-flag": {"on": 7}}

    sdk.say(type="report", sequence=1, counts=counts, rejected={"checkout": "too new"})
    place.fleet.groups[ENVIRONMENT].counts.turn()

    assert place.fleet.groups[ENVIRONMENT].counts.total == 22
    assert {"checkout": {"on": 2.0, "off": 1.0}} == place.fleet.part(ENVIRONMENT).rates
    (instance,) = place.fleet.part(ENVIRONMENT, instances=True).instances
    assert {"checkout": "too new"} == instance.rejected


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "ack", "epoch": "e", "version": 1}, 1008),
        ({"type": "report", "sequence": 1}, 1008),
        ({"type": "hello"}, 1008),
        ({"type": "hello", "instance": "x" * 1000}, 1008),
        ("not an object", 1008),
    ],
    ids=["ack", "report", "no instance", "a long name", "no message"],
)
async def test_whoever_does_not_begin_with_hello_is_closed(
    place: Place, message: object, code: int
) -> None:
    """The protocol is kept, or the stream ends."""
    sdk = Sdk(place.hub)
    sdk.connect()

    sdk.conn.send_text(json.dumps(message).encode())
    sdk.flush()

    assert code == sdk.close_code


async def test_a_message_that_is_too_long_is_not_even_read(place: Place) -> None:
    """Its length alone closes the stream."""
    sdk = place.sdk()

    sdk.stream.data_received(b"\x81\xff" + (65_537).to_bytes(8, "big") + b"mask")

    assert sdk.close_code == 1009


async def test_fragments_are_bounded_together(place: Place) -> None:
    """Small pieces do not add up to more than one message may have."""
    sdk = place.sdk()
    frames = [Frame(Opcode.TEXT, b"x" * 40_000, False), Frame(Opcode.CONT, b"x" * 40_000, False)]

    for frame in frames:
        sdk.stream.data_received(frame.serialize(mask=True))

    assert sdk.close_code == 1009


async def test_binary_messages_are_refused(place: Place) -> None:
    """There are none in this protocol."""
    sdk = place.sdk()

    sdk.conn.send_binary(b"x")
    sdk.flush()

    assert sdk.close_code == 1003


async def test_an_unmasked_frame_is_a_protocol_error(place: Place) -> None:
    """RFC 6455 §5.1: a server must close on one."""
    sdk = place.sdk()

    sdk.stream.data_received(Frame(Opcode.TEXT, b"{}").serialize(mask=False))

    assert sdk.close_code == 1002


async def test_a_farewell_takes_the_sdk_out_of_the_fleet_and_of_receipts(place: Place) -> None:
    """A process that ends in order is not waited for."""
    stays, ends = place.sdk("stays"), place.sdk("ends")
    version = await place.flip(25)
    (delta,) = stays.heard()
    stays.acknowledge(delta["epoch"], delta["version"])

    ends.conn.send_close(1000)
    ends.flush()

    receipt = place.roster.receipt(version)
    assert (1, 1, 0) == (receipt.connected, receipt.applied, receipt.pending)
    assert ends.wire.closed


async def test_a_lost_connection_is_still_waited_for(place: Place) -> None:
    """The process may go on evaluating what it has."""
    sdk = place.sdk()
    version = await place.flip(25)

    sdk.lose()

    receipt = place.roster.receipt(version)
    assert (1, 0, 1) == (receipt.connected, receipt.applied, receipt.pending)
    assert place.roster.connected == 0


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("good", {"Origin": "https://evil.test"}, 403),
        ("good", {"X_Long": "x" * 9000}, 431),
    ],
    ids=["a browser", "too much"],
)
async def test_a_handshake_is_refused_before_101(
    place: Place, token: str, headers: dict[str, str], status: int
) -> None:
    """With an HTTP status, and the connection is closed."""
    sdk = Sdk(place.hub)

    response = sdk.connect(token, **headers)

    assert status == response.status_code
    assert sdk.wire.closed
    assert place.hub.connected == 0


@pytest.mark.parametrize("token", ["bad", ""], ids=["a bad token", "no token"])
async def test_a_stranger_is_refused_before_101(place: Place, token: str) -> None:
    """Nobody has such a token."""
    sdk = Sdk(place.hub)

    response = await sdk.connect_as_stranger(token)

    assert (401, "Bearer") == (response.status_code, response.headers["WWW-Authenticate"])
    assert "application/problem+json" == response.headers["Content-Type"]
    assert (401, "no valid token") == itemgetter("status", "detail")(json.loads(response.body))
    assert sdk.wire.closed
    assert place.hub.connected == 0


async def test_a_token_that_another_replica_has_just_made_lets_in(place: Place) -> None:
    """It is looked for before it is refused."""
    place.doorkeeper.elsewhere = {"new"}

    response = await Sdk(place.hub).connect_as_stranger("new")

    assert 101 == response.status_code
    assert place.hub.connected == 1


async def test_nobody_is_listened_to_while_a_token_is_looked_for(place: Place) -> None:
    """What is sent before 101 would be taken for more of the handshake."""
    place.doorkeeper.elsewhere = {"new"}
    sdk = Sdk(place.hub)

    sdk.ask("new")
    before = sdk.wire.reading
    for _ in range(10):
        await asyncio.sleep(0)

    assert (False, True) == (before, sdk.wire.reading)


@pytest.mark.parametrize("wrong", [{"Sec_WebSocket_Version": "12"}, {"Sec_WebSocket_Key": "x"}])
async def test_what_is_no_handshake_is_told_so(place: Place, wrong: dict[str, str]) -> None:
    """As a problem, like everywhere."""
    response = Sdk(place.hub).connect(**wrong)

    told = json.loads(response.body)
    assert (400, "/problems/malformed") == (response.status_code, told["type"])


async def test_a_stranger_that_does_not_wait_is_forgotten(place: Place) -> None:
    """It closed the socket while its token was looked for."""
    sdk = Sdk(place.hub)
    sdk.ask("bad")
    sdk.stream.connection_lost(None)
    sdk.wire.close()
    for _ in range(10):
        await asyncio.sleep(0)

    assert b"" == sdk.wire.out


async def test_what_is_no_handshake_gets_400(place: Place) -> None:
    """Garbage on our path is answered, not waited for."""
    wire = Wire()
    stream = wire.protocol = StreamProtocol(place.hub)
    stream.connection_made(wire)  # type: ignore[arg-type]

    stream.data_received(b"GET /sdk/v1/stream HTTP/1.1\r\nno colon\r\n\r\n")

    assert wire.out.startswith(b"HTTP/1.1 400 ")
    assert wire.closed
