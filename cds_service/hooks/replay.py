"""All that an answer was made from, written down so that it can be made again (the full record of a call)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cds_service.acquire.acquire import Acquired
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine

UNUSED = frozenset({"userId"})
"""Members of the context that no decision stands on: who the clinician is, is nobody's business here."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A patient's data as used. Neither the token nor who called is in it."""

    service: str
    patient_id: str
    encounter_id: str | None
    context: dict[str, Any]
    as_of: datetime
    zone: str | None
    acquired: Acquired | None
    guideline: str
    guideline_sha256: str
    codebook_sha256: str
    version: str
    companion: str = ""
    """Where the card linked to."""


@dataclass(slots=True)
class Watch:
    """Stands beside one call: holds its time, and what of the chart was acquired."""

    as_of: datetime
    acquired: Acquired | None = field(default=None, init=False)

    def over(self, engine: Engine) -> Engine:
        """The same engine, watched."""
        return replace(engine, clock=lambda: self.as_of, acquire=self._watched(engine.acquire))

    def _watched(
        self, acquire: Callable[[HookRequest, Engine, datetime], Acquired]
    ) -> Callable[[HookRequest, Engine, datetime], Acquired]:
        def watched(request: HookRequest, engine: Engine, now: datetime) -> Acquired:
            self.acquired = acquire(request, engine, now)
            return self.acquired

        return watched

    def inputs(self, service: str, request: HookRequest, engine: Engine, version: str) -> bytes:
        """The full record, as JSON with every decimal as it came."""
        found = Inputs(
            service=service,
            patient_id=request.patient_id,
            encounter_id=request.encounter_id,
            context={key: value for key, value in request.context.items() if key not in UNUSED},
            as_of=self.as_of,
            zone=str(engine.zone) if engine.zone else None,
            acquired=self.acquired,
            guideline=engine.guideline.id,
            guideline_sha256=engine.guideline.sha256,
            codebook_sha256=engine.codebook.sha256,
            version=version,
            companion=engine.companion(request.fhir_server),
        )
        return _encoder.encode(found)


_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(Inputs, float_hook=Decimal)


def read_inputs(written: bytes) -> Inputs:
    return _decoder.decode(written)


def respond_again(inputs: Inputs, engine: Engine) -> Answer:
    """The answer made once more, from what it was made of then. Raises what was raised then."""
    request = HookRequest(
        hook_instance="",
        patient_id=inputs.patient_id,
        encounter_id=inputs.encounter_id,
        fhir_server=None,
        token=None,
        prefetch=None,
        context={**inputs.context, "userId": ""},
    )
    then = replace(
        engine,
        clock=lambda: inputs.as_of,
        zone=ZoneInfo(inputs.zone) if inputs.zone else None,
        acquire=lambda _request, _engine, _now: _recorded(inputs),
        companion=lambda _server: inputs.companion,
    )
    return then.services[inputs.service].respond(request, then)


def _recorded(inputs: Inputs) -> Acquired:
    if inputs.acquired is None:
        raise LookupError("nothing of the chart was read for this answer")
    return inputs.acquired
