// What went over the wire: the last calls, each with request, response and timing, and as a curl command.

import { byId, element } from "./dom.js";
import { addressOf, asCurl, buildRequest, callHook, readable, resolvePrefetch, serviceOf } from "./hook.js";

const MOST = 12;
const calls = [];
let chosen = null;

// One call of a hook: discovery, prefetch where the page resolves it, and the answer, all noted in the panel.
export async function fire(hook, context, signal) {
  const service = await serviceOf(hook);
  const request = buildRequest(hook, context);
  const started = performance.now();
  const withPrefetch = document.querySelector("[name=mode]:checked")?.value !== "fetch";
  const resolved = withPrefetch ? await resolvePrefetch(service.prefetch, request.context) : null;
  if (resolved) request.prefetch = resolved.prefetch;
  const prepared = Math.round(performance.now() - started);
  signal.throwIfAborted();
  const answer = await callHook(addressOf(service), request, { signal });
  note({ hook, url: addressOf(service), request, answer, resolved, prepared });
  return { service, request, answer };
}

export function note(call) {
  calls.unshift({ ...call, at: new Date() });
  calls.length = Math.min(calls.length, MOST);
  show(calls[0]);
}

export function forget() {
  calls.length = 0;
  chosen = null;
  byId("calls").replaceChildren();
  for (const id of ["timing", "copied", "request", "response"]) byId(id).textContent = "";
  byId("prefetch").replaceChildren();
  byId("curl").disabled = true;
}

function show(call) {
  chosen = call;
  const { request, answer, resolved, prepared } = call;
  byId("calls").replaceChildren(...calls.map(entry));
  const sent = resolved ? `Prefetch ${Object.keys(resolved.prefetch).length} of ${resolved.rows.length} keys in ${prepared} ms. ` : "";
  byId("timing").textContent = `${sent}Service ${answer.milliseconds} ms, status ${answer.status}.`;
  byId("request").textContent = readable(request);
  byId("response").textContent = answer.body === undefined ? answer.text : JSON.stringify(answer.body, null, 2);
  byId("prefetch").replaceChildren(...(resolved ? [prefetchTable(resolved.rows)] : []));
  byId("copied").textContent = "";
  byId("curl").disabled = false;
}

function entry(call) {
  const count = call.answer.body?.cards?.length;
  const found = count === undefined ? "" : count === 1 ? ", 1 card" : `, ${count} cards`;
  const text = `${call.hook} ${call.answer.status}, ${call.answer.milliseconds} ms${found}`;
  const made = element("button", { type: "button", class: "call", "aria-pressed": `${call === chosen}` }, text);
  made.addEventListener("click", () => {
    show(call);
    byId("calls").querySelector("[aria-pressed=true]")?.focus();
  });
  return element("li", {}, made);
}

function prefetchTable(rows) {
  const heads = ["Prefetch key", "Query", "Result"].map((text) => element("th", { scope: "col" }, text));
  const body = rows.map((row) =>
    element("tr", {}, element("td", {}, row.key), element("td", {}, element("code", {}, shortened(row.query))), element("td", {}, row.note)),
  );
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
}

// A query to read: a long list of codes is only counted.
function shortened(query) {
  return query.replace(/\bcode=([^&]*)/, (whole, codes) => {
    const count = codes.split(",").length;
    return count > 3 ? `code=(${count} codes)` : whole;
  });
}

async function copyCurl() {
  if (!chosen) return;
  try {
    await navigator.clipboard.writeText(asCurl(chosen.url, chosen.request));
    byId("copied").textContent = "Copied";
  } catch {
    byId("copied").textContent = "The browser did not allow copying";
  }
}

export function start() {
  byId("curl").addEventListener("click", copyCurl);
}
