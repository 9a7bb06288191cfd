// The console: a chosen patient is opened, the hook is called, the answer is shown.

import { renderAnswer, renderError } from "./cards.js";
import { loadChart } from "./chart.js";
import { element } from "./dom.js";
import { reporter } from "./feedback.js";
import { asCurl, buildRequest, callHook, discover, readable, resolvePrefetch } from "./hook.js";

const byId = (id) => document.getElementById(id);
const links = [...document.querySelectorAll("[data-patient]")];
let running = new AbortController();
let last = null;

function chosen() {
  return links.find((link) => link.hash === location.hash);
}

function openPatient() {
  const link = chosen();
  for (const other of links) other.removeAttribute("aria-current");
  byId("welcome").hidden = Boolean(link);
  byId("patient").hidden = !link;
  if (!link) return;
  link.setAttribute("aria-current", "page");
  link.scrollIntoView({ block: "nearest" });
  const { name, person, story, expected } = link.dataset;
  document.title = `${name} | CRS hook console`;
  for (const [id, text] of Object.entries({ name, person, story, expected })) byId(id).textContent = text;
  byId("chart").replaceChildren();
  show(link);
}

// Everything about one patient; a later choice ends what is still under way.
async function show(link) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  clear();
  const chart = loadChart(link.dataset.patient, signal).then(
    (tiles) => signal.aborted || byId("chart").replaceChildren(...tiles),
    (error) => signal.aborted || byId("chart").replaceChildren(element("p", {}, error.message)),
  );
  try {
    await call(link, signal);
  } catch (error) {
    if (!signal.aborted) showFailure(error);
  }
  await chart;
}

function clear() {
  last = null;
  byId("cards").replaceChildren();
  byId("status").textContent = "Calling the service …";
  for (const id of ["timing", "copied", "request", "response"]) byId(id).textContent = "";
  byId("prefetch").replaceChildren();
  byId("curl").disabled = true;
}

async function call(link, signal) {
  const service = await discover();
  const request = buildRequest(link.dataset.patient, link.dataset.encounter);
  const started = performance.now();
  const withPrefetch = document.querySelector("[name=mode]:checked").value === "prefetch";
  const resolved = withPrefetch ? await resolvePrefetch(service.prefetch, request.context) : null;
  if (resolved) request.prefetch = resolved.prefetch;
  const prepared = Math.round(performance.now() - started);
  if (signal.aborted) return;
  const answer = await callHook(service, request, signal);
  last = { service, request };
  byId("cards").replaceChildren(...renderAnswer(answer, reporter(service)));
  byId("status").textContent = sentence(answer);
  showWire(request, answer, resolved, prepared);
}

function sentence(answer) {
  const count = answer.body?.cards?.length;
  const cards = count === 1 ? "1 card" : `${count} cards`;
  return `Answered ${answer.status} in ${answer.milliseconds} ms${count === undefined ? "" : `, ${cards}`}`;
}

function showFailure(error) {
  byId("status").textContent = "";
  const issue = [{ details: { text: `${error.message} Is the service running?` } }];
  byId("cards").replaceChildren(renderError({ ok: false, status: "", body: { issue } }));
}

function showWire(request, answer, resolved, prepared) {
  const sent = resolved ? `Prefetch ${Object.keys(resolved.prefetch).length} of ${resolved.rows.length} keys in ${prepared} ms. ` : "";
  byId("timing").textContent = `${sent}Service ${answer.milliseconds} ms, status ${answer.status}.`;
  byId("request").textContent = readable(request);
  byId("response").textContent = answer.body === undefined ? answer.text : JSON.stringify(answer.body, null, 2);
  byId("prefetch").replaceChildren(...(resolved ? [prefetchTable(resolved.rows)] : []));
  byId("curl").disabled = false;
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
  if (!last) return;
  try {
    await navigator.clipboard.writeText(asCurl(last.service, last.request));
    byId("copied").textContent = "Copied";
  } catch {
    byId("copied").textContent = "The browser did not allow copying";
  }
}

function again() {
  const link = chosen();
  if (link) show(link);
}

addEventListener("hashchange", openPatient);
byId("again").addEventListener("click", again);
byId("curl").addEventListener("click", copyCurl);
for (const choice of document.querySelectorAll("[name=mode]")) choice.addEventListener("change", again);
openPatient();
