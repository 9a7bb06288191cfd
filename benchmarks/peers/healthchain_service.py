"""HealthChain's own way to serve a hook, doing nothing clinical; run by an interpreter that has it.

As its documentation shows it. With several workers uvicorn leaves TCP_NODELAY off, so that each answer waits
some 40 ms for an acknowledgement. That is no fault of HealthChain's: MENDED=1 in the environment sets it.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from asyncio import base_events

import uvicorn
from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models import CDSRequest, CDSResponse


def set_nodelay(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


if os.environ.get("MENDED"):
    base_events._set_nodelay = set_nodelay
logging.disable(logging.INFO)
service = CDSHooksService()


@service.hook("patient-view", id="crs-patient-view")
def nothing(request: CDSRequest) -> CDSResponse:  # noqa: ARG001 - HealthChain calls it so
    return CDSResponse(cards=[])


app = HealthChainAPI()
app.register_service(service)

if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    uvicorn.run("healthchain_service:app", port=port, workers=workers, log_level="warning", access_log=False)
