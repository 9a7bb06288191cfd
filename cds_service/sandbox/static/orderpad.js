// The order pad of one patient: drafts, checked by order-select as they are written.

import { fire } from "./calls.js";
import { byRank, renderCard, renderError } from "./cards.js";
import { byId } from "./dom.js";
import { blank, freshId, inWords, keep, kept, loadCatalogue, nameOf } from "./drafts.js";
import { draftRow } from "./draftrow.js";
import { reporter } from "./feedback.js";
import { now } from "./ward.js";

const WAIT_MS = 350;
const ACTIONS = ["create", "update", "delete"];

// edited() is called whenever a draft was changed, added or removed.
export async function openPad({ patientId, encounterId, launch, edited }) {
  return new OrderPad({ patientId, encounterId }, await loadCatalogue(), launch, edited);
}

class OrderPad {
  #patient;
  #catalogue;
  #launch;
  #edited;
  #drafts;
  #rows = new Map();
  #waits = new Map();
  #calls = new Map();
  #isLeft = false;

  constructor(patient, catalogue, launch, edited) {
    this.#patient = patient;
    this.#catalogue = catalogue;
    this.#launch = launch;
    this.#edited = edited;
    this.#drafts = kept(patient.patientId);
    this.#redraw();
    this.recheck();
  }

  get drafts() {
    return this.#drafts;
  }

  get words() {
    return this.#drafts.map(inWords).join("; ");
  }

  // Whether there is a draft without a drug, or one with a dose that cannot be read.
  get unready() {
    return this.#drafts.some((draft) => !nameOf(draft) || this.#rows.get(draft.id).problem());
  }

  // What goes along with a hook: every draft that has a drug.
  bundle() {
    const complete = this.#drafts.filter((draft) => nameOf(draft));
    return { resourceType: "Bundle", type: "collection", entry: complete.map((resource) => ({ resource })) };
  }

  begin() {
    const { patientId, encounterId } = this.#patient;
    const draft = blank(patientId, encounterId, new Date(now()).toISOString());
    this.#add(draft);
    this.#rows.get(draft.id).focus();
  }

  // Takes out what was signed. What was changed or added since stays.
  drop(signed) {
    for (const draft of signed) this.#stop(draft.id);
    this.#replace(this.#drafts.filter((draft) => !signed.includes(draft)));
  }

