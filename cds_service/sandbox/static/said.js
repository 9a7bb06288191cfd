// Where it is said what became of something: at its place; where another chart is open by then, above it, with the patient.

import { byId } from "./dom.js";

export function say(place, patientId, text) {
  const here = location.hash === `#${patientId}`;
  const { name } = document.querySelector(`[data-patient="${CSS.escape(patientId)}"]`).dataset;
  byId(here ? place : "ward-said").textContent = here ? text : `${name}: ${text}`;
  return here;
}
