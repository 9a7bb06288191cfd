"""Bodies packed with gzip, in both directions."""

from __future__ import annotations

import gzip
import zlib

from flask import Response, request
from werkzeug.exceptions import HTTPException

from cds_service.errors import BadRequest, TooLarge, UnsupportedMediaType

SMALLEST = 1_024
"""Bytes below which packing costs more than it saves."""
LEVEL = 1
GZIP = ("gzip", "x-gzip")
WINDOW = 16 + zlib.MAX_WBITS
"""With a gzip header, and no other kind."""


def body() -> bytes:
    """The body of the request, unpacked. Raises BadRequest, TooLarge or UnsupportedMediaType."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", *GZIP):
        raise UnsupportedMediaType("send the body plain or with Content-Encoding: gzip")
    most = request.max_content_length or 0
    sent = _sent()
    if len(sent) >= most and request.content_length is None:  # in chunks: werkzeug stops, and says nothing
        raise TooLarge(f"the body has more than {most // 1024} KiB")
    return _unpacked(sent, most) if encoding in GZIP else sent


def _sent() -> bytes:
    try:
        return request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 - each server has its own word for chunks that are none
        raise BadRequest("the body could not be read to its end") from None


def _unpacked(sent: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(WINDOW)
    try:
        found = unpacker.decompress(sent, most + 1)
    except zlib.error:
        raise BadRequest("the body is not what its Content-Encoding says: it cannot be unpacked") from None
    if len(found) > most:
        raise TooLarge(f"the body has more than {most // 1024} KiB when unpacked")
    if not unpacker.eof or unpacker.unused_data:
        raise BadRequest("the packed body is cut off, or something follows it")
    return found


def pack(answer: Response) -> Response:
    """The answer packed, where that is worth it and the caller can read it."""
    if "gzip" not in request.environ.get("HTTP_ACCEPT_ENCODING", "") or not request.accept_encodings["gzip"]:
        return answer
    if answer.is_streamed or answer.direct_passthrough or "Content-Encoding" in answer.headers:
        return answer
    plain = answer.get_data()
    if len(plain) >= SMALLEST:
        answer.set_data(gzip.compress(plain, LEVEL, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
    return answer
