// The order pad of one patient: drafts, checked by order-select as they are written.

import { fire } from "./calls.js";
import { byRank, renderCard, renderError } from "./cards.js";
import { byId } from "./dom.js";
import { blank, freshId, inWords, keep, kept, loadCatalogue, nameOf } from "./drafts.js";
import { draftRow } from "./draftrow.js";
import { reporter } from "./feedback.js";
import { now } from "./ward.js";

const WAIT_MS = 350;

// edited() is called whenever a draft was changed, added or removed.
export async function openPad({ patientId, encounterId, launch, edited }) {
  const catalogue = await loadCatalogue();
  let drafts = kept(patientId);
  const rows = new Map();
  const waits = new Map();
  const calls = new Map();

  function redraw() {
    for (const id of [...rows.keys()]) if (!drafts.some((draft) => draft.id === id)) rows.delete(id);
    for (const draft of drafts) if (!rows.has(draft.id)) rows.set(draft.id, rowOf(draft));
    byId("drafts").replaceChildren(...drafts.map((draft) => rows.get(draft.id).item));
    byId("no-drafts").hidden = drafts.length > 0;
  }

  function rowOf(draft) {
    return draftRow(draft, catalogue, {
      edited: (changed) => (changed ? change(changed) : invalid(draft.id)),
      removed: () => remove(draft.id),
    });
  }

  // Without a dose that can be read nothing is checked, and no earlier answer stands.
  function invalid(id) {
    stop(id);
    rows.get(id).status.textContent = "Not checked: the dose cannot be read.";
    rows.get(id).cards.replaceChildren();
    edited();
  }

  function change(changed) {
    drafts = drafts.map((draft) => (draft.id === changed.id ? changed : draft));
    keep(patientId, drafts);
    edited();
    later(changed.id);
  }

  function add(draft) {
    drafts = [...drafts, draft];
    keep(patientId, drafts);
    redraw();
    edited();
    if (nameOf(draft)) later(draft.id);
  }

  function remove(id) {
    stop(id);
    drafts = drafts.filter((draft) => draft.id !== id);
    keep(patientId, drafts);
    redraw();
    edited();
    byId("new-order").focus();
  }

  function stop(id) {
    clearTimeout(waits.get(id));
    calls.get(id)?.abort();
  }

  // A check waits until the hand rests; one that is under way and outdated is given up.
  function later(id) {
    stop(id);
    const row = rows.get(id);
    row.status.textContent = "Checking …";
    row.cards.setAttribute("aria-busy", "true");
    waits.set(id, setTimeout(() => check(id), WAIT_MS));
  }

  async function check(id) {
    const draft = drafts.find((each) => each.id === id);
    const row = rows.get(id);
    if (!draft || !row || !nameOf(draft)) return;
    const call = new AbortController();
    calls.set(id, call);
    try {
      const context = { patientId, encounterId, selections: [referenceOf(draft)], draftOrders: bundle() };
      const { service, answer } = await fire("order-select", context, call.signal);
      if (!call.signal.aborted) show(row, service, answer);
    } catch (error) {
      if (!call.signal.aborted) failed(row, error);
    }
  }

  function show(row, service, answer) {
    const cards = answer.body?.cards;
    row.cards.removeAttribute("aria-busy");
    if (!answer.ok || !Array.isArray(cards)) {
      row.status.textContent = "Not checked.";
      row.cards.replaceChildren(renderError(answer));
      return;
    }
    const said = cards.length ? `${cards.length === 1 ? "1 card" : `${cards.length} cards`}` : "the service has nothing to say";
    row.status.textContent = `Checked in ${answer.milliseconds} ms: ${said}.`;
    row.cards.replaceChildren(...byRank(cards).map((card) => renderCard(card, tools(service))));
  }

  function failed(row, error) {
    row.cards.removeAttribute("aria-busy");
    row.status.textContent = "Not checked.";
    const issue = [{ details: { text: `${error.message} Is the service running?` } }];
    row.cards.replaceChildren(renderError({ ok: false, status: "", body: { issue } }));
  }

  // What cards may do here; what was done stays to be read when the next answer takes the card away.
  function tools(service) {
    const report = reporter(service);
    return {
      take: apply,
      launch,
      report: async (entry) => {
        const said = await report(entry);
        byId("pad-said").textContent = `${entry.outcome === "accepted" ? "Suggestion taken." : "Card overridden."} ${said}`;
        return said;
      },
    };
  }

  // All actions of a suggestion, or none of them. Throws where one cannot be done.
  function apply(suggestion) {
    const actions = suggestion.actions ?? [];
    const at = (reference) => drafts.find((draft) => referenceOf(draft) === reference);
    for (const action of actions) {
      const target = action.type === "delete" ? action.resourceId : action.type === "update" ? referenceOf(action.resource ?? {}) : null;
      if (target && !at(target)) throw new Error("That draft is no longer in the order pad: nothing was changed.");
      if (!["create", "update", "delete"].includes(action.type)) throw new Error(`This page knows no action ${action.type}: nothing was changed.`);
    }
    for (const action of actions) {
      if (action.type === "create") add({ ...action.resource, id: freshId() });
      if (action.type === "delete") remove(at(action.resourceId).id);
      if (action.type === "update") {
        rows.get(action.resource.id).show(action.resource);
        change(action.resource);
      }
    }
  }

  function bundle() {
    const complete = drafts.filter((draft) => nameOf(draft));
    return { resourceType: "Bundle", type: "collection", entry: complete.map((resource) => ({ resource })) };
  }

  function clear() {
    for (const draft of drafts) stop(draft.id);
    drafts = [];
    keep(patientId, drafts);
    redraw();
    edited();
  }

  redraw();
  for (const draft of drafts) if (nameOf(draft)) later(draft.id);
  return {
    bundle, apply, tools, clear,
    drafts: () => drafts,
    words: () => drafts.map(inWords).join("; "),
    unready: () => drafts.some((draft) => !nameOf(draft) || rows.get(draft.id).problem()),
    recheck: () => drafts.forEach((draft) => nameOf(draft) && later(draft.id)),
    begin: () => {
      const draft = blank(patientId, encounterId, new Date(now()).toISOString());
      add(draft);
      rows.get(draft.id).focus();
    },
    leave: () => drafts.forEach((draft) => stop(draft.id)),
  };
}

export function referenceOf(resource) {
  return `${resource.resourceType}/${resource.id}`;
}
