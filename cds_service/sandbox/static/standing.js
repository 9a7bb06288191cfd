// The active orders of the chart: what stands, and that it is given or stopped.

import { search } from "./chart.js";
import { ago, button, byId, element } from "./dom.js";
import { inWords, nameOf } from "./drafts.js";
import { say } from "./said.js";
import { carryOut } from "./ward.js";

export async function showStanding(patientId, signal) {
  const of = `patient=${encodeURIComponent(patientId)}&status=active&_count=200`;
  const [drugs, services] = await Promise.all([
    search(`MedicationRequest?${of}&_sort=-authoredon`, signal),
    search(`ServiceRequest?${of}&_sort=-authored`, signal),
  ]);
  const orders = [...drugs, ...services];
  const rows = orders.map((order) => row(patientId, order));
  const place = byId("standing");
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  place.replaceChildren(...(rows.length ? rows : [element("li", { class: "empty" }, "No active order.")]));
  if (focused) ([...place.querySelectorAll("button")].find((each) => each.getAttribute("aria-label") === focused) ?? byId("standing-title")).focus();
}

function row(patientId, order) {
  const text = element("span", { class: "order-text" }, inWords(order), element("small", {}, ago(order.authoredOn)));
  let isDone = false;
  const act = (what, label) => button(label, async () => {
    if (isDone) return;
    isDone = true; // a second click is no second dose; the list is made anew
    isDone = await carry(patientId, order, what);
  });
  const choices = order.resourceType === "MedicationRequest" ? [act("give", "Give"), act("stop", "Stop")] : [act("stop", "Stop")];
  for (const choice of choices) choice.setAttribute("aria-label", `${choice.textContent}: ${inWords(order)}`);
  return element("li", {}, text, element("span", { class: "acts" }, ...choices));
}

// Whether it was done.
async function carry(patientId, order, what) {
  try {
    const [made] = await carryOut(patientId, order.id, what);
    const given = `Given now: ${nameOf(order)} (${made.resourceType}/${made.id}).`;
    say("standing-said", patientId, what === "give" ? given : `Stopped: ${nameOf(order)}.`);
    return true;
  } catch (error) {
    say("standing-said", patientId, error.message);
    return false;
  }
}
