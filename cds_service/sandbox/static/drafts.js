// Draft orders as FHIR: a MedicationRequest is what the pad edits, its fields are only a view of it.
// Whatever the fields do not show (reason, duration, bounds) stays as the service wrote it.

let catalogue = null;

export async function loadCatalogue() {
  if (catalogue) return catalogue;
  const response = await fetch("/ehr/catalogue");
  if (!response.ok) throw new Error(`The list of drugs answered ${response.status}.`);
  catalogue = await response.json();
  return catalogue;
}

export function blank(patientId, encounterId, time) {
  return {
    resourceType: "MedicationRequest",
    id: freshId(),
    status: "draft",
    intent: "order",
    subject: { reference: `Patient/${patientId}` },
    encounter: { reference: `Encounter/${encounterId}` },
    authoredOn: time,
  };
}

export function freshId() {
  return `draft-${crypto.randomUUID().slice(0, 8)}`;
}

// Of a search text the drugs whose name, or another name of theirs, has each of its words.
export function findDrugs(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return catalogue.drugs.filter((drug) => {
    const names = `${drug.name} ${drug.also}`.toLowerCase();
    return words.every((word) => names.includes(word));
  });
}

// What the fields show of a draft.
export function fields(draft) {
  const instruction = draft.dosageInstruction?.[0] ?? {};
  const amount = instruction.doseAndRate?.[0]?.doseQuantity;
  return {
    drug: nameOf(draft),
    dose: amount?.value === undefined ? "" : `${amount.value}`,
    unit: amount?.code ?? amount?.unit ?? "mg",
    route: routeOf(instruction.route),
    every: everyOf(instruction.timing),
  };
}

export function nameOf(order) {
  const concept = order.medicationCodeableConcept ?? order.code;
  return concept?.text ?? concept?.coding?.[0]?.display ?? order.medicationReference?.display ?? "";
}

function routeOf(route) {
  const code = route?.coding?.[0]?.code;
  return catalogue.routes.find((known) => known.concept.coding[0].code === code)?.id ?? "";
}

// Hours between two doses, "once", or nothing where it is timed in a way that the pad does not offer.
function everyOf(timing) {
  const repeat = timing?.repeat ?? {};
  const hours = { h: 1, d: 24 }[repeat.periodUnit] * repeat.period;
  if (repeat.frequency === 1 && catalogue.hours.includes(hours)) return `${hours}`;
  return repeat.count === 1 && repeat.period === undefined ? "once" : "";
}

export function withDrug(draft, drug) {
  const { medicationReference, contained, ...kept } = draft;
  return { ...kept, medicationCodeableConcept: drug.concept };
}

// The draft with what was typed; only the fields that changed are written. Throws where the dose is no number.
export function withFields(draft, typed) {
  const before = fields(draft);
  const changed = Object.keys(typed).filter((name) => name !== "drug" && typed[name] !== before[name]);
  if (!changed.length) return draft;
  const instruction = structuredClone(draft.dosageInstruction?.[0] ?? {});
  if (changed.includes("dose") || changed.includes("unit")) writeDose(instruction, typed);
  if (changed.includes("route")) writeRoute(instruction, typed.route);
  if (changed.includes("every")) writeTiming(instruction, typed.every);
  instruction.text = words(typed, instruction.timing);
  if (!instruction.text) delete instruction.text;
  return { ...draft, dosageInstruction: [instruction, ...(draft.dosageInstruction ?? []).slice(1)] };
}

const NUMBER = /^\d{1,6}(\.\d{1,3})?$/;

export function doseProblem(text) {
  if (text === "" || (NUMBER.test(text) && Number(text) > 0)) return "";
  return text.includes(",") ? "Write the dose with a point, such as 358.8." : "The dose is a number, such as 560.";
}

function writeDose(instruction, { dose, unit }) {
  const problem = doseProblem(dose);
  if (problem) throw new Error(problem);
  if (dose === "") {
    delete instruction.doseAndRate;
    return;
  }
  const known = catalogue.units.find((each) => each.code === unit);
  const amount = { value: Number(dose), unit: known?.unit ?? unit, system: catalogue.ucum, code: unit };
  instruction.doseAndRate = [{ type: catalogue.doseType, doseQuantity: amount }];
}

function writeRoute(instruction, id) {
  const found = catalogue.routes.find((known) => known.id === id);
  if (found) instruction.route = found.concept;
  else delete instruction.route;
}

function writeTiming(instruction, every) {
  if (every === "once") instruction.timing = { repeat: { count: 1 } };
  else if (every) instruction.timing = { repeat: { frequency: 1, period: Number(every), periodUnit: "h" } };
  else delete instruction.timing;
}

function words({ dose, unit, route, every }, timing) {
  const amount = dose && `${dose} ${catalogue.units.find((each) => each.code === unit)?.unit ?? unit}`;
  const { duration, durationUnit } = timing?.repeat ?? {};
  return [amount, route, duration && `over ${duration} ${durationUnit}`, often(every)].filter(Boolean).join(" ");
}

export function often(every) {
  return every && every !== "once" ? `every ${every} hours` : every;
}

// One line for a person: what is ordered, as its text says it.
export function inWords(order) {
  const name = nameOf(order) || "no drug chosen";
  const texts = (order.dosageInstruction ?? []).map((instruction) => instruction.text).filter(Boolean);
  const said = texts.join("; ");
  if (!said) return name;
  return said.toLowerCase().startsWith(name.toLowerCase()) ? said : `${name} ${said}`;
}

// Drafts outlive a reload of their window, and are no other window's business.
const keyOf = (patientId) => `drafts:${patientId}`;

export function kept(patientId) {
  try {
    const found = JSON.parse(sessionStorage.getItem(keyOf(patientId)) ?? "[]");
    return Array.isArray(found) ? found.filter((draft) => draft?.resourceType && draft.id) : [];
  } catch {
    return [];
  }
}

export function keep(patientId, drafts) {
  sessionStorage.setItem(keyOf(patientId), JSON.stringify(drafts));
}
