"""Oxygen and ventilation: devices, modes, flow and FiO2 from wherever they are charted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from fhir_mappings.amounts import check_amount, read_value
from fhir_mappings.chart import Chart
from fhir_mappings.code_systems import plain
from fhir_mappings.datetimes import PERFORMED, TIMING, Span, TimeKeys, read_span
from fhir_mappings.facts import Concept, OxygenDevice, OxygenSupport
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import (
    ConceptSpec,
    Conflict,
    Measure,
    StateQuestion,
    Support,
    Told,
    Unasked,
)
from fhir_mappings.reasons import reasons_of
from fhir_mappings.resources import Json, codings, is_answered, record, records, status_of, text, texts_of

OXYGEN_DEVICE = "oxygen-device"
VENTILATION_MODE = "ventilation-mode"
SUPPORTED = frozenset({"completed", "in-progress", "stopped"})
NOT_READ = ("device-not-understood", "conflicting-codes")
WORN = frozenset({"active", "completed", "stopped"})
RUNNING = ("in-progress", "active")


@dataclass(slots=True)
class OxygenParts:
    """What one Observation says of oxygen support, gathered part by part."""

    reference: str
    time: datetime
    chart: Chart
    devices: list[Support] = field(default_factory=list)
    modes: list[Support] = field(default_factory=list)
    named: Support | None = None
    """The state that a code itself names; a device charted beside it is more exact."""
    not_read: Support | None = None
    """Something was charted that no table knows: what held before holds no longer."""
    amount_refused: bool = False
    """Not room air, or an amount that could not be read: there is oxygen, of an unknown amount."""
    flow: Decimal | None = None
    fio2: Decimal | None = None

    def add(self, meaning: Told, holder: Json) -> None:
        if isinstance(meaning, Measure):
            self._add_amount(meaning.spec, holder)
        elif isinstance(meaning, StateQuestion):
            self._add_answer(meaning, holder)
        elif isinstance(meaning, Support):
            self._add_state(meaning, holder)
        elif isinstance(meaning, Unasked):
            self._note(Refusal("device-not-understood"), OXYGEN_DEVICE, meaning.label)
            self.not_read = Support(OxygenDevice.NOT_UNDERSTOOD, meaning.label)

    def _add_amount(self, spec: ConceptSpec, holder: Json) -> None:
        charted = read_value(holder, self.chart.book)
        amount = charted if isinstance(charted, Refusal) else check_amount(charted, spec)
        if isinstance(amount, Refusal):
            shown = ("", "") if isinstance(charted, Refusal) else (charted.value, charted.text)
            self._note(amount, spec.concept, *shown)
            self.amount_refused = self.amount_refused or amount.code != "value-absent"
        elif spec.concept is Concept.OXYGEN_FLOW:
            self.flow = amount.value if self.flow is None else max(self.flow, amount.value)
        else:
            self.fio2 = amount.value if self.fio2 is None else max(self.fio2, amount.value)

    def _add_answer(self, question: StateQuestion, holder: Json) -> None:
        answer = read_answer(holder, question.mode, self.chart)
        if isinstance(answer, Refusal):
            concept = VENTILATION_MODE if question.mode else OXYGEN_DEVICE
            words = charted_text(holder)
            self._note(answer, concept, words)
            if answer.code in NOT_READ or is_masked(holder):
                self.not_read = self.not_read or Support(OxygenDevice.NOT_UNDERSTOOD, words)
        else:
            (self.modes if question.mode else self.devices).append(answer)

    def _add_state(self, state: Support, holder: Json) -> None:
        if "valueQuantity" in holder:
            self._add_amount(self.chart.book.specs[Concept.OXYGEN_FLOW], holder)
        elif "valueBoolean" in holder:
            if holder["valueBoolean"] is not True:
                self._note(Refusal("negated"), OXYGEN_DEVICE, state.label)
                self.amount_refused |= state.device is OxygenDevice.ROOM_AIR
                return
        elif is_answered(holder) or "dataAbsentReason" in holder:
            self._add_answer(StateQuestion(), holder)
            if state.device is not OxygenDevice.ROOM_AIR and not self.devices:
                self.not_read = self.not_read or Support(OxygenDevice.NOT_UNDERSTOOD, state.label)
            return
        self.named = self.named or state

    def add_devices_of(self, resource: Json) -> None:
        """A device that the Observation refers to, where it is one of oxygen support."""
        if "device" in resource or "usedCode" in resource:
            self.devices.extend(used_devices(resource, ("device",), self.chart))

    def _note(self, refusal: Refusal, concept: str, value: object = "", unit: str = "") -> None:
        self.chart.note(
            refusal.code,
            self.reference,
            concept,
            value=value,
            unit=unit,
            time=self.time,
            detail=refusal.detail,
        )

    def finish(self) -> None:
        """Hand over one item a device, one a mode; flow and FiO2 go with the first."""
        devices: list[Support | None] = [*unique(self.devices)] or [self.named]
        if self.not_read is not None:
            devices = [*(d for d in devices if d is not None), self.not_read]
        flow, fio2 = self.flow, self.fio2
        for support in devices:
            if support is not None or flow is not None or fio2 is not None or self.amount_refused:
                device, label = (support.device, support.label) if support else (None, "")
                self.chart.oxygen.append(OxygenSupport(self.time, self.reference, device, label, flow, fio2))
            flow = fio2 = None
        for mode in unique(self.modes):
            self.chart.oxygen.append(
                OxygenSupport(self.time, self.reference, mode.device, mode.label, mode=True)
            )


def is_masked(holder: Json) -> bool:
    """Charted, and withheld from the reader."""
    reasons = codings(holder.get("dataAbsentReason"))
    return any(text(reason.get("code")) == "masked" for reason in reasons)


def unique(supports: list[Support]) -> list[Support]:
    """Each once, in their order."""
    return supports if len(supports) < 2 else list(dict.fromkeys(supports))


def charted_text(holder: Json) -> str:
    """The words of an answer, for showing what was not understood."""
    concept = holder.get("valueCodeableConcept", holder.get("valueCoding"))
    words = [text(holder.get("valueString")), *texts_of(concept), text(record(concept).get("display"))]
    return next((each for each in words if each), "")


def read_answer(holder: Json, mode: bool, chart: Chart) -> Support | Refusal:
    """The device or mode that a value names, by code or by its exact text."""
    concept = holder.get("valueCodeableConcept")
    if "valueCoding" in holder:
        concept = {"coding": [holder["valueCoding"]]}
    words = [text(holder.get("valueString"))]
    if concept is not None:
        meaning = chart.book.meaning(concept)
        if isinstance(meaning, Support):
            return meaning
        if isinstance(meaning, Conflict):
            return Refusal("conflicting-codes")
        words += texts_of(concept)
    found = by_name(words, mode, chart)
    if found is not None:
        return found
    return Refusal("device-not-understood" if is_answered(holder) else "value-absent")


def by_name(words: Iterable[str], mode: bool, chart: Chart) -> Support | None:
    book = chart.book
    for word in words:
        name = plain(word)
        known = (book.mode_names.get(name) if mode else None) or book.device_names.get(name)
        if known is not None:
            return Support(known.device, word)
    return None


def named_or_mentioned(words: Iterable[str], chart: Chart) -> Support | None:
    """By an exact name; one that is mentioned among other words is not understood, and not passed over."""
    found = list(words)
    mention = next((word for word in found if chart.book.device_mention.search(plain(word))), None)
    named = by_name(found, False, chart)
    return named or (Support(OxygenDevice.NOT_UNDERSTOOD, mention) if mention else None)


def used_devices(resource: Json, keys: tuple[str, ...], chart: Chart) -> list[Support]:
    """The oxygen devices in ``usedCode`` and in references to devices, by code or exact name."""
    found: list[Support | None] = [
        _device_of(concept, (), chart) for concept in records(resource.get("usedCode"))
    ]
    for key in keys:
        for link in records(resource.get(key)):
            device = record(chart.gathered.resolve(link, "Device", resource))
            names = [text(name.get("name")) for name in records(device.get("deviceName"))]
            names += [text(link.get("display")), text(record(link.get("concept")).get("text"))]
            found.append(_device_of(device.get("type"), tuple(filter(None, names)), chart))
    return [support for support in found if support is not None]


def _device_of(concept: Any, names: tuple[str, ...], chart: Chart) -> Support | None:
    meaning = chart.book.meaning(concept)
    if isinstance(meaning, Support):
        return meaning
    return named_or_mentioned([*texts_of(concept), *names], chart)


def read_support_procedure(reference: str, resource: Json, support: Support | None, chart: Chart) -> None:
    """A Procedure of oxygen or ventilation; the device it used is more exact than its code."""
    devices = used_devices(resource, ("usedReference",), chart) or ([support] if support else [])
    if not devices or not chart.belongs(resource, reference, OXYGEN_DEVICE):
        return
    _add_span(reference, resource, devices, PERFORMED, SUPPORTED, chart)


def read_device_use(reference: str, resource: Json, chart: Chart) -> None:
    """A DeviceUseStatement of an oxygen device."""
    devices = used_devices(resource, ("device",), chart)
    if devices and chart.belongs(resource, reference, OXYGEN_DEVICE):
        _add_span(reference, resource, devices, TIMING, WORN, chart)


def _add_span(
    reference: str,
    resource: Json,
    devices: list[Support],
    keys: TimeKeys,
    usable: frozenset[str],
    chart: Chart,
) -> None:
    span = read_span(resource, keys, chart.zone)
    time = chart.admit(resource, reference, OXYGEN_DEVICE, span, usable)
    if time is None or isinstance(span, Refusal):
        return
    ongoing = (span.open or not span.period) and status_of(resource) in RUNNING
    reasons = frozenset(reasons_of(resource, chart))
    end = _end_of(span)
    for support in unique(devices):
        if support.device is OxygenDevice.NOT_UNDERSTOOD:
            chart.note("device-not-understood", reference, OXYGEN_DEVICE, value=support.label, time=time)
        chart.oxygen.append(
            OxygenSupport(
                time, reference, support.device, support.label, ongoing=ongoing, end=end, reasons=reasons
            )
        )


def _end_of(span: Span) -> datetime | None:
    return span.end.time if span.end is not None else None
