"""The synthetic courses, one module each, in the order of the patient list."""

from __future__ import annotations

from cds_service.sandbox.courses import (
    child,
    fever_alone,
    home_cpap,
    low_pressure_and_cannula,
    low_saturation,
    masked_fever,
    norepinephrine,
    oxygen_not_charted,
    pneumonia,
    resolved,
    stale,
    teclistamab,
    vasopressin,
    ventilator,
    well,
)
from cds_service.sandbox.scenario import Scenario

COURSES: tuple[Scenario, ...] = (
    well.SCENARIO,
    fever_alone.SCENARIO,
    low_pressure_and_cannula.SCENARIO,
    norepinephrine.SCENARIO,
    vasopressin.SCENARIO,
    ventilator.SCENARIO,
    resolved.SCENARIO,
    child.SCENARIO,
    masked_fever.SCENARIO,
    home_cpap.SCENARIO,
    pneumonia.SCENARIO,
    stale.SCENARIO,
    oxygen_not_charted.SCENARIO,
    low_saturation.SCENARIO,
    teclistamab.SCENARIO,
)
