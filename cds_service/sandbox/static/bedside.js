// What a nurse does at the bedside: charts one value. The field that fits what is charted is shown.

import { byId } from "./dom.js";
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
    const said = byId("value-said");
    try {
      await chartValue(patient(), kind.value, text);
      said.textContent = `Charted: ${isOxygen ? oxygen.selectedOptions[0].text : `${text} ${unit.textContent}`}.`;
      value.value = "";
      value.removeAttribute("aria-invalid");
    } catch (error) {
      said.textContent = error.message;
      value.setAttribute("aria-invalid", "true");
    }
  }

  kind.addEventListener("change", fit);
  byId("value-form").addEventListener("submit", submit);
  fit();
}
