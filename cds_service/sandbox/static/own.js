// Bring your own: FHIR that is pasted, chosen or dropped, assessed by the engine of the service.

import { renderCard } from "./cards.js";
import { byId, element } from "./dom.js";
import { phrase } from "./trends.js";
import { answerOf, post } from "./ward.js";

const STATUS = {
  "no-episode": "No card: at risk, and no CRS is charted.",
  "not-considered": "No card: no CAR-T or T-cell engager therapy in the window, so CRS is not considered.",
  "not-gradable": "No grade can be given.",
  resolved: "CRS has resolved.",
  active: "CRS is active.",
};
const CHARTED = new Set(["effectiveDateTime", "effectiveInstant", "start", "end", "performedDateTime", "authoredOn"]);
const ZONED = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;

// The newest time of charting in the text, or null. The end of a plan may lie ahead: not beyond the present.
export function newestTime(text) {
  let newest = null;
  for (const [, name, value] of text.matchAll(/"(\w+)"\s*:\s*"([^"]+)"/g)) {
    if (!CHARTED.has(name) || !ZONED.test(value)) continue;
    const time = Date.parse(value);
    if (time <= Date.now() && (newest === null || time > newest)) newest = time;
  }
  return newest === null ? null : new Date(newest).toISOString();
}

let running = new AbortController();

async function assess() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const text = byId("own-text").value;
  const said = byId("own-said");
  byId("own-results").replaceChildren();
  if (!text.trim()) {
    said.textContent = "Nothing to assess: paste FHIR, or choose a file.";
    return;
  }
  const wanted = document.querySelector("[name=as-of]:checked").value;
  const time = wanted === "newest" ? newestTime(text) : null;
  said.textContent = "Assessing …";
  try {
    const address = `/ehr/assess${time ? `?asOf=${encodeURIComponent(time)}` : ""}`;
    const { patients } = await answerOf(await post(address, text, "application/fhir+json"));
    if (signal.aborted) return;
    said.textContent = `${patients.length === 1 ? "1 patient" : `${patients.length} patients`}, as of ${patients[0].assessment.asOf}.`;
    byId("own-results").replaceChildren(...patients.map(result));
  } catch (error) {
    if (signal.aborted) return;
    said.textContent = "";
    byId("own-results").replaceChildren(failure(error));
  }
}

function failure(error) {
  return element(
    "article",
    { class: "card error", role: "alert" },
    element("p", { class: "indicator" }, element("span", { "aria-hidden": "true" }, "✕"), " Not assessed"),
    element("h3", {}, "This could not be read as FHIR charts"),
    element("div", { class: "detail" }, element("p", {}, error.message)),
  );
}

// The card as it would be shown, without what it offers: there is no chart here to sign onto.
function result({ patient, resources, assessment, card }) {
  const { suggestions, selectionBehavior, overrideReasons, ...shown } = card ?? {};
  const lines = [
    element("h3", {}, `Patient ${patient}`, element("span", { class: "status" }, ` ${resources} resources, ${phrase(assessment)}`)),
    card ? renderCard(shown) : element("p", { class: "none" }, STATUS[assessment.status] ?? assessment.status),
    element(
      "details",
      { class: "drafts" },
      element("summary", {}, "The assessment as JSON"),
      element("pre", { tabindex: "0" }, JSON.stringify(assessment, null, 2)),
    ),
  ];
  return element("section", { class: "own-result" }, ...lines);
}

async function take(file) {
  if (!file) return;
  byId("own-text").value = await file.text();
  await assess();
}

export function start() {
  const zone = byId("own");
  byId("own-go").addEventListener("click", assess);
  byId("own-file").addEventListener("change", (event) => take(event.target.files[0]));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
}
