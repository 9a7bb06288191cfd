// Elements without innerHTML: text is always text, whatever it holds.

import { now } from "./ward.js";

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function ago(time) {
  const minutes = Math.max(0, Math.round((now() - new Date(time).getTime()) / 60000));
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1440)} d ago`;
}

export function clockTime(time) {
  const iso = new Date(time).toISOString();
  const month = new Date(time).toLocaleDateString("en-GB", { month: "short", timeZone: "UTC" });
  return `${Number(iso.slice(8, 10))} ${month} ${iso.slice(11, 16)}`;
}

export function button(text, press, kind = "quiet") {
  const made = element("button", { type: "button", class: `button ${kind}` }, text);
  made.addEventListener("click", press);
  return made;
}
