"""``python -m benchmarks.bare PORT WORKERS``: the floor, Flask parsing the body with the standard library.

Under the same server and settings as the service.
"""

from __future__ import annotations

import sys

from flask import Flask, Response, request

from cds_service.commands.serve import Server, gunicorn_options


def create_app() -> Flask:
    app = Flask("bare")

    @app.post("/cds-services/<service>")
    def parse(service: str) -> Response:
        del service
        request.get_json()
        return Response('{"cards": []}', content_type="application/json")

    return app


if __name__ == "__main__":
    Server(create_app, gunicorn_options("127.0.0.1", int(sys.argv[1]), int(sys.argv[2]))).run()
