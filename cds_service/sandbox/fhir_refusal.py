"""What the sandbox FHIR server refuses, as an OperationOutcome."""

from __future__ import annotations

from cds_service.sandbox.elements import Json


class FhirRefusalError(Exception):
    """A refusal: the HTTP status, the issue code of FHIR, and a sentence for the caller."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text

    def outcome(self) -> Json:
        """The OperationOutcome that is sent."""
        issue = {
            "severity": "error",
            "code": self.code,
            "details": {"text": self.text},
            "diagnostics": self.text,
        }
        return {"resourceType": "OperationOutcome", "issue": [issue]}
