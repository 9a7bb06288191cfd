"""The codes that the synthetic charts are written in: LOINC, SNOMED CT, RxNorm, ICD-10-PCS and ICD-10-CM."""

from __future__ import annotations

from dataclasses import dataclass

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
ICD10_CM = "http://hl7.org/fhir/sid/icd-10-cm"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept; ``system`` empty means that the chart has only the text.

    ``charted`` is what people read where that is shorter than the display.
    """

    system: str
    code: str
    display: str
    charted: str = ""

    @property
    def text(self) -> str:
        return self.charted or self.display


def text_only(text: str) -> Code:
    return Code("", "", text)


BODY_TEMPERATURE = Code(LOINC, "8310-5", "Body temperature")
ORAL_TEMPERATURE = Code(LOINC, "8331-1", "Oral temperature")
TYMPANIC_TEMPERATURE = Code(LOINC, "8333-7", "Tympanic membrane temperature")
CORE_TEMPERATURE = Code(LOINC, "8329-5", "Body temperature - Core")
HEART_RATE = Code(LOINC, "8867-4", "Heart rate")
RESPIRATORY_RATE = Code(LOINC, "9279-1", "Respiratory rate")
PULSE_OXIMETRY = Code(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry")
SATURATION = Code(LOINC, "2708-6", "Oxygen saturation in Arterial blood")

PRESSURE_PANEL = Code(LOINC, "85354-9", "Blood pressure panel with all children optional")
SYSTOLIC = Code(LOINC, "8480-6", "Systolic blood pressure")
DIASTOLIC = Code(LOINC, "8462-4", "Diastolic blood pressure")
CUFF_SYSTOLIC = Code(LOINC, "76534-7", "Systolic blood pressure by Noninvasive")
CUFF_DIASTOLIC = Code(LOINC, "76535-4", "Diastolic blood pressure by Noninvasive")
ARTERIAL_SYSTOLIC = Code(LOINC, "76215-3", "Invasive Systolic blood pressure")
ARTERIAL_DIASTOLIC = Code(LOINC, "76213-8", "Invasive Diastolic blood pressure")
ARTERIAL_MEAN = Code(LOINC, "76214-6", "Invasive Mean blood pressure")

OXYGEN_SUPPORT = Code(LOINC, "107117-4", "Oxygen support")
OXYGEN_FLOW = Code(LOINC, "3151-8", "Inhaled oxygen flow rate")
INHALED_OXYGEN = Code(LOINC, "3150-0", "Inhaled oxygen concentration")
VENTILATOR_OXYGEN = Code(LOINC, "19994-3", "Oxygen/Inspired gas setting [Volume Fraction] Ventilator")
PEEP = Code(LOINC, "20077-4", "Positive end expiratory pressure setting Ventilator")

WEIGHT = Code(LOINC, "29463-7", "Body weight")
MEASURED_WEIGHT = Code(LOINC, "3141-9", "Body weight Measured")
CRP = Code(LOINC, "1988-5", "C reactive protein [Mass/volume] in Serum or Plasma")
FERRITIN = Code(LOINC, "2276-4", "Ferritin [Mass/volume] in Serum or Plasma")
FIBRINOGEN = Code(LOINC, "3255-7", "Fibrinogen [Mass/volume] in Platelet poor plasma by Coagulation assay")
NEUTROPHILS = Code(LOINC, "751-8", "Neutrophils [#/volume] in Blood by Automated count")
CREATININE = Code(LOINC, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma")
BILIRUBIN = Code(LOINC, "1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma")
ALT = Code(LOINC, "1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma")
AST = Code(LOINC, "1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma")
PLATELETS = Code(LOINC, "777-3", "Platelets [#/volume] in Blood by Automated count")

ROOM_AIR = Code(SNOMED, "722742002", "Breathing room air", "room air")
NASAL_CANNULA = Code(SNOMED, "336623009", "Oxygen nasal cannula", "nasal cannula")
CANNULA_OXYGEN = Code(SNOMED, "371907003", "Oxygen administration by nasal cannula", "nasal cannula")
HIGH_FLOW_CANNULA = Code(SNOMED, "426854004", "High flow oxygen nasal cannula", "high-flow nasal cannula")
BIPAP = Code(SNOMED, "243142003", "Dual pressure spontaneous ventilation support", "BiPAP")
NOCTURNAL_CPAP = Code(
    SNOMED, "34281000175105", "Nocturnal continuous positive airway pressure", "nocturnal CPAP"
)
MECHANICAL_VENTILATOR = Code(SNOMED, "449071006", "Mechanical ventilator", "ventilator")
INTRAVENOUS = Code(SNOMED, "47625008", "Intravenous route")
SUBCUTANEOUS = Code(SNOMED, "34206005", "Subcutaneous route")
ORAL = text_only("oral")

AXI_CEL_INFUSION = Code(ICD10_PCS, "XW043H7", "axicabtagene ciloleucel, central vein")
TISA_CEL_INFUSION = Code(ICD10_PCS, "XW043J7", "tisagenlecleucel, central vein")
IDE_CEL_INFUSION = Code(ICD10_PCS, "XW043K7", "idecabtagene vicleucel, central vein")
CILTA_CEL_INFUSION = Code(ICD10_PCS, "XW043A7", "ciltacabtagene autoleucel, central vein")
AXI_CEL = Code(RXNORM, "1987402", "axicabtagene ciloleucel (Yescarta)", "axicabtagene ciloleucel")
BREXU_CEL = Code(RXNORM, "2387347", "brexucabtagene autoleucel (Tecartus)", "brexucabtagene autoleucel")
LISO_CEL = Code(RXNORM, "2479140", "lisocabtagene maraleucel (Breyanzi)", "lisocabtagene maraleucel")
TECLISTAMAB = Code(RXNORM, "2619441", "teclistamab (Tecvayli)", "teclistamab")

ACETAMINOPHEN = Code(RXNORM, "161", "acetaminophen")
TOCILIZUMAB_400 = Code(RXNORM, "1657981", "20 ML tocilizumab 20 MG/ML Injection", "tocilizumab")
DEXAMETHASONE = Code(RXNORM, "3264", "dexamethasone")
METHYLPREDNISOLONE = Code(RXNORM, "6902", "methylprednisolone")
NOREPINEPHRINE = Code(RXNORM, "7512", "norepinephrine")
NOREPINEPHRINE_INJECTION = Code(RXNORM, "242969", "norepinephrine 1 MG/ML Injection", "norepinephrine")
EPINEPHRINE = Code(RXNORM, "3992", "epinephrine")
VASOPRESSIN = Code(RXNORM, "11149", "vasopressin (USP)", "vasopressin")
CEFEPIME = Code(RXNORM, "20481", "cefepime")
ALLOPURINOL = text_only("allopurinol 300 mg tablet")
LEVETIRACETAM = Code(RXNORM, "114477", "levetiracetam")
SALINE_BOLUS = text_only("sodium chloride 0.9 % bolus")

CRS_UNSPECIFIED = Code(ICD10_CM, "D89.839", "Cytokine release syndrome, grade unspecified")
