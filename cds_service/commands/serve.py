"""``crs-cds serve``: the service under gunicorn."""

from __future__ import annotations

import argparse
import ctypes
import gc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from cds_service.app import create_app, the_writer
from cds_service.commands.arguments import count, port
from cds_service.observability import configure_logging
from cds_service.records.writer import Writer
from cds_service.settings import load_settings, require_servable

MOST_WORKERS = 256
THREADS = 32
"""Hook calls of a worker at once; while the FHIR server is slow they wait, and use no CPU."""
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""As glibc numbers them."""
ARENAS = 2
"""Heaps for all threads together: with hundreds of threads each would keep some in its own."""
LARGE_BLOCK = 256 * 1024
YOUNG_OBJECTS = 50_000
"""Some ten requests' worth; freed by their reference counts long before a collection would."""


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without a configuration file."""

    def __init__(self, create: Callable[[], Flask], options: dict[str, Any]) -> None:
        self.create = create
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return self.create()


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("serve", help="serve the CDS Hooks service to the EHRs of CRS_CDS_CLIENTS")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; default 127.0.0.1")
    parser.add_argument("--port", type=port, default=8000, help="default 8000")
    parser.add_argument("--workers", type=count(MOST_WORKERS), default=1, help="processes; default 1")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    settings = load_settings()
    require_servable(settings, options.host, options.workers)
    configure_logging()
    app = create_app(settings)  # before the workers are forked: a bad table stops the start, once
    settle_memory()
    chosen = gunicorn_options(options.host, options.port, options.workers) | _with_records(the_writer(app))
    Server(lambda: app, chosen).run()
    return 0


def _with_records(writer: Writer) -> dict[str, Any]:
    """Each worker has a writer of its own, from its start to the end of its last call."""
    return {
        "post_worker_init": lambda _worker: writer.start(),
        "worker_exit": lambda _server, _worker: writer.stop(),
    }


def settle_memory() -> None:
    """Tables stay and requests leave no cycles: collections are rare and never look at the tables again."""
    _return_large_blocks()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)


def _return_large_blocks() -> None:
    """Large answers of a FHIR server go back to the system once they are read.

    Left to itself, glibc takes each large block that it frees as a sign to keep the next ones of that size.
    """
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(M_ARENA_MAX, ARENAS)


def gunicorn_options(host: str, port: int, workers: int) -> dict[str, Any]:
    bind = f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"
    return {
        "bind": bind,
        "workers": workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "graceful_timeout": 30,
        "control_socket_disable": True,
    }
