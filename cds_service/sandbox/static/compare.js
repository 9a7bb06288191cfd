// The same patient-view call to another CDS service, beside this one. The page may call it only once it was loaded
// with that service's origin in its content security policy, which is what "Connect" does.

import { fire, note } from "./calls.js";
import { byRank, renderCard, renderError } from "./cards.js";
import { byId, element } from "./dom.js";
import { addressOf, buildRequest, callHook, discover, resolvePrefetch } from "./hook.js";

const PLAIN = { credentials: "omit", mode: "cors", referrerPolicy: "no-referrer", redirect: "error" };
const base = document.body.dataset.compare ?? "";

function connect(event) {
  event.preventDefault();
  const text = byId("compare-url").value.trim().replace(/\/+$/, "").replace(/\/cds-services$/, "");
  if (!/^https?:\/\/[^/?#\s@]+(\/[^?#\s]*)?$/.test(text)) {
    byId("compare-said").textContent = `Write the base URL of a CDS service, such as ${byId("compare-url").placeholder}.`;
    return;
  }
  location.assign(`/?compare=${encodeURIComponent(text)}${location.hash}`);
}

let running = new AbortController();

async function compare(patient) {
  running.abort();
  running = new AbortController();
  const said = byId("compare-said");
  byId("compare-results").replaceChildren();
  said.textContent = "Calling both services …";
  const { signal } = running;
  const [own, other] = await Promise.allSettled([fire("patient-view", patient, signal), callOther(patient)]);
  if (signal.aborted) return;
  const sides = [side("This service", own), side(base, other)];
  said.textContent = verdict(sides);
  byId("compare-results").replaceChildren(...sides.map((each) => each.section));
}

async function callOther(patient) {
  const services = await reached(discover(base, PLAIN));
  const service = services.find((candidate) => candidate.hook === "patient-view");
  if (!service) throw new Error("It offers no patient-view hook.");
  const request = buildRequest("patient-view", patient);
  const started = performance.now();
  const resolved = await resolvePrefetch(service.prefetch, request.context);
  request.prefetch = resolved.prefetch;
  const prepared = Math.round(performance.now() - started);
  const url = addressOf(service, base);
  const answer = await reached(callHook(url, request, PLAIN));
  note({ hook: `patient-view at ${new URL(base).host}`, url, request, answer, resolved, prepared });
  return { answer };
}

// A browser does not say why it could not call. Whether anybody answers there can be found out without reading it.
async function reached(call) {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const answers = await fetch(`${base}/cds-services`, { ...PLAIN, mode: "no-cors", redirect: "follow" }).then(() => true, () => false);
    throw new Error(
      answers
        ? `It answers, but does not let this page read the answer (CORS): it has to allow the origin ${location.origin}; for another service of this kind, CRS_CDS_CORS_ORIGINS=${location.origin}.`
        : "Nobody answers there, or the connection was refused.",
    );
  }
}

function side(title, { value, reason }) {
  const head = element("h3", {}, title);
  if (reason) {
    const issue = [{ details: { text: reason.message } }];
    return { section: element("section", {}, head, renderError({ ok: false, status: "", body: { issue } })), summaries: null };
  }
  const { answer } = value;
  const cards = answer.ok ? answer.body?.cards : undefined;
  if (!Array.isArray(cards)) return { section: element("section", {}, head, renderError(answer)), summaries: null };
  const timing = element("p", { class: "status" }, `${answer.milliseconds} ms, ${cards.length === 1 ? "1 card" : `${cards.length} cards`}`);
  const shown = byRank(cards).map(({ suggestions, overrideReasons, ...card }) => renderCard(card));
  const none = element("p", { class: "none" }, "No card.");
  return {
    section: element("section", {}, head, timing, ...(shown.length ? shown : [none])),
    summaries: cards.map((card) => `${card.indicator}: ${card.summary}`).sort(),
  };
}

function verdict([own, other]) {
  if (!own.summaries || !other.summaries) return "The two cannot be compared: one of them gave no cards.";
  const same = JSON.stringify(own.summaries) === JSON.stringify(other.summaries);
  return same ? "Both say the same." : "They differ.";
}

export function clear() {
  running.abort();
  byId("compare-results").replaceChildren();
  byId("compare-said").textContent = base ? `This page may call ${base} until it is left.` : "";
}

// patient() gives the context of the patient whose chart is open.
export function start(patient) {
  byId("compare-form").addEventListener("submit", connect);
  byId("compare-go").addEventListener("click", () => compare(patient()));
  byId("compare-go").hidden = !base;
  byId("disconnect").hidden = !base;
  byId("disconnect").addEventListener("click", () => location.assign(`/${location.hash}`));
  if (base) byId("compare").open = true;
  byId("compare-url").value = base;
}
