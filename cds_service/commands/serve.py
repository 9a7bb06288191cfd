"""``crs-cds serve``: the service under gunicorn."""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from cds_service.app import create_app
from cds_service.commands.arguments import count, port
from cds_service.commands.worker import Worker
from cds_service.errors import ConfigurationError
from cds_service.observability import configure_logging, logger, where
from cds_service.observability.metrics import MEMORY, Metrics, forget_worker, shared_folder
from cds_service.observability.tracing import tracing
from cds_service.settings import Settings, load_settings, require_servable
from cds_service.web import operation

MOST_WORKERS = 256
THREADS = 32
"""Hook calls of a worker at once; while the FHIR server is slow they wait, and use no CPU."""
GRACE_S = 30
"""For calls that are being answered when the service stops or reloads; none takes nearly as long."""
KEEPALIVE_S = 75
"""Longer than a proxy keeps idle connections (nginx: 60 s): it is the proxy that ends them, between calls."""
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""As glibc numbers them."""
ARENAS = 2
"""Heaps for all threads together: with hundreds of threads each would keep some in its own."""
LARGE_BLOCK = 256 * 1024
YOUNG_OBJECTS = 50_000
"""Some ten requests' worth; freed by their reference counts long before a collection would."""


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines go where ours go, in the same form."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers[:] = []
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without a configuration file. ``renew`` makes the app that workers get after a SIGHUP."""

    def __init__(
        self,
        create: Callable[[], Flask],
        options: dict[str, Any],
        renew: Callable[[Flask], Flask] = lambda app: app,
    ) -> None:
        self.create = create
        self.options = options
        self.renew = renew
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return self.create()

    def reload(self) -> None:
        super().reload()
        self.callable = self.renew(self.wsgi())


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("serve", help="serve the CDS Hooks service")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; default 127.0.0.1")
    parser.add_argument("--port", type=port, default=8000, help="default 8000")
    parser.add_argument("--workers", type=count(MOST_WORKERS), default=1, help="processes; default 1")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    # As process 1 of a container nothing else would end it before gunicorn listens to signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = load_settings()
    require_servable(settings, options.host, options.workers)
    configure_logging(settings.log_level)
    traces = tracing()
    metrics = Metrics(shared_folder())
    master = os.getpid()
    try:
        app = create_app(settings, metrics=metrics, tracing=traces)  # before the fork: a bad table stops it
        settle_memory()
        chosen = gunicorn_options(options.host, options.port, options.workers) | _hooks(settings)
        Server(lambda: app, chosen, partial(renewed, settings, metrics)).run()
    finally:
        if os.getpid() == master:  # and not a worker at its end
            metrics.close()
    return 0


def renewed(settings: Settings, metrics: Metrics, app: Flask) -> Flask:
    """The app made anew from the files that the settings name; the one there is where they are refused."""
    try:
        fresh = create_app(settings, metrics=metrics, tracing=operation.of(app).tracing)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a file, the service goes on
        kept = operation.of(app)
        kept.reload_refused = kept.reload_refused or datetime.now(UTC)
        metrics.reloaded(good=False)
        text = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
        logger.error("reload-refused", error=text, where=where(error), **_in_use(app))
        return app
    metrics.reloaded(good=True)
    settle_memory()
    logger.info("reloaded", **_in_use(fresh))
    _warn_of_shadow(fresh)
    return fresh


def _in_use(app: Flask) -> dict[str, str]:
    found = operation.of(app).tables
    return {
        "guideline": found.guideline,
        "sha256": found.guideline_sha256,
        "codebook_sha256": found.codebook_sha256,
        "version": found.version,
    }


def _hooks(settings: Settings) -> dict[str, Any]:
    """Each worker has a writer of its own, from its start to the end of its last call."""
    return {
        "loglevel": settings.log_level,
        "logger_class": JsonLogger,
        "when_ready": _say,
        "post_worker_init": _begin_worker,
        "worker_exit": _end_worker,
        "child_exit": lambda _server, worker: forget_worker(worker.pid),
    }


def _say(server: Any) -> None:
    app: Flask = server.app.wsgi()
    bind = ", ".join(server.cfg.settings["bind"].get())
    logger.info("serving", bind=bind, workers=server.cfg.workers, **_in_use(app))
    _warn_of_shadow(app)


def _warn_of_shadow(app: Flask) -> None:
    run = operation.of(app)
    if run.shadow or run.shadow_clients:
        clients = "all" if run.shadow else str(run.shadow_clients)
        logger.warning("in-shadow-no-cards-are-shown", client=clients)


def _begin_worker(worker: Any) -> None:
    # Meant for the first process alone, where a whole group of processes gets it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    operation.of(worker.wsgi).begin()


def _end_worker(_server: Any, worker: Any) -> None:
    if getattr(worker, "wsgi", None) is not None:
        operation.of(worker.wsgi).end()


def settle_memory() -> None:
    """Tables stay and requests leave no cycles: collections are rare and never look at the tables again."""
    _return_large_blocks()
    gc.unfreeze()  # of the tables before a reload
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
        "worker_class": Worker,
        "threads": THREADS,
        "graceful_timeout": GRACE_S,
        "keepalive": KEEPALIVE_S,
        "worker_tmp_dir": str(MEMORY) if os.access(MEMORY, os.W_OK) else None,
        "control_socket_disable": True,
        # Nothing that a request says of where it came from, or of its path, is believed.
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "secure_scheme_headers": {},
    }
