"""Every sentence a clinician reads. Nothing here decides anything.

Facts from FHIR reach these sentences only as numbers, or escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import Decimal

from cds_service.cards.formats import amount, charted, clock, escape, number, span, unit, when
from cds_service.crs.evidence import (
    Assessment,
    Axis,
    Criterion,
    Evidence,
    Exposure,
    Grade,
    Missing,
    Note,
    Response,
    Status,
)
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import MappingIssue, TherapyKind

SOURCE_LABEL = "CRS decision support (ASTCT consensus 2019)"
SOURCE_URL = "https://doi.org/10.1016/j.bbmt.2018.12.758"
SUMMARY_LIMIT = 139

DEVICES = {
    "room-air": "room air",
    "nasal-cannula": "nasal cannula",
    "blow-by": "blow-by oxygen",
    "high-flow-cannula": "high-flow nasal cannula",
    "face-mask": "face mask",
    "partial-rebreather": "partial rebreathing mask",
    "non-rebreather": "non-rebreathing mask",
    "venturi-mask": "Venturi mask",
    "aerosol-mask": "aerosol mask",
    "face-tent": "face tent",
    "tracheostomy-mask": "tracheostomy mask",
    "cpap": "CPAP",
    "bipap": "BiPAP",
    "noninvasive-ventilation": "non-invasive ventilation",
    "nocturnal-cpap": "nocturnal CPAP",
    "nocturnal-bipap": "nocturnal BiPAP",
    "ventilator": "mechanical ventilation",
    "airway": "endotracheal or tracheostomy tube",
    "oxygen-unspecified": "oxygen, device not specified",
    "standby": "ventilator on standby",
    "not-understood": "a device that was not understood",
    "": "oxygen of unknown device",
}
CONCEPTS = {
    "temperature": "temperature",
    "systolic": "systolic",
    "mean-pressure": "mean pressure",
    "spo2": "SpO2",
    "oxygen-flow": "oxygen flow",
    "fio2": "FiO2",
    "weight": "weight",
    "crp": "CRP",
    "ice-score": "ICE score",
    "angiotensin-ii": "angiotensin II",
}
CHARTABLE = (
    "stale",
    "ended",
    "not-charted",
    "not-usable",
    "flow-not-charted",
    "systolic-not-charted",
    "unsettled",
)
"""Reasons for which a new entry in the chart helps."""
AXES = {Axis.FEVER: "temperature", Axis.HYPOTENSION: "blood pressure", Axis.HYPOXIA: "oxygen support"}
ISSUES = {
    "implausible": "implausible",
    "unit-missing": "no unit",
    "unit-not-understood": "unit not understood",
    "future-time": "time lies in the future",
    "time-without-zone": "time without a zone",
    "time-missing": "no time",
    "time-too-coarse": "date without a time",
    "other-patient": "belongs to another patient",
    "modifier-extension": "carries a modifier that is not understood",
    "status-unknown": "status unknown",
    "conflicting-codes": "codes contradict each other",
}
LOW_SPO2 = {
    "low-spo2-without-oxygen": "without oxygen charted",
    "low-spo2-oxygen-unknown": "with oxygen support not known",
    "low-spo2-not-counted": "on support that is not counted",
}
DISCLAIMER = "Decision support for professionals, not a substitute for judgement."


def concept(name: str) -> str:
    """A drug, device or measurement in words."""
    return DEVICES.get(name) or CONCEPTS.get(name) or escape(name.replace("-", " "))


# ------------------------------------------------------------------ the first line


def summary(assessment: Assessment) -> str:
    """One sentence under 140 characters: the grade, then why in words."""
    text = f"{headline(assessment)}: {_why(assessment)}"
    return text if len(text) <= SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 1].rstrip(" ,") + "…"


def headline(assessment: Assessment) -> str:
    if assessment.grade is None:
        return "CRS not gradable"
    return f"CRS {grade(assessment.grade)}"


def grade(value: Grade) -> str:
    if value.lowest == value.highest:
        return f"grade {value.lowest}"
    return f"grade 0 to {value.highest}" if value.lowest == 0 else f"grade at least {value.lowest}"


def _why(assessment: Assessment) -> str:
    if assessment.grade is None:
        return _why_not(assessment)
    open_end = _first_missing(assessment)
    parts = _signs(assessment)
    if assessment.grade.lowest != assessment.grade.highest:
        asked = [n for n in assessment.notes if n.code == "afebrile-unmasked"]
        if asked:
            return f"{parts}, afebrile {span(assessment.as_of - _time(asked[0]))}"
        return f"{open_end}; {parts}" if parts and open_end else open_end or parts
    return parts or "no criterion now"


def _why_not(assessment: Assessment) -> str:
    """Why no grade can be given, with the last one that could."""
    signs = _signs(assessment)
    if any(n.code == "fever-may-be-masked" for n in assessment.notes):
        return f"{signs}, fever may be masked"
    seen = [m.last_seen for m in assessment.missing if m.last_seen is not None]
    if len({m.axis for m in assessment.missing}) == len(Axis) and seen:
        text = f"nothing usable charted for {span(assessment.as_of - max(seen))}"
    else:
        text = _first_missing(assessment, Axis.FEVER) or "the chart is not all at hand"
    settled = [c.grade.lowest for c in assessment.course if c.grade and c.grade.lowest == c.grade.highest]
    last = [f"last settled grade {g}" for g in settled[-1:] if g]
    return "; ".join(part for part in (text, signs, *last) if part)


def _signs(assessment: Assessment) -> str:
    """``norepinephrine and 4 L/min nasal cannula, fever 39.4 °C``."""
    ranked = sorted(assessment.criteria, key=lambda c: -c.grade)
    signs = [sign for c in ranked if c.axis is not Axis.FEVER for sign in _sign(c)]
    others = [_fever(c) for c in assessment.criteria if c.axis is Axis.FEVER]
    others += [_low_spo2(n) for n in assessment.notes if n.code in LOW_SPO2]
    return ", ".join(part for part in (listed(signs), *others) if part)


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _low_spo2(note: Note) -> str:
    return f"SpO2 {number(Decimal(str(note.values['value'])))} % {LOW_SPO2[note.code]}"


def _fever(criterion: Criterion) -> str:
    item = criterion.evidence[0]
    if criterion.rule == "GR-6":
        return f"afebrile on {concept(item.concept)}"
    return f"fever {amount(item.value, item.unit)}"


def _sign(criterion: Criterion) -> list[str]:
    items = criterion.evidence
    drugs = list(dict.fromkeys(concept(i.concept) for i in items if i.since is not None))
    if drugs:
        return drugs
    if criterion.axis is Axis.HYPOTENSION:
        return [f"{concept(items[0].concept)} {amount(items[0].value, items[0].unit)}"]
    return [oxygen(items)]


def oxygen(items: Sequence[Evidence]) -> str:
    """``nasal cannula 4 L/min`` from the items of one state."""
    device = next((i.concept for i in items if i.concept not in ("oxygen-flow", "fio2")), "")
    flow = next((i for i in items if i.unit == "L/min" and i.value), None)
    text = DEVICES.get(device, concept(device))
    return f"{text} {amount(flow.value, flow.unit)}" if flow else text


def _first_missing(assessment: Assessment, first: Axis | None = None) -> str:
    """What opens the upper end most, or what is missing of the axis named."""
    ranked = sorted(assessment.missing, key=lambda m: (m.axis is not first, -m.could_be))
    return missing(ranked[0], assessment.as_of) if ranked else ""


# ------------------------------------------------------------------ what is missing


def missing(item: Missing, as_of: datetime) -> str:
    """``oxygen support not charted for 14 h``."""
    name = AXES[item.axis]
    if item.reason in ("stale", "ended") and item.last_seen is not None:
        return f"{name} not charted for {span(as_of - item.last_seen)}"
    phrases = {
        "not-usable": f"{name} charted but not usable",
        "vasopressor-not-understood": "a vasopressor is charted in words not understood",
        "not-charted": f"{name} not charted",
        "not-available": f"{name} could not be read",
        "medications-not-available": "vasopressors could not be read",
        "age-unknown": "age unknown, so is the blood pressure limit",
        "systolic-not-charted": "only a mean pressure is charted",
        "flow-not-charted": "oxygen flow not charted",
        "device-not-specified": "oxygen device not specified",
        "unsettled": "oxygen support charted without a usable state",
        "ended": "oxygen support ended, nothing charted since",
    }
    return phrases.get(item.reason, f"{name} not known")


def missing_line(item: Missing, as_of: datetime, zone: tzinfo | None) -> str:
    """``Oxygen support not charted for 14 h (since 13:00): could be up to grade 4.``"""
    seen = f" (since {clock(item.last_seen, as_of, zone)})" if item.last_seen else ""
    text = missing(item, as_of)
    return f"{text[0].upper()}{text[1:]}{seen}: could be up to grade {item.could_be}."


def settles(items: Sequence[Missing]) -> str:
    """What to chart, once for all that is missing."""
    names = list(dict.fromkeys(AXES[i.axis] for i in items if i.reason in CHARTABLE))
    return f"Charting {listed(names)} settles it." if names else ""


# ------------------------------------------------------------------ the course


def course_line(assessment: Assessment, zone: tzinfo | None) -> str:
    """``grade 3 since 01:40; peak 3 at 01:40; onset 21 Nov 20:10 (13 h ago)``."""
    as_of, parts = assessment.as_of, []
    if assessment.grade and assessment.grade_since:
        parts.append(f"{grade(assessment.grade)} since {clock(assessment.grade_since, as_of, zone)}")
    current = assessment.grade.lowest if assessment.grade else None
    if assessment.peak and assessment.peak.grade != current:
        parts.append(f"peak {assessment.peak.grade} at {clock(assessment.peak.time, as_of, zone)}")
    if assessment.onset:
        parts.append(f"onset {when(assessment.onset, as_of, zone)}")
    return "; ".join(parts)


def exposure_line(exposure: Exposure, as_of: datetime, zone: tzinfo | None) -> str:
    if exposure.kind is None:
        return "active diagnosis of CRS"
    unnamed = "CAR-T, product not named" if exposure.kind is TherapyKind.CAR_T else "T-cell engager"
    name = concept(exposure.product) if exposure.product else unnamed
    return f"{name} {when(exposure.time, as_of, zone)}"


def response_line(response: Response, as_of: datetime, zone: tzinfo | None) -> str:
    dose = f" {amount(response.dose, response.unit)}" if response.dose else ""
    change = ""
    if response.before is not None and response.after is not None:
        change = f" ({span(as_of - response.time)} ago; grade {response.before} then, {response.after} now)"
    return f"{concept(response.drug)}{dose} {clock(response.time, as_of, zone)}{change}"


# ------------------------------------------------------------------ evidence


def evidence_value(item: Evidence) -> str:
    name = concept(item.concept)
    if item.concept == "fio2":
        return f"FiO2 {number(Decimal(item.value) * 100)} %"
    if not item.value:
        return name
    if item.concept in DEVICES:
        return f"{name} {amount(item.value, item.unit)}"
    shown = amount(item.value, item.unit)
    if item.concept in ("temperature", "oxygen-flow"):
        return f"{item.label} {shown}".strip()
    return f"{item.label} {name} {shown}".strip()


def evidence_time(item: Evidence, as_of: datetime, zone: tzinfo | None) -> str:
    if item.since is not None:
        return f"running since {clock(item.since, as_of, zone)}"
    return when(item.time, as_of, zone)


AXIS_WORDS = {Axis.FEVER: "fever", Axis.HYPOTENSION: "blood pressure", Axis.HYPOXIA: "oxygen"}


def criterion_name(criterion: Criterion) -> str:
    end = f" to {criterion.grade_up_to}" if criterion.grade_up_to else ""
    policy = ", site policy" if criterion.site_policy else ""
    if criterion.rule == "GR-6":
        return "fever masked by (grade 1)"
    return f"{AXIS_WORDS[criterion.axis]} (grade {criterion.grade}{end}{policy})"


# ------------------------------------------------------------------ remarks


def _time(note: Note) -> datetime:
    value = note.values["time"]
    if not isinstance(value, datetime):
        raise TypeError(note.code)
    return value


def note(item: Note, as_of: datetime, zone: tzinfo | None) -> str:
    """The sentence of a remark."""
    return NOTES[item.code].format(**_values(item, as_of, zone))


def _values(item: Note, as_of: datetime, zone: tzinfo | None) -> dict[str, str]:
    shown = {}
    for key, value in item.values.items():
        if isinstance(value, datetime):
            shown[key] = when(value, as_of, zone)
            shown["span"] = span(as_of - value)
        elif isinstance(value, str):
            shown[key] = concept(value)
        else:
            shown[key] = number(Decimal(value))
    return shown


NOTES = {
    "fever-masked": "Fever is masked by {drug} {time}: hypotension and hypoxia grade without it.",
    "fever-may-be-masked": "Signs without a fever on record, and {drug} {time}: fever may be masked.",
    "afebrile-unmasked": "Afebrile for {span}, no masking drug charted since the onset: is this still CRS?",
    "onset-outside-usual-window": "Onset {days} days after the infusion: outside the usual window.",
    "low-spo2-oxygen-unknown": "SpO2 {value} % at {time}, oxygen support unknown: possibly understated.",
    "low-spo2-not-counted": "SpO2 {value} % at {time} on support that is not counted: is it enough still?",
    "therapy-uncertain": "The record of the immune therapy was not fully understood: check product and time.",
    "afebrile-masking-not-understood": "Afebrile for {span}; a drug that may mask fever was not understood.",
    "limit-for-age": "The limit of hypotension for the age is {value} mmHg.",
    "low-spo2-without-oxygen": "SpO2 {value} % at {time}, no oxygen charted: the grade may be understated.",
    "room-air-assumed": "Room air assumed: SpO2 {value} %, no oxygen charted since therapy (site policy).",
    "oxygen-baseline": "Not counted: {device} was there before the therapy (site policy).",
    "pressure-baseline": "Not counted: systolic {value} mmHg, no lower than before therapy (site policy).",
    "ventilation-not-counted": "Ventilation not counted: the coded reason is {reasons} (site policy).",
    "ventilation-reason-unknown": "Confirm that hypoxia is the reason for ventilation: none is coded.",
    "device-unknown": "A flow is charted without a device: graded by the flow alone.",
    "device-and-flow-disagree": "High-flow cannula at {flow} L/min: they disagree; graded by device.",
    "mean-pressure-unconfirmed": "Graded by a mean pressure of {value} mmHg, unconfirmed: no systolic.",
    "mean-pressure-refused": "Left out: mean pressure {value} mmHg at {time} does not fit the systolic.",
    "arterial-suspect": "Left out: arterial {value} mmHg at {time} against {cuff} mmHg by cuff.",
    "pressures-disagree": "Arterial {arterial} and cuff {cuff} mmHg disagree at {time}: the lower counts.",
    "vasopressin-alone": "Vasopressin alone: the consensus table is silent; counted as one (site policy).",
    "vasopressor-stopped": "{drug} stopped {span} ago.",
    "vasopressor-bolus": "{drug} given as a single dose {time}: not vasopressor support. Another cause?",
    "infusion-without-end": "{drug} {time} has no end and is not in progress: not taken as running.",
    "rate-outlier": "A {drug} rate of {value} is more than ten times its neighbours: a slip?",
    "course-known-since": "Vital signs are at hand only since {time}: onset and peak may lie earlier.",
    "course-not-known": "Vital signs are not all at hand: onset and peak may lie earlier.",
    "inotrope-running": "{drug} is running: an inotrope, not counted as a vasopressor.",
}


def issue(item: MappingIssue, as_of: datetime, zone: tzinfo | None) -> str:
    """``temperature 101 °C at 02:14 (implausible)``."""
    what = concept(item.concept) if item.concept else "an entry"
    value = f" {charted(item.value)} {unit(item.unit)}".rstrip() if item.value else ""
    time = f" at {clock(item.time, as_of, zone)}" if item.time else ""
    return f"{what}{value}{time} ({ISSUES.get(item.code, item.code.replace('-', ' '))})"


def footer(guideline: Guideline, zone_name: str = "", options: str = "") -> str:
    """Consensus, table, the site's options where it chose others, and the disclaimer (TX-23)."""
    table = f"guideline table {guideline.id} v{guideline.version}"
    times = f"times in {zone_name}" if zone_name else ""
    return " · ".join(part for part in ("ASTCT 2019", table, options, times, DISCLAIMER) if part)


def advice_status(status: Status) -> str:
    """The line of `crs-cds grade --text` where there is no grade."""
    return {
        Status.NOT_CONSIDERED: "Not considered: no immune effector or T-cell-engaging therapy in the onset "
        "window, and no active CRS diagnosis.",
        Status.NO_EPISODE: "Considered, no CRS episode found.",
        Status.RESOLVED: "CRS episode resolved.",
        Status.NOT_GRADABLE: "Not gradable.",
        Status.ACTIVE: "CRS episode open.",
    }[status]
