// What a card offers for signing: one button a suggestion. Taking one shows the draft orders as they came.

import { element } from "./dom.js";

// tell(taken) is called with the suggestions taken so far.
export function offers(card, tell) {
  const single = card.selectionBehavior === "at-most-one";
  const taken = [];
  const rows = card.suggestions.map((suggestion) => offer(suggestion));
  for (const row of rows) row.button.addEventListener("click", () => take(row));

  function take(row) {
    if (row.button.getAttribute("aria-disabled") === "true") return;
    taken.push(row.suggestion);
    row.show();
    for (const other of single ? rows : [row]) other.button.setAttribute("aria-disabled", "true");
    tell([...taken]);
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
    item.append(drafts(suggestion.actions ?? []));
  };
  return { suggestion, button, item, show };
}

function drafts(actions) {
  const resources = actions.map((action) => action.resource ?? { deleted: action.resourceId });
  const word = resources.length === 1 ? "Draft order" : `${resources.length} draft orders`;
  return element(
    "details",
    { class: "drafts", open: "" },
    element("summary", {}, `Taken. ${word}, to be signed`),
    element("pre", { tabindex: "0" }, resources.map((resource) => JSON.stringify(resource, null, 2)).join("\n\n")),
  );
}
