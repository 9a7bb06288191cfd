// Cards as a CDS Hooks client shows them, and errors that say what went wrong.

import { element } from "./dom.js";
import { renderMarkdown } from "./markdown.js";

const INDICATORS = {
  critical: { word: "Critical", sign: "◆", rank: 0 },
  warning: { word: "Warning", sign: "▲", rank: 1 },
  info: { word: "Information", sign: "●", rank: 2 },
};

export function renderAnswer(answer) {
  const cards = answer.body?.cards;
  if (!answer.ok || !Array.isArray(cards)) return [renderError(answer)];
  if (cards.length === 0) {
    return [element("p", { class: "none" }, "No card: the service has nothing to say about this patient.")];
  }
  return [...cards].sort((a, b) => rank(a) - rank(b)).map(renderCard);
}

function rank(card) {
  return INDICATORS[card.indicator]?.rank ?? 3;
}

export function renderCard(card) {
  const known = INDICATORS[card.indicator];
  const kind = known ? card.indicator : "unknown";
  const badge = element(
    "p",
    { class: "indicator" },
    element("span", { "aria-hidden": "true" }, known?.sign ?? "?"),
    ` ${known?.word ?? `Unknown indicator ${card.indicator}`}`,
  );
  const parts = [badge, element("h3", {}, card.summary ?? "")];
  if (card.detail) parts.push(element("div", { class: "detail" }, renderMarkdown(card.detail)));
  if (card.suggestions?.length) parts.push(suggestions(card));
  if (card.links?.length) parts.push(links(card.links));
  if (card.source) parts.push(source(card.source));
  return element("article", { class: `card ${kind}` }, ...parts);
}

function suggestions(card) {
  const items = card.suggestions.map((suggestion) => {
    const mark = suggestion.isRecommended ? element("em", {}, " recommended") : "";
    return element("li", {}, suggestion.label ?? "", mark);
  });
  const word = card.selectionBehavior === "at-most-one" ? "Suggested, one of" : "Suggested";
  return element("div", { class: "suggestions" }, element("h4", {}, word), element("ul", {}, ...items));
}

function links(list) {
  const items = list.map((link) => element("li", {}, link.type === "absolute" ? outward(link.url, link.label) : link.label));
  return element("ul", { class: "links" }, ...items);
}

function source(from) {
  const label = from.url ? outward(from.url, from.label) : from.label ?? "";
  const line = element("footer", {}, element("span", {}, "Source: ", label));
  const topic = from.topic?.display ?? from.topic?.code;
  if (topic) line.append(element("span", { class: "topic" }, topic));
  return line;
}

function outward(url, label) {
  if (!/^https?:\/\//.test(url)) return label ?? url;
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label ?? url);
}

// A status that is not 200, or a body that is not an answer.
export function renderError(answer) {
  const issues = answer.body?.issue ?? [];
  const texts = issues.map((issue) => issue.details?.text ?? issue.diagnostics ?? issue.code);
  if (!texts.length) texts.push(answer.ok ? "The answer holds no cards array." : "The answer has no OperationOutcome.");
  return element(
    "article",
    { class: "card error", role: "alert" },
    element("p", { class: "indicator" }, element("span", { "aria-hidden": "true" }, "✕"), ` Error ${answer.status}`),
    element("h3", {}, "The service did not answer with cards"),
    element("div", { class: "detail" }, ...texts.map((text) => element("p", {}, text))),
  );
}
