"""Readers of devices.toml (devices, modes, reasons) and conditions.toml."""

from __future__ import annotations

from fhir_mappings.draft import Draft
from fhir_mappings.facts import ConditionGroup, OxygenDevice
from fhir_mappings.meanings import Diagnosis, Reason, StateQuestion, Support, TableRow
from fhir_mappings.toml_entry import Entry, closed

QUESTIONS = {"device": StateQuestion(), "mode": StateQuestion(mode=True)}


def read_question(draft: Draft, entry: Entry) -> None:
    """Observation codes whose value names a device or a ventilation mode."""
    owner = entry.text("id")
    if owner not in QUESTIONS:
        raise entry.error("id", f"must be one of {', '.join(QUESTIONS)}")
    row = TableRow("devices", owner, f"question: {owner}")
    for code in closed(entry.entries("codes")):
        draft.bind_code(code, owner, QUESTIONS[owner], row)


def read_device(draft: Draft, entry: Entry) -> None:
    """A device by its codes (devices, procedures, findings) and by exact texts."""
    device = entry.choice("id", OxygenDevice)
    row = TableRow("devices", device, device)
    for code in closed(entry.entries("codes")):
        label = code.text("display", device.value)
        draft.bind_code(code, device, Support(device, label), row)
    label = entry.text("label", device.value.replace("-", " "))
    draft.bind_texts(entry, "texts", draft.device_names, device, Support(device, label), "devices")


def read_mode(draft: Draft, entry: Entry) -> None:
    """Ventilation mode texts, by the device whose state they show."""
    device = entry.choice("id", OxygenDevice)
    meaning = Support(device, device.value)
    draft.bind_texts(entry, "texts", draft.mode_names, f"mode: {device}", meaning, "devices")


def read_reason(draft: Draft, entry: Entry) -> None:
    """Reasons for support that the grading asks about."""
    name = entry.text("id")
    known = any(reason.name == name for reason in draft.reason_names.values())
    if draft.overlay and not known:
        raise entry.error("id", "no reason of this id; an overlay adds codes and texts to known ones")
    row = TableRow("devices", name, f"reason: {name}")
    for code in closed(entry.entries("codes")):
        draft.bind_code(code, name, Reason(name), row)
    draft.bind_texts(entry, "texts", draft.reason_names, name, Reason(name), "devices")


def read_condition(draft: Draft, entry: Entry) -> None:
    """A group of diagnoses: codes (with the grade a code names) and ICD ranges."""
    group = entry.choice("id", ConditionGroup)
    for code in closed(entry.entries("codes")):
        grade = int(code.number("grade")) if code.has("grade") else None
        if grade is not None and not 1 <= grade <= 5:
            raise code.error("grade", "must be from 1 to 5")
        display = code.text("display", group.value)
        draft.bind_code(code, group, Diagnosis(group, display, grade), TableRow("conditions", group, group))
    for band in closed(entry.entries("ranges")):
        meaning = Diagnosis(group, band.text("display", group.value))
        draft.bind_range(band, group, meaning, "conditions")
