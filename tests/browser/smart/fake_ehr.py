"""An EHR on another origin: the fake FHIR server with CORS, and an authorization server."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from tests.integration.fake_fhir import FakeFhir, Fault, Handler, Reply, Resource, Seen

TOKEN = "opens-one-chart"
PATIENT = "stay-1"


class EhrHandler(Handler):
    """Answers pages of other origins as EHRs do: any may call, none sends cookies."""

    def do_OPTIONS(self) -> None:  # noqa: N802 - as http.server calls it
        self.reply(Reply(204))

    def head(self, status: int, headers: dict[str, str]) -> None:
        shared = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "600",
        }
        super().head(status, {**shared, **headers})


class FakeEhr(FakeFhir):
    """``granted`` is merged into the token response; ``returned`` changes what comes back to the app."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        super().__init__(resources)
        self._http.RequestHandlerClass = EhrHandler
        self.granted: dict[str, Any] = {}
        self.returned: dict[str, str] = {}
        self.asked: dict[str, str] = {}
        self.forms: list[dict[str, str]] = []
        self.credentials: list[str] = []
        self.token_endpoint = f"{self.origin}/auth/token"
        self.challenge = "S256"

    def react(self, seen: Seen) -> Fault:
        special = {
            "/fhir/.well-known/smart-configuration": self._configuration,
            "/auth/authorize": self._authorize,
            "/auth/token": self._token,
        }.get(seen.path)
        return super().react(seen) if special is None else lambda handler, seen: handler.reply(special(seen))

    def _configuration(self, _: Seen) -> Reply:
        return _json(
            {
                "authorization_endpoint": f"{self.origin}/auth/authorize",
                "token_endpoint": self.token_endpoint,
                "code_challenge_methods_supported": [self.challenge],
                "capabilities": ["permission-v2"],
            }
        )

    def _authorize(self, seen: Seen) -> Reply:
        self.asked = seen.params
        back = {"code": "code-1", "state": seen.params["state"], **self.returned}
        return Reply(302, b"", {"Location": f"{seen.params['redirect_uri']}?{urlencode(back)}"})

    def _token(self, seen: Seen) -> Reply:
        self.forms.append(seen.params)
        self.credentials.append(seen.headers.get("authorization", ""))
        made = base64.urlsafe_b64encode(hashlib.sha256(seen.params["code_verifier"].encode()).digest())
        if made.decode().rstrip("=") != self.asked["code_challenge"]:
            return _json({"error": "invalid_grant"}, 400)
        token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600, "patient": PATIENT}
        return _json({**token, "scope": self.asked["scope"], **self.granted})


def _json(body: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


class Eavesdropper:
    """A server on another port that writes down whatever reaches it."""

    def __init__(self) -> None:
        heard = self.heard = []  # type: list[tuple[str, dict[str, str]]]

        class Listening(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heard.append((self.path, dict(self.headers)))
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "authorization")
                self.end_headers()

            do_OPTIONS = do_POST = do_GET  # noqa: N815 - as http.server calls them

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
        self.origin = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
