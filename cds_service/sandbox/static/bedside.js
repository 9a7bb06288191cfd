// What a nurse does at the bedside: charts one value. The field that fits what is charted is shown.

import { byId } from "./dom.js";
import { say } from "./said.js";
import { chartValue } from "./ward.js";

// patient() gives the id of the patient whose chart is open.
export function start(patient) {
  const [kind, value, oxygen, unit] = ["value-kind", "value-number", "value-oxygen", "value-unit"].map(byId);

  function fit() {
    const chosen = kind.selectedOptions[0];
    const isOxygen = chosen.value === "oxygen";
    value.hidden = isOxygen;
    oxygen.hidden = !isOxygen;
    unit.textContent = chosen.dataset.unit ?? "";
    byId("value-said").textContent = "";
  }

  async function submit(event) {
    event.preventDefault();
    const isOxygen = kind.value === "oxygen";
    const text = isOxygen ? oxygen.value : value.value.trim();
    const words = isOxygen ? oxygen.selectedOptions[0].text : `${text} ${unit.textContent}`;
    const whose = patient();
    try {
      await chartValue(whose, kind.value, text);
      if (!say("value-said", whose, `Charted: ${words}.`)) return;
      value.value = "";
      value.removeAttribute("aria-invalid");
    } catch (error) {
      if (say("value-said", whose, error.message)) value.setAttribute("aria-invalid", "true");
    }
  }

  kind.addEventListener("change", fit);
  byId("value-form").addEventListener("submit", submit);
  fit();
}
