// The active orders of the chart: what stands, and that it is given or stopped.

import { search } from "./chart.js";
import { ago, button, byId, element } from "./dom.js";
import { inWords, nameOf } from "./drafts.js";
import { carryOut } from "./ward.js";

export async function showStanding(patientId, signal) {
  const of = `patient=${encodeURIComponent(patientId)}&status=active&_count=200`;
  const [drugs, services] = await Promise.all([
    search(`MedicationRequest?${of}&_sort=-authoredon`, signal),
    search(`ServiceRequest?${of}&_sort=-authored`, signal),
  ]);
  const orders = [...drugs, ...services];
  const rows = orders.map((order) => row(patientId, order));
  byId("standing").replaceChildren(...(rows.length ? rows : [element("li", { class: "empty" }, "No active order.")]));
}

function row(patientId, order) {
  const text = element("span", { class: "order-text" }, inWords(order), element("small", {}, ago(order.authoredOn)));
  const act = (what, label) => button(label, () => carry(patientId, order, what));
  const choices = order.resourceType === "MedicationRequest" ? [act("give", "Give"), act("stop", "Stop")] : [act("stop", "Stop")];
  for (const choice of choices) choice.setAttribute("aria-label", `${choice.textContent}: ${inWords(order)}`);
  return element("li", {}, text, element("span", { class: "acts" }, ...choices));
}

async function carry(patientId, order, what) {
  const said = byId("standing-said");
  try {
    const [made] = await carryOut(patientId, order.id, what);
    said.textContent = what === "give" ? `Given now: ${nameOf(order)} (${made.resourceType}/${made.id}).` : `Stopped: ${nameOf(order)}.`;
  } catch (error) {
    said.textContent = error.message;
  }
}
