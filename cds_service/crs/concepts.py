"""Which measurements the rules use; the mapping reads more."""

from fhir_mappings.facts import Concept, MappingIssue

VITALS = frozenset({Concept.TEMPERATURE, Concept.SYSTOLIC, Concept.MEAN_PRESSURE, Concept.SPO2})
OXYGEN = frozenset({Concept.OXYGEN_FLOW, Concept.FIO2})
LABS = frozenset(
    {Concept.WEIGHT, Concept.NEUTROPHILS, Concept.PLATELETS, Concept.CRP, Concept.FERRITIN}
    | {Concept.FIBRINOGEN, Concept.ICE_SCORE, Concept.LEUKOCYTES, Concept.CREATININE, Concept.BILIRUBIN}
    | {Concept.ALT, Concept.AST}
)
USED = VITALS | OXYGEN | LABS
ALL = frozenset(Concept)


def concerns(issue: MappingIssue) -> bool:
    """Whether an issue is about something that a rule may ask for; a drug or diagnosis always is."""
    return issue.concept in USED or issue.concept not in ALL
