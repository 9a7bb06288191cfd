"""An app on a free port of this machine, with its records written until it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import make_server

from cds_service.app import the_writer


@contextmanager
def on_a_free_port(make: Callable[[str], Flask]) -> Iterator[str]:
    """The address at which the app is served; ``make`` is told it, since settings name it."""
    server = make_server("127.0.0.1", 0, Flask("pending"), threaded=True)
    base = f"http://127.0.0.1:{server.port}"
    server.app = app = make(base)
    the_writer(app).start()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        the_writer(app).stop()
