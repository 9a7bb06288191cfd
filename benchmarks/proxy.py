"""A TCP proxy that spoils what comes back from a server: late, in drops, cut off, reset, or never."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

Relay = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CHUNK = 65_536


async def faithful(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK):
        sink.write(chunk)
        await sink.drain()


def late(seconds: float) -> Relay:
    """Everything comes this much later."""

    async def relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(CHUNK):
            await asyncio.sleep(seconds)
            sink.write(chunk)
            await sink.drain()

    return relay


def in_drops(gap: float) -> Relay:
    """One byte after the other."""

    async def relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while byte := await source.read(1):
            sink.write(byte)
            await asyncio.sleep(gap)

    return relay


def cut_after(size: int) -> Relay:
    """The connection ends after so many bytes, as if the server had said all."""

    async def relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        left = size
        while left > 0 and (chunk := await source.read(left)):
            sink.write(chunk)
            left -= len(chunk)
        await sink.drain()

    return relay


def reset_after(size: int) -> Relay:
    """The connection is reset after so many bytes."""

    async def relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        await cut_after(size)(source, sink)
        sock: socket.socket = sink.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sink.transport.abort()

    return relay


async def never(source: asyncio.StreamReader, _sink: asyncio.StreamWriter) -> None:
    """A black hole: what is sent is taken, and nothing ever comes back."""
    while await source.read(CHUNK):
        pass
    await asyncio.Event().wait()


async def serve(port: int, target: int, relay: Relay) -> None:
    """Forwards connections on ``port`` to ``target``, until cancelled."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server, from_server = None, None
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", target)
            tasks = {
                asyncio.create_task(faithful(reader, to_server)),
                asyncio.create_task(_relayed(relay, from_server, writer)),
            }
            _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass  # one of the two went away
        finally:
            for end in (writer, to_server):
                if end is not None:
                    end.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


async def _relayed(relay: Relay, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    await relay(source, sink)
