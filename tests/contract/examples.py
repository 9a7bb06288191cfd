"""Messages like the examples of CDS Hooks 2.0.1 and its hook library, written anew with other contents."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"

DISCOVERY: Json = {
    "services": [
        {
            "hook": "patient-view",
            "title": "A greeting",
            "description": "Greets the patient who was opened",
            "id": "greeter",
            "prefetch": {"patientToGreet": "Patient/{{context.patientId}}"},
        },
        {
            "hook": "order-select",
            "title": "Drug interactions",
            "description": "Looks whether two drugs go together",
            "id": "interactions",
            "prefetch": {
                "patient": "Patient/{{context.patientId}}",
                "medications": "MedicationRequest?patient={{context.patientId}}",
            },
        },
        {
            "hook": "order-sign",
            "id": "appropriateness",
            "description": "Without a title or prefetch",
            "usageRequirements": "Needs the orders of the last year.",
            "extension": {"example.org.level": 2},
        },
    ]
}

AUTHORIZATION: Json = {
    "access_token": "some-opaque-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/Patient.read user/Observation.read",
    "subject": "cds-service4",
}

PATIENT_VIEW: Json = {
    "hookInstance": INSTANCE,
    "fhirServer": "http://fhir.example:9080",
    "hook": "patient-view",
    "fhirAuthorization": AUTHORIZATION,
    "context": {"userId": "Practitioner/example", "patientId": "1288992", "encounterId": "89284"},
    "prefetch": {"patientToGreet": {"resourceType": "Patient", "gender": "male", "birthDate": "1925-12-23"}},
}

DIET: Json = {
    "resourceType": "NutritionOrder",
    "id": "pureed",
    "status": "draft",
    "patient": {"reference": "Patient/1288992"},
    "dateTime": "2024-09-17",
    "oralDiet": {"texture": [{"modifier": {"text": "pureed"}}]},
}
DRUG: Json = {
    "resourceType": "MedicationRequest",
    "id": "smart-103",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/1288992"},
    "medicationCodeableConcept": {"text": "azithromycin 250 mg oral tablet"},
}
ORDERS: Json = {"resourceType": "Bundle", "entry": [{"resource": DIET}, {"resource": DRUG}]}
"""As in the hook library: without a type."""

ORDER_SELECT: Json = {
    "hookInstance": INSTANCE,
    "hook": "order-select",
    "context": {
        "userId": "PractitionerRole/123",
        "patientId": "1288992",
        "encounterId": "89284",
        "selections": ["NutritionOrder/pureed", "MedicationRequest/smart-103"],
        "draftOrders": ORDERS,
    },
}

ORDER_SIGN: Json = {
    "hookInstance": INSTANCE.upper(),
    "hook": "order-sign",
    "context": {
        "userId": "Practitioner/123",
        "patientId": "1288992",
        "draftOrders": ORDERS | {"type": "collection"},
    },
}

NEXT_VERSION: Json = PATIENT_VIEW | {
    "fhirAuthorization": AUTHORIZATION
    | {
        "scope": "launch patient/Patient.rs patient/Observation.rs?category=vital-signs",
        "patient": "1288992",
    },
    "extension": {"example.org.site": {"ward": 4}},
    "somethingNew": [1, None],
}
"""As the 3.0 ballot has it: scopes of SMART 2, and members that 2.0.1 does not know."""

SUGGESTION: Json = {
    "label": "Change to paracetamol",
    "uuid": "0b1c2a4e-54f0-4a2d-a5a1-c4b1a2f0a111",
    "isRecommended": True,
    "actions": [
        {"type": "create", "description": "Order paracetamol", "resource": DRUG | {"id": "new"}},
        {"type": "update", "description": "Halve the dose", "resource": DRUG},
        {"type": "delete", "description": "Cancel the order", "resourceId": "MedicationRequest/smart-103"},
    ],
}

RESPONSE: Json = {
    "cards": [
        {
            "uuid": CARD,
            "summary": "An example card",
            "indicator": "info",
            "detail": "This is an *example* card.",
            "source": {
                "label": "Static CDS Service Example",
                "url": "https://example.com",
                "icon": "https://example.com/img/icon-100px.png",
                "topic": {"system": "http://example.org/cds", "code": "12345", "display": "Mortality rate"},
            },
            "suggestions": [SUGGESTION, {"label": "Nothing of it"}],
            "selectionBehavior": "at-most-one",
            "overrideReasons": [
                {"code": "reason-1", "system": "http://example.org/reasons", "display": "Contraindicated"}
            ],
            "links": [
                {"label": "Google", "url": "https://google.com", "type": "absolute"},
                {
                    "label": "An app",
                    "url": "https://smart.example.com/launch",
                    "type": "smart",
                    "appContext": '{"session":3456356}',
                },
            ],
        },
        {"summary": "Another card", "indicator": "warning", "source": {"label": "Example"}},
    ],
    "systemActions": [{"type": "update", "description": "Note the authorisation", "resource": DRUG}],
}

FEEDBACK: Json = {
    "feedback": [
        {
            "card": CARD,
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": SUGGESTION["uuid"]}],
            "outcomeTimestamp": "2024-12-11T10:05:31Z",
        },
        {
            "card": CARD,
            "outcome": "overridden",
            "overrideReason": {
                "reason": {"code": "d7ecf885", "system": "https://example.com/override-reasons"},
                "userComment": "clinician entered comment",
            },
            "outcomeTimestamp": "2024-12-11T10:05:31.123Z",
        },
        {"card": "of-another-day", "outcome": "overridden", "outcomeTimestamp": "2024-12-11T10:05:31Z"},
    ]
}
