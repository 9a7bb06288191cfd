// The console: a chosen patient is opened, the hook is called, the answer is shown; the ward's clock and views.

import * as bedside from "./bedside.js";
import * as calls from "./calls.js";
import { renderAnswer, renderError } from "./cards.js";
import { loadChart } from "./chart.js";
import * as compare from "./compare.js";
import { byId, clockTime, element } from "./dom.js";
import { reporter } from "./feedback.js";
import { startJumps } from "./jumps.js";
import { launcher } from "./launch.js";
import { openPad } from "./orderpad.js";
import * as own from "./own.js";
import { showCount, startSigning, unsettle } from "./signing.js";
import { showStanding } from "./standing.js";
import { showGradeOf, showGrades } from "./trends.js";
import * as ward from "./ward.js";

const links = [...document.querySelectorAll("[data-patient]")];
let running = new AbortController();
let pad = null;
const UNGRADED = "The grades of the list are not known.";

function chosen() {
  return links.find((link) => link.hash === location.hash);
}

function contextOf(link) {
  return { patientId: link.dataset.patient, encounterId: link.dataset.encounter };
}

async function openView() {
  const link = chosen();
  const isOwn = location.hash === "#own";
  for (const other of links) other.removeAttribute("aria-current");
  byId("to-own").toggleAttribute("aria-current", isOwn);
  byId("welcome").hidden = Boolean(link) || isOwn;
  byId("own").hidden = !isOwn;
  byId("patient").hidden = !link;
  running.abort();
  pad?.leave();
  pad = null;
  document.title = isOwn ? "Your own data | CRS sandbox EHR" : "CRS sandbox EHR";
  if (!link) return;
  link.setAttribute("aria-current", "page");
  link.scrollIntoView({ block: "nearest" });
  const { name, person, story, expected } = link.dataset;
  document.title = `${name} | CRS sandbox EHR`;
  for (const [id, text] of Object.entries({ name, person, story, expected })) byId(id).textContent = text;
  for (const id of ["cards", "chart", "standing", "grade", "drafts"]) byId(id).replaceChildren();
  for (const id of ["value-said", "standing-said", "pad-said"]) byId(id).textContent = "";
  calls.forget();
  compare.clear();
  showGradeOf(link.dataset.patient);
  await Promise.all([show(link), makePad(link)]);
}

async function makePad(link) {
  unsettle(null);
  const context = contextOf(link);
  try {
    const made = await openPad({ ...context, launch: launcher(context.patientId), edited: () => pad && unsettle(pad) });
    if (chosen() !== link) return made.leave();
    pad = made;
    showCount(pad);
  } catch (error) {
    byId("pad-said").textContent = `The order pad could not be opened. ${error.message}`;
  }
}

// Everything about one patient; a later choice ends what is still under way.
async function show(link) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  byId("cards").setAttribute("aria-busy", "true");
  byId("status").textContent = "Calling the service …";
  const into = (id, loading) => loading.catch((error) => signal.aborted || byId(id).replaceChildren(element("p", { class: "problem" }, error.message)));
  const patientId = link.dataset.patient;
  await Promise.all([
    into("chart", loadChart(patientId, signal).then((tiles) => signal.aborted || byId("chart").replaceChildren(...tiles))),
    into("standing", showStanding(patientId, signal)),
    call(link, signal).catch((error) => signal.aborted || showFailure(error)),
  ]);
}

async function call(link, signal) {
  const context = contextOf(link);
  const { service, answer } = await calls.fire("patient-view", context, signal);
  if (signal.aborted) return;
  const take = (suggestion) => {
    if (!pad) throw new Error("The order pad is not open yet.");
    pad.apply(suggestion);
  };
  const tools = { report: reporter(service), take, launch: launcher(context.patientId) };
  byId("cards").removeAttribute("aria-busy");
  byId("cards").replaceChildren(...renderAnswer(answer, tools));
  byId("status").textContent = sentence(answer);
}

function sentence(answer) {
  const count = answer.body?.cards?.length;
  const cards = count === 1 ? "1 card" : `${count} cards`;
  return `Answered ${answer.status} in ${answer.milliseconds} ms${count === undefined ? "" : `, ${cards}`}`;
}

function showFailure(error) {
  byId("status").textContent = "";
  byId("cards").removeAttribute("aria-busy");
  const issue = [{ details: { text: `${error.message} Is the service running?` } }];
  byId("cards").replaceChildren(renderError({ ok: false, status: "", body: { issue } }));
}

function again() {
  const link = chosen();
  if (link) show(link);
}

// Somebody may have charted where this page does not hear of it.
async function callAgain() {
  await ward.refresh().catch(() => {}); // the call itself says that nobody answers
  showClock();
  regrade();
  again();
}

function showClock() {
  const ahead = ward.aheadMinutes();
  byId("now").textContent = `${clockTime(ward.now())} UTC`;
  byId("ahead").textContent = ahead ? `${ahead % 60 ? `${ahead} min` : `${ahead / 60} h`} ahead` : "";
}

async function regrade() {
  try {
    await showGrades();
    if (byId("ward-said").textContent.startsWith(UNGRADED)) byId("ward-said").textContent = "";
    const link = chosen();
    if (link) showGradeOf(link.dataset.patient);
  } catch (error) {
    const link = chosen();
    if (link) showGradeOf(link.dataset.patient);
    byId("ward-said").textContent = `${UNGRADED} ${error.message}`;
  }
}

function turn(change) {
  return async () => {
    try {
      await change();
    } catch (error) {
      byId("ward-said").textContent = error.message;
    }
  };
}

ward.onChange(async (elsewhere) => {
  if (!elsewhere) byId("ward-said").textContent = "";
  showClock();
  await regrade();
  if (elsewhere) byId("ward-said").textContent = "Something changed in another window: the charts were read again.";
  again();
  pad?.recheck();
});

addEventListener("hashchange", openView);
byId("again").addEventListener("click", callAgain);
for (const choice of document.querySelectorAll("[name=mode]")) choice.addEventListener("change", again);
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", turn(() => ward.advance(Number(button.dataset.advance))));
}
byId("reset").addEventListener("click", turn(() => ward.reset()));
byId("new-order").addEventListener("click", () => pad?.begin());
byId("sign").addEventListener("click", () => pad && startSigning(pad, contextOf(chosen())));
startJumps();
calls.start();
bedside.start(() => chosen().dataset.patient);
compare.start(() => contextOf(chosen()));
own.start();
setInterval(showClock, 15_000);
await ward.refresh().catch((error) => (byId("ward-said").textContent = error.message));
showClock();
regrade();
openView();
