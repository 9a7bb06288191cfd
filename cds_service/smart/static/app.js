// The page: access from the EHR, the chart, the course of CRS from the service, and all of it on the screen.
import { Expired, readChart } from "./chart.js";
import { configuration, element, replaceContent } from "./page.js";
import { showBanner, showCourse } from "./course.js";

const settings = configuration();
const { words } = settings;
const main = document.getElementById("course");

/** What went wrong, in the page's place: a title, what to do, and a way to try again where that may help. */
class Trouble extends Error {
    constructor(name, { again = false, detail = "" } = {}) {
        super(name);
        Object.assign(this, { name, again, detail });
    }
}

function say(text) {
    const status = document.getElementById("status");
    if (status) status.textContent = text;
}

async function authorized() {
    let client;
    try {
        client = await window.FHIR.oauth2.ready();
    } catch (error) {
        throw new Trouble("notGranted", { detail: String(error.message) });
    }
    // A reload has neither code nor state: the address keeps which EHR it was.
    history.replaceState(null, "", `${location.pathname}?issuer=${settings.place}`);
    const { access_token: token, patient, scope, appContext } = client.state.tokenResponse;
    if (client.state.serverUrl !== settings.issuer || !token) throw new Trouble("notGranted");
    if (!patient) throw new Trouble("noPatient");
    return { issuer: settings.issuer, token, patient, scope, appContext, mostPages: settings.mostPages };
}

async function assessed(access, { prefetch, failures }) {
    const { patient, scope, appContext } = access;
    const body = { context: { patientId: patient, scope, appContext, failures }, prefetch };
    let answer;
    try {
        answer = await fetch(settings.assessment, {
            method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
            credentials: "omit", cache: "no-store",
        });
    } catch {
        throw new Trouble("notAssessed", { again: true });
    }
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) {
        const detail = (found.issue ?? []).map((issue) => issue.diagnostics).filter(Boolean).join(" ");
        throw new Trouble("notAssessed", { again: true, detail });
    }
    return found;
}

async function show(access) {
    const isAgain = document.getElementById("again") !== null;
    say(words.reading);
    const chart = await readChart(settings.searches, access);
    if (settings.searches.every(({ key }) => key in chart.failures)) {
        const detail = Object.values(chart.failures).includes("rate-limited") ? words.wait : "";
        throw new Trouble("noneRead", { again: true, detail });
    }
    say(words.assessing);
    const course = await assessed(access, chart);
    showBanner(document.getElementById("banner"), chart.prefetch.patient, course, () => run(() => show(access)));
    showCourse(main, course);
    if (isAgain) say("Read again.");
    performance.mark("course-shown");
}

function troubled(error, retry) {
    let trouble = error instanceof Expired ? new Trouble("expired") : error;
    if (!(trouble instanceof Trouble)) {
        console.error(error);
        trouble = new Trouble("notAssessed", { again: true, detail: String(error) });
    }
    const again = element("button", { type: "button" }, words.again);
    again.addEventListener("click", () => run(retry));
    say("");
    replaceContent(main, element("div", { class: "trouble", role: "alert" },
        element("h1", {}, words[trouble.name]),
        element("p", {}, words[`${trouble.name}Help`]),
        trouble.detail ? element("p", { class: "quiet" }, trouble.detail) : null,
        trouble.again ? again : null));
    document.body.dataset.state = trouble.name;
}

/** Runs a step; whatever it throws is said on the page. */
async function run(step) {
    if (document.body.dataset.state === "working") return;
    document.body.dataset.state = "working";
    try {
        await step();
        document.body.dataset.state = "shown";
    } catch (error) {
        troubled(error, step);
    }
}

let access = null;
await run(async () => {
    access = await authorized();
});
if (access !== null) await run(() => show(access));
