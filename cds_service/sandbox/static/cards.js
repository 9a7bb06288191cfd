// Cards as a CDS Hooks client shows them, and errors that say what went wrong.

import { button, element } from "./dom.js";
import { renderMarkdown } from "./markdown.js";
import { offers } from "./offers.js";
import { overrides } from "./overrides.js";

const INDICATORS = {
  critical: { word: "Critical", sign: "◆", rank: 0 },
  warning: { word: "Warning", sign: "▲", rank: 1 },
  info: { word: "Information", sign: "●", rank: 2 },
};

// What a page can do with cards; one that can do nothing shows them all the same.
// report(entry) tells the service what became of a card, and gives a sentence to show.
// take(suggestion) does what is suggested, or throws; launch(link) opens an app; answered(card) ends a card's wait.
const IDLE = { report: async () => "", take: () => {}, launch: null, answered: () => {} };

export function renderAnswer(answer, tools) {
  const cards = answer.body?.cards;
  if (!answer.ok || !Array.isArray(cards)) return [renderError(answer)];
  if (cards.length === 0) {
    return [element("p", { class: "none" }, "No card: the service has nothing to say about this patient.")];
  }
  return byRank(cards).map((card) => renderCard(card, tools));
}

export function byRank(cards) {
  return [...cards].sort((a, b) => rank(a) - rank(b));
}

function rank(card) {
  return INDICATORS[card.indicator]?.rank ?? 3;
}

export function renderCard(card, given = {}) {
  const tools = { ...IDLE, ...given };
  const known = INDICATORS[card.indicator];
  const kind = known ? card.indicator : "unknown";
  const badge = element(
    "p",
    { class: "indicator" },
    element("span", { "aria-hidden": "true" }, known?.sign ?? "?"),
    ` ${known?.word ?? `Unknown indicator ${card.indicator}`}`,
  );
  const parts = [badge, element("h3", {}, card.summary ?? "")];
  if (card.detail) parts.push(detail(card.detail));
  if (card.links?.length) parts.push(links(card.links, tools.launch));
  parts.push(...acting(card, tools));
  if (card.source) parts.push(source(card.source));
  return element("article", { class: `card ${kind}` }, ...parts);
}

// A rule id such as (TX-19) stays on one line.
function detail(text) {
  const made = element("div", { class: "detail" }, renderMarkdown(text));
  for (const mark of made.querySelectorAll("em")) mark.classList.toggle("rule", mark.textContent.length < 12);
  return made;
}

// What the clinician can do with a card, and a line that says what was done.
let count = 0;

function acting(card, { report, take, answered }) {
  const done = element("p", { class: "done", role: "status" });
  const tell = async (text, entry) => {
    answered(card);
    done.textContent = text;
    const said = await report({ card: card.uuid, ...entry });
    done.textContent = [text, said].join(" ").trim();
  };
  const parts = [];
  if (card.suggestions?.length) {
    const taking = {
      take,
      taken: (all) => tell(takenText(all), accepted(all)),
      refused: (error) => (done.textContent = error.message),
    };
    parts.push(offers(card, taking));
  }
  if (card.overrideReasons?.length) {
    count += 1;
    const declined = (reason) => tell(`Not followed: ${reason.display ?? reason.code}.`, overridden(reason));
    parts.push(overrides(card, `${count}`, declined));
  }
  return parts.length ? [element("div", { class: "acting" }, ...parts, done)] : [];
}

function takenText(taken) {
  return `Taken: ${taken.map((suggestion) => suggestion.label).join("; ")}.`;
}

function accepted(taken) {
  return { outcome: "accepted", acceptedSuggestions: taken.map((suggestion) => ({ id: suggestion.uuid })) };
}

function overridden({ code, system }) {
  return { outcome: "overridden", overrideReason: { reason: { code, system } } };
}

function links(list, launch) {
  const said = element("span", { class: "status", role: "status" });
  const items = list.map((link) => element("li", {}, link.type === "absolute" ? outward(link.url, link.label) : app(link, launch, said)));
  return element("div", { class: "links" }, element("ul", {}, ...items), said);
}

// A SMART app is opened through the EHR's authorization server, never by its bare address.
function app(link, launch, said) {
  if (!launch) return link.label ?? "";
  const open = button(`${link.label} ↗`, async () => (said.textContent = await launch(link)));
  open.classList.add("launch");
  return open;
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
  texts.push("This is no finding about the patient: nothing was graded or checked.");
  return element(
    "article",
    { class: "card error", role: "alert" },
    element("p", { class: "indicator" }, element("span", { "aria-hidden": "true" }, "✕"), ` Error ${answer.status}`),
    element("h3", {}, "The service did not answer with cards"),
    element("div", { class: "detail" }, ...texts.map((text) => element("p", {}, text))),
  );
}
