"""The Patient resource: the day of birth, as exactly as it is known."""

from __future__ import annotations

from fhir_mappings.chart import Chart
from fhir_mappings.datetimes import read_date
from fhir_mappings.resources import Json, text

BIRTH_DATE = "birth-date"


def read_patient(reference: str, resource: Json, chart: Chart) -> None:
    if text(resource.get("id")) != chart.patient_id:
        chart.note("other-patient", reference, BIRTH_DATE)
        return
    if resource.get("modifierExtension"):
        chart.note("modifier-extension", reference, BIRTH_DATE)
        return
    born = resource.get("birthDate")
    if born is None:
        return
    days = read_date(text(born))
    if days is None or days[0] > chart.as_of.date():
        chart.note("birth-date-not-understood", reference, BIRTH_DATE)
        return
    chart.birth_date = days
