"""Logs as JSON lines. Only the fields named here are ever written: no names, values or tokens."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

FIELDS = (
    "request_id", "service", "hook_instance", "status", "outcome", "assessment", "rules", "missing",
    "failures", "orders", "other_patients", "duration_ms", "error", "where", "queued", "dropped",
    "resource_type", "left_out", "client", "source", "key_number", "host",
)  # fmt: skip
"""What a record may carry beside time, level and event."""

logger = logging.getLogger("crs_cds")


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the allow-listed fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        given = record.__dict__
        entry.update({name: given[name] for name in FIELDS if name in given})
        return msgspec.json.encode(entry, enc_hook=str).decode()


def configure_logging(level: int = logging.INFO) -> None:
    """Send the service's log to stderr as JSON lines."""
    # Nothing here writes them, and looking them up costs more than the rest of the line (logging HOWTO).
    logging._srcfile = None
    logging.logThreads = logging.logMultiprocessing = False
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logger.handlers[:] = [handler]
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # at debug it writes addresses with patient ids
    logger.propagate = False
    logger.setLevel(level)


def where(error: BaseException) -> str:
    """File and line at which an unexpected error arose: enough to find it, without its message."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
