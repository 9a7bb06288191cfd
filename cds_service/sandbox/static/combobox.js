// A search field with a list under it, for the keyboard and the mouse: ARIA's editable combobox.

import { element } from "./dom.js";

// find(text) gives options with a name and a note; chosen(option) is called with the one that is taken.
export function combobox({ id, value, find, chosen }) {
  const input = element("input", {
    id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", value,
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`,
  });
  const list = element("ul", { id: `${id}-list`, role: "listbox", class: "options", "aria-label": "Drugs found" });
  list.hidden = true;
  let options = [];
  let active = -1;
  let taken = value;

  function open() {
    options = find(input.value.trim());
    active = options.length === 1 ? 0 : -1;
    draw();
  }

  function draw() {
    const none = element("li", { class: "nothing", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "No such drug in this pad");
    list.replaceChildren(...(options.length ? options.map(row) : [none]));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (active >= 0) input.setAttribute("aria-activedescendant", `${id}-${active}`);
    else input.removeAttribute("aria-activedescendant");
    list.children[active]?.scrollIntoView({ block: "nearest" });
  }

  function row(option, place) {
    const note = option.also ? [element("small", {}, option.also)] : [];
    const made = element("li", { id: `${id}-${place}`, role: "option", "aria-selected": `${place === active}` }, option.name, ...note);
    made.addEventListener("mousedown", (event) => event.preventDefault());
    made.addEventListener("click", () => take(option));
    return made;
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function take(option) {
    taken = input.value = option.name;
    close();
    chosen(option);
  }

  function pressed(event) {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      if (options[active]) take(options[active]);
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    if (list.hidden) open();
    if (!options.length) return;
    active = (active + step + options.length) % options.length;
    draw();
  }

  input.addEventListener("input", open);
  input.addEventListener("keydown", pressed);
  input.addEventListener("blur", () => {
    const exact = options.find((option) => option.name.toLowerCase() === input.value.trim().toLowerCase());
    if (!list.hidden && exact) return take(exact);
    close();
    if (taken) input.value = taken; // the order is still for it
  });
  return element("div", { class: "combobox" }, input, list);
}
