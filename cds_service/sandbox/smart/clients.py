"""The apps that the sandbox knows: the companion page, as the service says that it is registered."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cds_service.smart.registration import Registration


@dataclass(frozen=True, slots=True)
class Client:
    """An app; without a secret it is a public client."""

    id: str
    redirect_uris: tuple[str, ...]
    secret: str = ""

    def proves_itself(self, name: str, secret: str) -> bool:
        """By HTTP Basic where it has a secret; a public client by its id alone."""
        if not self.secret:
            return name == self.id and not secret
        return name == self.id and hmac.compare_digest(secret.encode(), self.secret.encode())


def clients_of(registered: Registration | None) -> dict[str, Client]:
    if registered is None:
        return {}
    client = Client(registered.client_id, (registered.redirect_uri,), registered.secret)
    return {client.id: client}
