// Signing: order-sign is called for all drafts, and only what was checked, or knowingly not, goes onto the chart.

import { fire } from "./calls.js";
import { byRank, renderCard, renderError } from "./cards.js";
import { button, byId, element } from "./dom.js";
import { countDrafts } from "./jumps.js";
import { say } from "./said.js";
import { refresh, sign, version } from "./ward.js";

let running = new AbortController();
const signing = new WeakSet();

// Whatever was found before stands no more: a draft was changed.
export function unsettle(pad) {
  running.abort();
  byId("sign-cards").replaceChildren();
  byId("sign-said").textContent = "";
  showCount(pad);
}

export function showCount(pad) {
  const count = pad?.drafts.length ?? 0;
  countDrafts(count);
  byId("sign").disabled = count === 0;
  byId("sign").textContent = count > 1 ? `Sign ${count} orders` : "Sign order";
}

export async function startSigning(pad, patient) {
  unsettle(pad);
  if (pad.unready) {
    byId("sign-said").textContent = "A draft has no drug, or a dose that cannot be read: complete or remove it.";
    return;
  }
  running = new AbortController();
  const { signal } = running;
  byId("sign").disabled = true;
  byId("sign-said").textContent = "Checking …";
  try {
    await refresh();
    const seen = version(patient.patientId);
    const { service, answer } = await fire("order-sign", { ...patient, draftOrders: pad.bundle() }, signal);
    if (!signal.aborted) await decide(pad, patient, seen, service, answer);
  } catch (error) {
    if (!signal.aborted) unchecked(pad, patient, { ok: false, status: "", body: { issue: [{ details: { text: `${error.message} Is the service running?` } }] } });
  }
}

async function decide(pad, patient, seen, service, answer) {
  const cards = answer.body?.cards;
  if (!answer.ok || !Array.isArray(cards)) return unchecked(pad, patient, answer);
  if (!cards.length) return finish(pad, patient, seen);
  const open = new Set(cards.filter((card) => card.indicator === "critical"));
  const anyway = button("Sign as it stands", () => finish(pad, patient, seen), "strong");
  anyway.disabled = open.size > 0;
  const answered = (card) => {
    open.delete(card);
    anyway.disabled = open.size > 0;
  };
  const shown = byRank(cards).map((card) => renderCard(card, { ...pad.tools(service), answered }));
  const hint = open.size ? "A critical card has to be answered first: take a correction, or say why not." : "";
  byId("sign-said").textContent = `Not signed yet: ${cards.length === 1 ? "1 card" : `${cards.length} cards`}.`;
  byId("sign-cards").replaceChildren(...shown, element("p", { class: "anyway" }, anyway, element("span", { class: "status" }, hint)));
  byId("sign").disabled = false;
}

// The check failed. That is said loudly, and signing then is a choice of its own.
function unchecked(pad, patient, answer) {
  byId("sign-said").textContent = "Not signed: these orders could not be checked.";
  const anyway = button("Sign unchecked", () => finish(pad, patient, version(patient.patientId)));
  byId("sign-cards").replaceChildren(renderError(answer), element("p", { class: "anyway" }, anyway));
  byId("sign").disabled = false;
}

// Once, however often it is pressed. The pad, and the place of what is said, may be another patient's by then.
async function finish(pad, patient, seen) {
  if (signing.has(pad)) return;
  signing.add(pad);
  const { words, drafts } = pad;
  try {
    const made = await sign(patient.patientId, drafts, seen);
    pad.drop(drafts);
    if (pad.isLeft) dispatchEvent(new Event("hashchange")); // whoever came back has the drafts on the screen
    const onChart = made.map((order) => `${order.resourceType}/${order.id}`).join(", ");
    if (!say("sign-said", patient.patientId, `Signed: ${words}. On the chart as ${onChart}.`)) return;
    byId("pad-said").textContent = "";
    byId("new-order").focus();
  } catch (error) {
    if (say("sign-said", patient.patientId, `Not signed: ${error.message}`)) byId("sign-cards").replaceChildren();
    if (!pad.isLeft) showCount(pad);
    await refresh().catch(() => {});
  } finally {
    signing.delete(pad);
  }
}
