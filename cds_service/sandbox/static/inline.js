// The inside of a line of Markdown: bold, italics, code, links, breaks, escapes.
// The result is DOM nodes made from text: markup in the input stays text.

import { element } from "./dom.js";

const PUNCTUATION = /[!-/:-@[-`{-~]/;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const ENTITY = /^&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,6}));/;
const LINK = /^\[([^[\]]*)\]\((https?:\/\/[^\s()<>"]+)\)/;

export function inline(text) {
  const fragment = document.createDocumentFragment();
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = special(text, at);
    if (found === null) {
      plain += text[at];
      at += 1;
      continue;
    }
    if (typeof found.node === "string") {
      plain += found.node;
    } else {
      fragment.append(plain, found.node);
      plain = "";
    }
    at += found.length;
  }
  fragment.append(plain);
  return fragment;
}

// What begins at a place of the text: a node (or text) and how many characters it takes, or null.
function special(text, at) {
  const rest = text.slice(at, at + 2);
  if (rest[0] === "\\") return escape(rest[1]);
  if (rest[0] === "`") return codeSpan(text, at);
  if (rest[0] === "&") return entity(text.slice(at, at + 12));
  if (rest[0] === "*" || rest[0] === "_") return emphasis(text, at);
  if (rest[0] === "[") return link(text.slice(at));
  if (rest[0] === " " || rest[0] === "\n") return lineEnd(text.slice(at));
  return null;
}

function escape(next) {
  if (next === "\n") return { node: element("br"), length: 2 };
  return next && PUNCTUATION.test(next) ? { node: next, length: 2 } : null;
}

function codeSpan(text, at) {
  const ticks = /^`+/.exec(text.slice(at))[0];
  let end = text.indexOf(ticks, at + ticks.length);
  while (end !== -1 && text[end + ticks.length] === "`") {
    end = text.indexOf(ticks, end + /^`+/.exec(text.slice(end))[0].length);
  }
  if (end === -1) return { node: ticks, length: ticks.length };
  const inside = text.slice(at + ticks.length, end).replaceAll("\n", " ");
  const trimmed = /^ .*[^ ].* $/.test(inside) ? inside.slice(1, -1) : inside;
  return { node: element("code", {}, trimmed), length: end + ticks.length - at };
}

function entity(text) {
  const match = ENTITY.exec(text);
  if (!match) return null;
  const [whole, decimal, hex, name] = match;
  if (name) return name in ENTITIES ? { node: ENTITIES[name], length: whole.length } : null;
  const point = decimal ? Number(decimal) : parseInt(hex, 16);
  const valid = point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
  return { node: valid ? String.fromCodePoint(point) : "\ufffd", length: whole.length };
}

function emphasis(text, at) {
  const mark = text[at];
  const run = /^(\*+|_+)/.exec(text.slice(at))[0].length;
  const width = Math.min(run, 2);
  const whole = { node: mark.repeat(run), length: run };
  if (run > 3 || !opens(text, at, run)) return whole;
  const end = closing(text, at + width, mark.repeat(width));
  if (end === -1) return run === 2 ? emphasisOf(text, at, mark, 1) ?? whole : whole;
  return wrapped(text, at, width, end);
}

function emphasisOf(text, at, mark, width) {
  const end = closing(text, at + width, mark);
  return end === -1 ? null : wrapped(text, at, width, end);
}

function wrapped(text, at, width, end) {
  const inside = inline(text.slice(at + width, end));
  return { node: element(width === 2 ? "strong" : "em", {}, inside), length: end + width - at };
}

function opens(text, at, run) {
  const next = text[at + run];
  if (next === undefined || /\s/.test(next)) return false;
  return text[at] === "*" || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ");
}

function closing(text, from, mark) {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") {
      at += 1;
    } else if (text[at] === "`") {
      at += codeSpan(text, at).length - 1;
    } else if (text[at] === mark[0]) {
      const run = /^(\*+|_+)/.exec(text.slice(at))[0].length;
      if (closes(text, at, run, mark) && at > from) return at + run - mark.length;
      at += run - 1;
    }
  }
  return -1;
}

function closes(text, at, run, mark) {
  if (/\s/.test(text[at - 1] ?? " ")) return false;
  if (run !== mark.length && run !== 3) return false;
  return mark[0] === "*" || !/[\p{L}\p{N}]/u.test(text[at + run] ?? " ");
}

function link(text) {
  const match = LINK.exec(text);
  if (!match) return null;
  const anchor = element("a", { href: match[2], target: "_blank", rel: "noopener noreferrer" }, match[1]);
  return { node: anchor, length: match[0].length };
}

function lineEnd(text) {
  const match = /^( *)\n */.exec(text);
  if (!match) return null;
  return { node: match[1].length >= 2 ? element("br") : " ", length: match[0].length };
}
