"""The words of the vocabulary: what is measured, given, worn and diagnosed."""

from __future__ import annotations

from enum import StrEnum


class Concept(StrEnum):
    """What a reading measures; the canonical unit stands beside each."""

    TEMPERATURE = "temperature"  # Cel
    SYSTOLIC = "systolic"  # mm[Hg]
    MEAN_PRESSURE = "mean-pressure"  # mm[Hg]
    DIASTOLIC = "diastolic"  # mm[Hg]
    HEART_RATE = "heart-rate"  # /min
    RESPIRATORY_RATE = "respiratory-rate"  # /min
    SPO2 = "spo2"  # %
    WEIGHT = "weight"  # kg
    HEIGHT = "height"  # cm
    LEUKOCYTES = "leukocytes"  # 10*9/L
    NEUTROPHILS = "neutrophils"  # 10*9/L
    PLATELETS = "platelets"  # 10*9/L
    CRP = "crp"  # mg/L
    FERRITIN = "ferritin"  # ug/L
    FIBRINOGEN = "fibrinogen"  # g/L
    CREATININE = "creatinine"  # mg/dL
    BILIRUBIN = "bilirubin"  # mg/dL
    ALT = "alt"  # U/L
    AST = "ast"  # U/L
    LDH = "ldh"  # U/L
    INTERLEUKIN_6 = "interleukin-6"  # ng/L
    ICE_SCORE = "ice-score"  # {score}
    OXYGEN_FLOW = "oxygen-flow"  # L/min; becomes part of OxygenSupport
    FIO2 = "fio2"  # fraction 0.21-1.0; becomes part of OxygenSupport


class Method(StrEnum):
    """How a pressure was measured; a plain or panel value is not arterial."""

    CUFF = "cuff"
    ARTERIAL = "arterial"
    UNSPECIFIED = "unspecified"


class OxygenDevice(StrEnum):
    """Oxygen and ventilation devices by what ASTCT grading tells apart."""

    ROOM_AIR = "room-air"
    NASAL_CANNULA = "nasal-cannula"
    BLOW_BY = "blow-by"
    HIGH_FLOW_CANNULA = "high-flow-cannula"
    FACE_MASK = "face-mask"
    PARTIAL_REBREATHER = "partial-rebreather"
    NON_REBREATHER = "non-rebreather"
    VENTURI_MASK = "venturi-mask"
    AEROSOL_MASK = "aerosol-mask"
    FACE_TENT = "face-tent"
    TRACHEOSTOMY_MASK = "tracheostomy-mask"
    CPAP = "cpap"
    BIPAP = "bipap"
    NONINVASIVE_VENTILATION = "noninvasive-ventilation"
    NOCTURNAL_CPAP = "nocturnal-cpap"
    NOCTURNAL_BIPAP = "nocturnal-bipap"
    VENTILATOR = "ventilator"
    AIRWAY = "airway"  # endotracheal or tracheostomy tube: says nothing of pressure by itself
    OXYGEN_UNSPECIFIED = "oxygen-unspecified"
    STANDBY = "standby"  # a machine that is connected and not running: carries no state
    NOT_UNDERSTOOD = "not-understood"  # charted in words no table knows: an older state holds no longer


class DrugGroup(StrEnum):
    """What a drug means to CRS; one drug may be in several groups."""

    VASOPRESSOR = "vasopressor"
    VASOPRESSIN = "vasopressin"
    INOTROPE = "inotrope"
    ANTIPYRETIC = "antipyretic"
    ANTICYTOKINE = "anticytokine"
    TOCILIZUMAB = "tocilizumab"
    STEROID = "steroid"
    FLUID = "fluid"
    OTHER_IMMUNOSUPPRESSANT = "other-immunosuppressant"
    CAR_T = "car-t"
    T_CELL_ENGAGER = "t-cell-engager"


PRESSORS = frozenset({DrugGroup.VASOPRESSOR, DrugGroup.VASOPRESSIN})
"""What holds the blood pressure, counted or not."""


class Route(StrEnum):
    INTRAVENOUS = "intravenous"
    INTRAMUSCULAR = "intramuscular"
    SUBCUTANEOUS = "subcutaneous"
    ORAL = "oral"
    LOCAL = "local"  # topical, inhaled, ophthalmic, nasal, intra-articular: not systemic
    UNSPECIFIED = "unspecified"


class TherapyKind(StrEnum):
    CAR_T = "car-t"
    T_CELL_ENGAGER = "t-cell-engager"


class ConditionGroup(StrEnum):
    CRS = "crs"
    ICANS = "icans"
    INFECTION = "infection"
    COMORBIDITY = "comorbidity"
    SEIZURE = "seizure"


class Source(StrEnum):
    """The searches that a picture of a patient is made of."""

    PATIENT = "patient"
    VITALS = "vitals"  # temperature, pressures, SpO2
    OXYGEN = "oxygen"  # oxygen and ventilation Observations
    LABS = "labs"  # weight, blood count, CRP, ferritin, fibrinogen
    MEDICATIONS = "medications"  # MedicationAdministration
    PROCEDURES = "procedures"
    IMMUNIZATIONS = "immunizations"
    CONDITIONS = "conditions"
    ORDERS = "orders"  # active MedicationRequests
