"""Hook requests spoiled at random: members deleted, replaced or moved, and bytes cut, turned or put in."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from tests.builders import LOINC, RXNORM, concept, instant, medication, observation, quantity
from tests.contract import examples
from tests.contract.service import _encoder, prefetch, request, searchset
from tests.unit.mapping.tampering import RUBBISH, tamper

Json = dict[str, Any]
NOBODY = "http://127.0.0.1:9/fhir"
"""A FHIR server that may be called, and that is not there."""
AUTHORIZED = request(fhirServer=NOBODY, fhirAuthorization=examples.AUTHORIZATION)
TURNED = request(
    prefetch=prefetch(
        vitals=searchset(
            [observation("t", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("39.4", "Cel"))],
            link=[{"relation": "next", "url": "https://ehr.example/fhir?page=2"}],
            total=9,
        ),
        oxygen=searchset([observation("d", concept(LOINC, "107117-4"), -1, valueString="nasal cannula")]),
        medications=searchset(
            [
                medication("m", "completed", medicationReference={"reference": "Medication/x"})
                | {"effectivePeriod": {"start": instant(-3), "end": instant(-2)}},
                {"resourceType": "Medication", "id": "x", "code": concept(RXNORM, "7512")},
            ]
        ),
        labs={"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]},
        conditions=None,
    )
)
BASES: list[Json] = [request(), TURNED, request(prefetch={}), AUTHORIZED]
RARE = examples.NEXT_VERSION | {"fhirServer": NOBODY}
BYTES = b'{}[]",:0e.-\\u\x00\xff\xed\xa0\x80 truefalsenull'


def written(message: Json) -> bytes:
    """As JSON, with what JSON cannot carry left to the encoder's mercy."""
    try:
        return _encoder.encode(message)
    except UnicodeEncodeError:  # a lone surrogate
        return repr(message).encode("utf-8", "surrogatepass")


def spliced(body: bytes, chance: random.Random) -> bytes:
    """One stretch of bytes cut out, doubled or replaced."""
    start = chance.randrange(len(body) + 1)
    end = min(len(body), start + chance.choice((0, 1, 2, 8, 400)))
    put_in = bytes(chance.choice(BYTES) for _ in range(chance.randrange(5)))
    return body[:start] + chance.choice((b"", put_in, body[start:end] * 2)) + body[end:]


def mutated(chance: random.Random) -> bytes:
    """A request with one to four members spoiled, or with a stretch of its bytes spoiled."""
    base = RARE if chance.random() < 0.02 else chance.choice(BASES)
    part = chance.random()
    if part < 0.1:
        return spliced(written(base), chance)
    if part < 0.2:
        return written(base | {chance.choice(list(base)): chance.choice(RUBBISH)})
    if part < 0.35:  # the members of the envelope, which the chart would else drown
        envelope = {key: value for key, value in base.items() if key != "prefetch"}
        return written(tamper(envelope, chance) | {"prefetch": base.get("prefetch")})
    return written(base | {"prefetch": tamper(base.get("prefetch", {}), chance)})


seeds = st.integers(0, 2**64 - 1)
requests = seeds.map(lambda seed: mutated(random.Random(seed)))  # noqa: S311 - not for secrets
