"""What a token costs a call: CPU of the whole check, by algorithm, with used tokens kept in the process."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cds_service.trust.clients import load_clients
from cds_service.trust.keys import GivenKeys
from cds_service.trust.replay import UsedHere
from cds_service.trust.tokens import TokenCheck
from tests.trusted_ehr import PATH, PUBLIC_URL, Ehr, client_entry, key_of, write_clients

EHRS = {"ES384": Ehr(), "RS384": Ehr(algorithm="RS384", key=key_of("RSA-2048"))}
MOST_MS = 3.0


def cost_ms(ehr: Ehr, calls: int) -> float:
    """CPU of one check."""
    with tempfile.TemporaryDirectory() as folder:
        clients = load_clients(write_clients(Path(folder), client_entry(Path(folder), ehr)))
    keys = {iss: GivenKeys(client.keys or {}) for iss, client in clients.items()}
    check, url, now = TokenCheck(clients, keys, UsedHere()), PUBLIC_URL + PATH, int(time.time())
    tokens = [f"Bearer {ehr.token()}" for _ in range(calls)]
    began = time.process_time()
    for token in tokens:
        check.client(token, url, now)
    return (time.process_time() - began) * 1000 / calls


def main() -> int:
    calls = 200 if "--quick" in sys.argv else 2_000
    found = {name: min(cost_ms(ehr, calls) for _ in range(3)) for name, ehr in EHRS.items()}
    for name, cost in found.items():
        print(f"{name}: {cost:.3f} ms of CPU a token (bound {MOST_MS})")
    return int(max(found.values()) > MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
