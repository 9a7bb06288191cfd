// One draft order in the pad: its fields, what it says in words, and what the service says about it.

import { combobox } from "./combobox.js";
import { button, element } from "./dom.js";
import { doseProblem, fields, findDrugs, inWords, nameOf, often, withDrug, withFields } from "./drafts.js";

// edited(draft) is called with the draft after each change, removed() when it is taken out.
export function draftRow(first, catalogue, { edited, removed }) {
  let draft = first;
  const id = first.id;
  const words = element("p", { class: "words" });
  const problem = element("p", { class: "problem", role: "alert" });
  const status = element("p", { class: "status", role: "status" });
  const cards = element("div", { class: "draft-cards" });
  const place = element("div", { class: "draft-fields" });
  const item = element("li", { class: "draft", "data-draft": id }, place, words, problem, status, cards);
  const remove = button("Remove", removed);
  let inputs = {};

  function build() {
    inputs = {};
    place.replaceChildren(...(draft.resourceType === "MedicationRequest" ? medication() : []), remove);
    say();
  }

  function say() {
    words.textContent = inWords(draft);
    remove.setAttribute("aria-label", `Remove: ${inWords(draft)}`);
  }

  function medication() {
    const now = fields(draft);
    const drug = combobox({ id: `${id}-drug`, value: now.drug, find: findDrugs, chosen: takeDrug });
    inputs.dose = element("input", { id: `${id}-dose`, type: "text", inputmode: "decimal", autocomplete: "off", value: now.dose });
    inputs.unit = menu("unit", catalogue.units.map(({ code, unit }) => [code, unit]), now.unit);
    inputs.route = menu("route", [["", "–"], ...catalogue.routes.map(({ id: route }) => [route, route])], now.route);
    const times = ["once", ...catalogue.hours.map(String)];
    inputs.every = menu("every", [["", "–"], ...times.map((each) => [each, often(each)])], now.every);
    for (const input of Object.values(inputs)) input.addEventListener("input", typed);
    return [
      labelled(`${id}-drug`, "Drug", drug, "wide"),
      labelled(`${id}-dose`, "Dose", inputs.dose),
      labelled(`${id}-unit`, "Unit", inputs.unit),
      labelled(`${id}-route`, "Route", inputs.route),
      labelled(`${id}-every`, "How often", inputs.every),
    ];
  }

  function menu(name, choices, value) {
    const known = choices.some(([each]) => each === value);
    const all = known ? choices : [...choices, [value, value]];
    const options = all.map(([each, text]) => element("option", { value: each, selected: each === value ? "" : undefined }, text));
    return element("select", { id: `${id}-${name}` }, ...options);
  }

  function takeDrug(drug) {
    if (nameOf(draft) === drug.name) return;
    const isNew = !nameOf(draft);
    draft = withDrug(draft, drug);
    if (isNew) draft = withFields(draft, { ...fields(draft), unit: drug.unit, route: drug.route, every: "once", dose: "" });
    build();
    inputs.dose.focus();
    edited(draft);
  }

  function typed() {
    const values = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]));
    problem.textContent = doseProblem(values.dose);
    inputs.dose.setAttribute("aria-invalid", `${problem.textContent !== ""}`);
    if (problem.textContent) return edited(null);
    draft = withFields(draft, values);
    say();
    edited(draft);
  }

  function show(changed) {
    draft = changed;
    problem.textContent = "";
    build();
  }

  build();
  return {
    item, status, cards, show,
    problem: () => problem.textContent,
    focus: () => item.querySelector("input, button").focus(),
  };
}

function labelled(id, text, field, kind = "") {
  return element("div", { class: `field ${kind}`.trim() }, element("label", { for: id }, text), field);
}
