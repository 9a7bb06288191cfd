"""One file a service. A module with a ``SERVICE`` is found by itself and keyed by its id."""

from __future__ import annotations

import importlib
import pkgutil

from cds_service.hooks.run import Service


def services() -> dict[str, Service]:
    """All services of this folder by id. Two of one id stop the start."""
    found: dict[str, Service] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        service = getattr(module, "SERVICE", None)
        if isinstance(service, Service):
            if service.id in found:
                raise ValueError(f"two services are called {service.id}")
            found[service.id] = service
    return found
