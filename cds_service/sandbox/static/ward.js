// The ward that the page stands on: its clock, its charts, and every way to change them.
// All pages that are open share it; a change in one is told to the others.

const channel = new BroadcastChannel("crs-ward");
const listeners = new Set();
let state = { now: new Date().toISOString(), aheadMinutes: 0, changes: 0, versions: {} };
let behind = 0;

// tell(elsewhere) is called after each change; elsewhere: it was made in another window.
export function onChange(tell) {
  listeners.add(tell);
}

channel.addEventListener("message", async () => {
  try {
    await refresh();
    for (const tell of listeners) tell(true);
  } catch {
    // The next call of this page says that the service is gone.
  }
});

// The ward's time in milliseconds; all times on the page are told by it.
export function now() {
  return Date.now() + behind;
}

export function aheadMinutes() {
  return state.aheadMinutes;
}

export function version(patientId) {
  return state.versions[patientId];
}

export async function refresh() {
  keep(await answerOf(await fetch("/ehr/ward")));
}

export function advance(minutes) {
  return change("/ehr/ward/advance", { minutes });
}

export function reset() {
  return change("/ehr/ward/reset", {});
}

export function chartValue(patientId, kind, value) {
  return change(`/ehr/patients/${encodeURIComponent(patientId)}/values`, { kind, value });
}

// seen: the version of the chart that the orders were checked against.
export function sign(patientId, orders, seen) {
  return change(`/ehr/patients/${encodeURIComponent(patientId)}/orders`, { orders, version: seen });
}

export function carryOut(patientId, orderId, what) {
  const address = `/ehr/patients/${encodeURIComponent(patientId)}/orders/${encodeURIComponent(orderId)}/${what}`;
  return change(address, {});
}

async function change(address, body) {
  const made = await answerOf(await post(address, JSON.stringify(body), "application/json"));
  keep(made);
  channel.postMessage(made.changes);
  for (const tell of listeners) tell(false);
  return made.written;
}

export function post(address, body, type) {
  return fetch(address, { method: "POST", headers: { "Content-Type": type, Accept: "application/json" }, body });
}

// The JSON of an answer; a refusal becomes an error with the text of its OperationOutcome.
export async function answerOf(response) {
  const body = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body;
  const texts = (body?.issue ?? []).map((issue) => issue.details?.text ?? issue.diagnostics).filter(Boolean);
  throw new Error(texts.join(" ") || `The sandbox answered ${response.status} without saying why.`);
}

function keep(made) {
  state = made;
  behind = Date.parse(made.now) - Date.now();
}
