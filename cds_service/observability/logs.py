"""Logs as JSON lines on stderr. Only the fields named here are ever written: no names, values or tokens."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import msgspec
import structlog

FIELDS = frozenset(
    {
        "request_id", "trace_id", "service", "hook_instance", "client", "shadow", "status", "outcome",
        "assessment", "rules", "missing", "failures", "orders", "other_patients", "duration_ms", "error",
        "where", "queued", "dropped", "resource_type", "left_out", "source", "text", "key_number", "host",
        "bind", "workers", "guideline", "sha256", "codebook_sha256", "version",
    }
)  # fmt: skip
"""What a line may carry beside time, level and event."""
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

call_context: ContextVar[Mapping[str, str]] = ContextVar("call_context", default={})  # noqa: B039 - never changed
"""What every line says that is written while a call is answered: its request id, and its trace."""

GUNICORN = "gunicorn.error"
SIGNALS = frozenset(
    name for found in signal.Signals for name in (found.name, found.name.removeprefix("SIG").lower())
)

_encode = msgspec.json.Encoder(enc_hook=str).encode
logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Stderr:
    """The stream of the moment: a test, or a supervisor, may put another in its place.

    A line that it does not take (a full disk, a collector that is gone) costs no answer; it is counted, and
    said with the next one that is taken.
    """

    lost = 0

    def msg(self, line: bytes) -> None:
        stream, lost = sys.stderr.buffer, _Stderr.lost
        try:
            if lost:
                stream.write(render(None, "error", {"event": "log-lines-lost", "dropped": lost}))
            stream.write(line)
            stream.flush()
        except OSError:
            _Stderr.lost += 1
        else:
            _Stderr.lost -= lost

    debug = info = warning = error = critical = msg


def render(_: object, level: str, given: MutableMapping[str, Any]) -> bytes:
    """One line: time, level, event, and the allow-listed fields."""
    line: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": given["event"],
        **call_context.get(),
    }
    for name, value in given.items():
        if name in FIELDS:
            line[name] = value
    return _encode(line) + b"\n"


def set_level(level: str) -> None:
    """From which level on lines are written."""
    structlog.configure(
        processors=[render],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _Stderr(),
    )


set_level("warning")  # until a server says otherwise: the commands write what they have to say themselves


def configure_logging(level: str = "info") -> None:
    """The log of a server: ours from ``level`` on, that of libraries from warnings on, all as JSON lines."""
    set_level(level)
    root = logging.getLogger()
    root.handlers[:] = [Foreign()]
    root.setLevel(logging.WARNING)  # below it some write addresses with patient ids
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_a_thread


class Foreign(logging.Handler):
    """Lines of libraries: where they come from and which error it was, never what they were about.

    Texts are written of gunicorn alone, and without values: its errors quote headers and addresses.
    """

    def emit(self, record: logging.LogRecord) -> None:
        found: dict[str, Any] = {"source": record.name}
        if record.name == GUNICORN:
            found["text"] = _without_values(record)
        else:
            found["where"] = f"{record.filename}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            found |= {"error": type(record.exc_info[1]).__name__, "where": where(record.exc_info[1])}
        logger.log(record.levelno, "library", **found)


def _without_values(record: logging.LogRecord) -> str:
    """The text with numbers and names of signals set in, and nothing else."""
    text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    if not record.args:
        return _up_to_a_value(text)
    given = record.args if isinstance(record.args, tuple) else ()
    try:
        return text % tuple(value if isinstance(value, int) or value in SIGNALS else "…" for value in given)
    except (TypeError, ValueError):
        return _up_to_a_value(text)


def _up_to_a_value(text: str) -> str:
    """What comes before anything but letters: such a text may have been put together with values."""
    end = next(
        (n for n, c in enumerate(text) if not (c.isascii() and (c.isalpha() or c in " -'"))), len(text)
    )
    return text[:end].rstrip()


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logger.error("uncaught", error=kind.__name__, where=where(error))


def _uncaught_in_a_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None:
        logger.error("uncaught", error=given.exc_type.__name__, where=where(given.exc_value))


def where(error: BaseException) -> str:
    """File and line at which an unexpected error arose: enough to find it, without its message."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
