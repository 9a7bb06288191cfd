// A small renderer of GitHub Markdown for card details: paragraphs, headings, lists, tables, quotes.
// It makes DOM nodes from text and never parses HTML, so no markup in a card can run.

import { element } from "./dom.js";
import { inline } from "./inline.js";

const BLANK = /^\s*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +)(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const QUOTE = /^ {0,3}> ?/;
const DELIMITER = /^ {0,3}\|?( *:?-+:? *\|)* *:?-+:? *\|? *$/;

export function renderMarkdown(text) {
  return blocks(String(text).replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n"));
}

function blocks(lines) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  while (at < lines.length) {
    if (BLANK.test(lines[at])) {
      at += 1;
      continue;
    }
    const [node, length] = block(lines, at);
    fragment.append(node);
    at += length;
  }
  return fragment;
}

// The block that begins at a line, and how many lines it takes.
function block(lines, at) {
  const heading = HEADING.exec(lines[at]);
  if (heading) return [element("h4", {}, inline(heading[2])), 1];
  if (RULE.test(lines[at])) return [element("hr"), 1];
  if (QUOTE.test(lines[at])) return quote(lines, at);
  if (ITEM.test(lines[at])) return list(lines, at);
  if (isTable(lines, at)) return table(lines, at);
  return paragraph(lines, at);
}

function paragraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && !BLANK.test(lines[end]) && !interrupts(lines, end)) end += 1;
  const text = lines.slice(at, end).map((line) => line.trimStart()).join("\n").trimEnd();
  return [element("p", {}, inline(text)), end - at];
}

function interrupts(lines, at) {
  const item = ITEM.exec(lines[at]);
  const beginsList = item && (!/\d/.test(item[2]) || parseInt(item[2], 10) === 1);
  return beginsList || HEADING.test(lines[at]) || QUOTE.test(lines[at]) || RULE.test(lines[at]) || isTable(lines, at);
}

function quote(lines, at) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  const inside = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [element("blockquote", {}, blocks(inside)), end - at];
}

function list(lines, at) {
  const first = ITEM.exec(lines[at]);
  const ordered = /\d/.test(first[2]);
  const made = element(ordered ? "ol" : "ul");
  if (ordered && parseInt(first[2], 10) !== 1) made.setAttribute("start", parseInt(first[2], 10));
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    if (!item || /\d/.test(item[2]) !== ordered || RULE.test(lines[end])) break;
    const inside = itemLines(lines, end, item);
    made.append(element("li", {}, itemContent(inside.lines)));
    end += inside.length;
  }
  return [made, end - at];
}

// The lines of one item, with its indentation taken off.
function itemLines(lines, at, item) {
  const indent = item[1].length + item[2].length + item[3].length;
  const inside = [item[4]];
  let end = at + 1;
  while (end < lines.length) {
    const line = lines[end];
    const indented = line.startsWith(" ".repeat(indent));
    const blankBefore = BLANK.test(lines[end - 1]);
    if (BLANK.test(line)) {
      if (!continuesAfterBlank(lines, end, indent)) break;
    } else if (!indented && (blankBefore || ITEM.test(line) || interrupts(lines, end))) {
      break;
    }
    inside.push(indented ? line.slice(indent) : line.trimStart());
    end += 1;
  }
  while (end < lines.length && BLANK.test(lines[end]) && ITEM.test(lines[end + 1] ?? "")) end += 1;
  return { lines: inside, length: end - at };
}

function continuesAfterBlank(lines, at, indent) {
  return !BLANK.test(lines[at + 1] ?? "") && lines[at + 1].startsWith(" ".repeat(indent));
}

// The only paragraph of an item stands without its own box.
function itemContent(lines) {
  const content = blocks(lines);
  const paragraphs = [...content.children].filter((child) => child.tagName === "P");
  if (paragraphs.length === 1) paragraphs[0].replaceWith(...paragraphs[0].childNodes);
  return content;
}

function isTable(lines, at) {
  const next = lines[at + 1] ?? "";
  if (!lines[at].includes("|") || !next.includes("|") || !DELIMITER.test(next)) return false;
  return cells(lines[at]).length === cells(next).length;
}

function table(lines, at) {
  const align = cells(lines[at + 1]).map(alignment);
  const head = element("tr", {}, ...cells(lines[at]).map((text, column) => cell("th", text, align[column])));
  const body = element("tbody");
  let end = at + 2;
  while (end < lines.length && !BLANK.test(lines[end]) && !interruptsTable(lines[end])) {
    const texts = cells(lines[end]);
    body.append(element("tr", {}, ...align.map((side, column) => cell("td", texts[column] ?? "", side))));
    end += 1;
  }
  const made = element("table", {}, element("thead", {}, head), body);
  return [element("div", { class: "scroll" }, made), end - at];
}

function interruptsTable(line) {
  return HEADING.test(line) || QUOTE.test(line) || (ITEM.test(line) && !line.includes("|"));
}

function cell(tag, text, side) {
  return element(tag, { class: side && `align-${side}`, scope: tag === "th" ? "col" : undefined }, inline(text));
}

function alignment(text) {
  if (text.endsWith(":")) return text.startsWith(":") ? "center" : "right";
  return undefined;
}

// The cells of a table row; "\|" is a bar inside a cell.
function cells(line) {
  const found = [""];
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === "\\" && line[at + 1] === "|") {
      found[found.length - 1] += "|";
      at += 1;
    } else if (line[at] === "\\") {
      found[found.length - 1] += line.slice(at, at + 2);
      at += 1;
    } else if (line[at] === "|") {
      found.push("");
    } else {
      found[found.length - 1] += line[at];
    }
  }
  if (BLANK.test(found[0])) found.shift();
  if (found.length && BLANK.test(found[found.length - 1])) found.pop();
  return found.map((text) => text.trim());
}