  // Another chart is open: the pad keeps its drafts, and touches the page no more.
  leave() {
    this.#isLeft = true;
    for (const draft of this.#drafts) this.#stop(draft.id);
  }

  get isLeft() {
    return this.#isLeft;
  }

  recheck() {
    const readable = this.#drafts.filter((draft) => nameOf(draft) && !this.#rows.get(draft.id).problem());
    for (const draft of readable) this.#later(draft.id);
  }

  // All actions of a suggestion, or none of them. Throws where one cannot be done.
  apply(suggestion) {
    const actions = suggestion.actions ?? [];
    for (const action of actions) this.#expect(action);
    for (const action of actions) {
      if (action.type === "create") this.#add({ ...action.resource, id: freshId() });
      if (action.type === "delete") this.#remove(this.#named(action.resourceId).id);
      if (action.type === "update") {
        this.#rows.get(action.resource.id).show(action.resource);
        this.#change(action.resource);
      }
    }
  }

  // What cards may do here; what was done stays to be read when the next answer takes the card away.
  tools(service) {
    const report = reporter(service);
    const told = async (entry) => {
      const said = await report(entry);
      byId("pad-said").textContent = `${entry.outcome === "accepted" ? "Suggestion taken." : "Card overridden."} ${said}`;
      return said;
    };
    return { take: (suggestion) => this.apply(suggestion), launch: this.#launch, report: told };
  }

  #named(reference) {
    return this.#drafts.find((draft) => referenceOf(draft) === reference);
  }

  #expect({ type, resource, resourceId }) {
    if (!ACTIONS.includes(type)) throw new Error(`This page knows no action ${type}: nothing was changed.`);
    const target = { delete: resourceId, update: referenceOf(resource ?? {}) }[type];
    if (target && !this.#named(target)) throw new Error("That draft is no longer in the order pad: nothing was changed.");
  }

  #replace(drafts) {
    this.#drafts = drafts;
    keep(this.#patient.patientId, drafts);
    if (this.#isLeft) return;
    this.#redraw();
    this.#edited();
  }

  #redraw() {
    for (const id of [...this.#rows.keys()]) if (!this.#drafts.some((draft) => draft.id === id)) this.#rows.delete(id);
    for (const draft of this.#drafts) if (!this.#rows.has(draft.id)) this.#rows.set(draft.id, this.#rowOf(draft));
    const items = this.#drafts.map((draft) => this.#rows.get(draft.id).item);
    const place = byId("drafts");
    if (items.length !== place.children.length || items.some((item, at) => item !== place.children[at])) place.replaceChildren(...items);
    byId("no-drafts").hidden = items.length > 0;
  }

  #rowOf(draft) {
    return draftRow(draft, this.#catalogue, {
      edited: (changed) => (changed ? this.#change(changed) : this.#invalid(draft.id)),
      removed: () => this.#remove(draft.id),
    });
  }

  #change(changed) {
    this.#replace(this.#drafts.map((draft) => (draft.id === changed.id ? changed : draft)));
    this.#later(changed.id);
  }

  #add(draft) {
    this.#replace([...this.#drafts, draft]);
    if (nameOf(draft)) this.#later(draft.id);
  }

  #remove(id) {
    this.#stop(id);
    this.#replace(this.#drafts.filter((draft) => draft.id !== id));
    byId("new-order").focus();
  }

  // Without a dose that can be read nothing is checked, and no earlier answer stands.
  #invalid(id) {
    this.#stop(id);
    this.#say(id, "Not checked: the dose cannot be read.", []);
    this.#edited();
  }

  #stop(id) {
    clearTimeout(this.#waits.get(id));
    this.#calls.get(id)?.abort();
  }

  // A check waits until the hand rests; one that is under way and outdated is given up.
  #later(id) {
    this.#stop(id);
    const row = this.#rows.get(id);
    row.status.textContent = "Checking …";
    row.cards.setAttribute("aria-busy", "true");
    this.#waits.set(id, setTimeout(() => this.#check(id), WAIT_MS));
  }

  async #check(id) {
    const draft = this.#drafts.find((each) => each.id === id);
    if (!draft || !nameOf(draft)) return;
    const call = new AbortController();
    this.#calls.set(id, call);
    try {
      const context = { ...this.#patient, selections: [referenceOf(draft)], draftOrders: this.bundle() };
      const { service, answer } = await fire("order-select", context, call.signal);
      if (!call.signal.aborted) this.#show(id, service, answer);
    } catch (error) {
      const issue = [{ details: { text: `${error.message} Is the service running?` } }];
      if (!call.signal.aborted) this.#say(id, "Not checked.", [renderError({ ok: false, status: "", body: { issue } })]);
    }
  }

  #show(id, service, answer) {
    const cards = answer.body?.cards;
    if (!answer.ok || !Array.isArray(cards)) return this.#say(id, "Not checked.", [renderError(answer)]);
    const found = cards.length === 1 ? "1 card" : cards.length ? `${cards.length} cards` : "the service has nothing to say";
    const shown = byRank(cards).map((card) => renderCard(card, this.tools(service)));
    return this.#say(id, `Checked in ${answer.milliseconds} ms: ${found}.`, shown);
  }

  #say(id, text, cards) {
    const row = this.#rows.get(id);
    if (!row) return;
    row.status.textContent = text;
    row.cards.removeAttribute("aria-busy");
    row.cards.replaceChildren(...cards);
  }
}

export function referenceOf(resource) {
  return `${resource.resourceType}/${resource.id}`;
}
