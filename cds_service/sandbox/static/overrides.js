// The reasons a card may be declined for: a menu, and a button that records the choice.

import { element } from "./dom.js";

// tell(reason) is called with the Coding that was chosen.
export function overrides(card, name, tell) {
  const menu = element(
    "select",
    { id: `reason-${name}` },
    element("option", { value: "" }, "Choose a reason"),
    ...card.overrideReasons.map((reason, place) => element("option", { value: `${place}` }, reason.display ?? reason.code)),
  );
  const button = element("button", { type: "button", class: "button quiet" }, "Do not follow");
  button.disabled = true;
  menu.addEventListener("change", () => (button.disabled = menu.value === ""));
  button.addEventListener("click", () => {
    menu.disabled = true;
    button.disabled = true;
    tell(card.overrideReasons[Number(menu.value)]);
  });
  return element(
    "div",
    { class: "overrides" },
    element("label", { for: `reason-${name}` }, "Not following this card"),
    menu,
    button,
  );
}
