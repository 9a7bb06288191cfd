"""``crs-cds serve``: the service under gunicorn."""

from __future__ import annotations

import argparse
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from cds_service.app import create_app
from cds_service.observability import configure_logging
from cds_service.settings import Settings, load_settings, require_servable

THREADS = 16


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without a configuration file."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self.app = app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return self.app


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("serve", help="serve the CDS Hooks service")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    settings = load_settings()
    require_servable(settings, options.host)
    configure_logging()
    Server(_app(settings), gunicorn_options(options.host, options.port, options.workers)).run()
    return 0


def _app(settings: Settings) -> Flask:
    return create_app(settings)


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
