"""What the scopes of an access token say about a search: may it have been answered in part?

A server may enforce scopes by leaving out what they do not grant, without a word (SMART App Launch 2,
granular scopes). Then an answer is no proof that there is nothing more. Scopes of SMART 1
(``patient/Observation.read``) and 2 (``patient/Observation.rs?category=…``) are read; others, such as
``launch``, say nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum

from cds_service.acquire.answer import Answer
from cds_service.acquire.reasons import Failure, Reason
from fhir_mappings.facts import Coverage

_SCOPE = re.compile(r"(?:patient|user|system)/(?P<type>[A-Za-z]+|\*)\.(?P<may>[a-z]+|\*)(?P<query>\?.*)?")
_NOT_COVERED = "the scopes of the access token do not cover all of this search"


class Grant(Enum):
    WHOLE = "whole"
    PART = "part"
    NOTHING = "nothing"


def granted(scope: str | None, resource_type: str) -> Grant:
    """How much of a resource type may be searched. Without any scope that says, all of it."""
    clinical = [found for part in (scope or "").split() if (found := _SCOPE.fullmatch(part))]
    if not clinical:
        return Grant.WHOLE
    ours = [found for found in clinical if found["type"] in (resource_type, "*") and _reads(found["may"])]
    if any(not found["query"] for found in ours):
        return Grant.WHOLE
    return Grant.PART if ours else Grant.NOTHING


def _reads(may: str) -> bool:
    # "s" alone allows a search, "read" and "*" are SMART 1; "write" has an "r" too.
    return may in ("read", "*") or (may != "write" and "s" in may)


def limited(answer: Answer, grant: Grant) -> Answer:
    """The answer as far as it proves anything: what came is used; that nothing more came proves nothing.

    Results of a type that the scopes do not name at all show that the server goes by something else.
    """
    if grant is Grant.WHOLE or (grant is Grant.NOTHING and answer.resources):
        return answer
    failure = answer.failure or Failure(Reason.REFUSED, detail=_NOT_COVERED)
    return replace(answer, coverage=Coverage(None, failure.reason), failure=failure)
