// What a card offers for signing: one button a suggestion. Taking one puts its orders into the pad.

import { element } from "./dom.js";

// take(suggestion) does it, or throws; taken(all) is called with those taken so far, refused(error) where it threw.
export function offers(card, { take, taken, refused }) {
  const single = card.selectionBehavior === "at-most-one";
  const all = [];
  const rows = card.suggestions.map((suggestion) => offer(suggestion));
  for (const row of rows) row.button.addEventListener("click", () => press(row));

  function press(row) {
    if (row.button.getAttribute("aria-disabled") === "true") return;
    try {
      take(row.suggestion);
    } catch (error) {
      refused(error);
      return;
    }
    all.push(row.suggestion);
    row.show();
    for (const other of single ? rows : [row]) other.button.setAttribute("aria-disabled", "true");
    taken([...all]);
  }

  const how = single ? "one of these" : "any of these";
  return element(
    "section",
    { class: "offers" },
    element("h4", {}, "Ready to sign ", element("span", { class: "how" }, how)),
    element("ul", {}, ...rows.map((row) => row.item)),
  );
}

function offer(suggestion) {
  const sign = element("span", { "aria-hidden": "true" }, "+");
  const state = element("span", { class: "hidden" }, "Take: ");
  const button = element("button", { type: "button", class: "offer" }, sign, state, element("span", {}, suggestion.label ?? ""));
  const item = element("li", {}, button);
  if (suggestion.isRecommended) item.append(element("span", { class: "recommended" }, "Recommended"));
  const show = () => {
    sign.textContent = "✓";
    state.textContent = "Taken: ";
    button.classList.add("taken");
    if (suggestion.actions?.length) item.append(drafts(suggestion.actions));
  };
  return { suggestion, button, item, show };
}

function drafts(actions) {
  const resources = actions.map((action) => action.resource ?? { deleted: action.resourceId });
  const word = resources.length === 1 ? "Draft order" : `${resources.length} draft orders`;
  return element(
    "details",
    { class: "drafts" },
    element("summary", {}, `${word} as FHIR`),
    element("pre", { tabindex: "0" }, resources.map((resource) => JSON.stringify(resource, null, 2)).join("\n\n")),
  );
}
