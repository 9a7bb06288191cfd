// The newest readings of a chart, each with its course as a small line.

import { ago, element } from "./dom.js";
import { fhirServer } from "./hook.js";
import { sparkline } from "./sparkline.js";

const TEMPERATURE = ["8310-5", "8331-1", "8333-7", "8329-5"];
const SYSTOLIC = ["8480-6", "76534-7", "76215-3"];
const DIASTOLIC = ["8462-4", "76535-4", "76213-8"];
const SATURATION = ["59408-5", "2708-6"];
const DEVICE = ["107117-4"];
const FLOW = ["3151-8"];

export async function loadChart(patientId, signal) {
  const of = `patient=${encodeURIComponent(patientId)}`;
  const [vitals, procedures, drips] = await Promise.all([
    search(`Observation?${of}&category=vital-signs&_sort=-date&_count=500`, signal),
    search(`Procedure?${of}&status=in-progress`, signal),
    search(`MedicationAdministration?${of}&status=in-progress`, signal),
  ]);
  const values = vitals.flatMap(readings).sort((a, b) => a.time - b.time);
  return [
    temperature(pick(values, TEMPERATURE)),
    pressure(values),
    measured("SpO2", pick(values, SATURATION), { low: 88, high: 100 }),
    oxygen(values, procedures),
    infusions(drips),
  ];
}

export async function search(query, signal) {
  const response = await fetch(`${fhirServer}/${query}`, { headers: { Accept: "application/fhir+json" }, signal });
  if (!response.ok) throw new Error(`The FHIR server answered ${response.status}.`);
  const bundle = await response.json();
  return (bundle.entry ?? []).map((entry) => entry.resource);
}

// Each value of an Observation, its components included.
function readings(observation) {
  const time = new Date(observation.effectiveDateTime).getTime();
  return [observation, ...(observation.component ?? [])]
    .filter((part) => part.valueQuantity || part.valueCodeableConcept)
    .map((part) => ({
      code: part.code.coding?.[0]?.code,
      time,
      value: part.valueQuantity?.value,
      unit: part.valueQuantity?.unit,
      text: part.valueCodeableConcept?.text,
    }));
}

function pick(values, codes) {
  return values.filter((reading) => codes.includes(reading.code));
}

function tile(title, value, note, line) {
  const content = element("dd", {}, element("span", { class: "value" }, value), element("span", { class: "when" }, note));
  if (line) content.append(line);
  return element("div", { class: line ? "tile" : "tile plain" }, element("dt", {}, title), content);
}

function measured(title, list, scale) {
  if (!list.length) return tile(title, "not charted", "");
  const last = list[list.length - 1];
  return tile(title, `${last.value} ${last.unit}`, ago(last.time), sparkline(list, scale));
}

function temperature(list) {
  const fahrenheit = list[0]?.unit === "°F";
  const scale = fahrenheit ? { low: 97, high: 101, limit: 100.4 } : { low: 36.2, high: 38.5, limit: 38 };
  return measured("Temperature", list, scale);
}

function pressure(values) {
  const list = pick(values, SYSTOLIC);
  if (!list.length) return tile("Blood pressure", "not charted", "");
  const last = list[list.length - 1];
  const below = pick(values, DIASTOLIC).findLast((reading) => reading.time === last.time);
  const both = below ? `${last.value}/${below.value}` : `${last.value}`;
  return tile("Blood pressure", `${both} ${last.unit}`, ago(last.time), sparkline(list, { low: last.value - 15, high: last.value + 15 }));
}

function oxygen(values, procedures) {
  const charted = pick(values, DEVICE).map((reading) => ({ time: reading.time, text: reading.text }));
  const running = procedures.map((item) => ({ time: Date.parse(item.performedPeriod?.start), text: item.code.text }));
  const device = [...charted, ...running].sort((a, b) => a.time - b.time).at(-1);
  if (!device) return tile("Oxygen", "not charted", "");
  const flow = pick(values, FLOW).findLast((reading) => reading.time >= device.time);
  const rate = flow ? `${flow.value} ${flow.unit}, ` : "";
  return tile("Oxygen", device.text, `${rate}${ago(flow?.time ?? device.time)}`);
}

function infusions(drips) {
  if (!drips.length) return tile("Running infusions", "none", "");
  const lines = drips.map((drip) => {
    const name = drip.medicationCodeableConcept?.text ?? drip.medicationReference?.display ?? "medication";
    const rate = drip.dosage?.rateQuantity;
    const amount = rate ? element("small", {}, `${rate.value} ${rate.unit}`) : "";
    return element("span", { class: "drip" }, name, amount);
  });
  return tile("Running infusions", element("span", {}, ...lines), "");
}
