// Everything but the plot: whose chart it is, the grade, what to do, the ledgers and what could not be had.
import { element, replaceContent } from "./page.js";
import { showPlot } from "./plot.js";

const MINUTE_MS = 60_000;
const OLD_MINUTES = 10;

/** Whose chart it is, as of when, and a button that reads it again. */
export function showBanner(banner, patient, course, again) {
    const button = element("button", { type: "button", id: "again" }, "Read again");
    button.addEventListener("click", again);
    const wasFocused = document.activeElement?.id === "again";
    const born = patient?.birthDate ? `born ${patient.birthDate}` : "birth date not known";
    replaceContent(banner,
        element("p", { class: "product" }, "CRS course"),
        element("p", { class: "patient" }, element("strong", {}, nameOf(patient) || "Name not known"),
            ` ${born}, id ${course.patient}`),
        element("p", { class: "as-of" }, "as of ", time(course.asOf, course.zone), ` ${course.zone}`, age()),
        element("span", { id: "status", class: "quiet", role: "status" }),
        button);
    if (wasFocused) button.focus();
}

function nameOf(patient) {
    const name = Array.isArray(patient?.name) ? patient.name.find((n) => n.use === "official") ?? patient.name[0] : null;
    return name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(" ");
}

function time(instant, zone) {
    const shown = new Intl.DateTimeFormat("en-GB", {
        timeZone: zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
    }).format(new Date(instant));
    return element("time", { datetime: instant }, shown);
}

/** How long ago the chart was read, from ten minutes on: others chart while the page stands open. */
function age() {
    const read = Date.now(), shown = element("span", {});
    const timer = setInterval(() => {
        const minutes = Math.floor((Date.now() - read) / MINUTE_MS), hours = Math.floor(minutes / 60);
        const since = hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
        shown.textContent = minutes < OLD_MINUTES ? "" : `, read ${since} ago`;
        if (!shown.isConnected) clearInterval(timer);
    }, MINUTE_MS / 4);
    return shown;
}

export function showCourse(main, course) {
    const lanes = element("div", { class: "lanes" });
    replaceContent(main,
        headline(course),
        list("gaps", "Not all of the chart could be read", course.gaps),
        element("div", { class: "columns" },
            lanes,
            element("div", { class: "side-column" },
                advice(course.advice),
                nextDose(course.tocilizumab, Date.parse(course.asOf) - Date.now()),
                list("missing", "Missing", course.missing),
                list("notes", "To know", course.notes)),
            element("div", { class: "table-column" },
                tableSection(course.evidence),
                tableSection(course.tocilizumab),
                tableSection(course.steroids))),
        laneTables(course),
        element("footer", {}, element("p", {}, course.footer)));
    showPlot(lanes, course);
}

function headline({ headline: { text, course, card, grade, indicator } }) {
    const shown = grade ? (grade.lowest === grade.highest ? `${grade.lowest}` : `${grade.lowest}–${grade.highest}`) : "–";
    const level = grade ? `grade-${grade.lowest}` : "grade-none";
    return element("section", { class: `headline ${indicator}`, "aria-labelledby": "headline" },
        element("p", { class: `badge ${level}`, "aria-hidden": "true" }, element("span", {}, "CRS"), shown),
        element("div", {},
            element("h1", { id: "headline" }, text),
            course ? element("p", {}, course) : null,
            card ? element("p", { class: "quiet" }, card) : null));
}

function list(id, title, lines) {
    if (lines.length === 0) return null;
    return element("section", { class: id, "aria-labelledby": `${id}-title` },
        element("h2", { id: `${id}-title` }, title),
        element("ul", {}, ...lines.map((line) => element("li", {}, line))));
}

function advice(rows) {
    if (rows.length === 0) return null;
    return element("section", { class: "advice", "aria-labelledby": "advice-title" },
        element("h2", { id: "advice-title" }, "Do"),
        element("ol", {}, ...rows.map((row) =>
            element("li", { class: row.strength }, row.text, " ", element("span", { class: "rule" }, row.rule)))));
}

/** How many doses are given, when the next is possible, and why none is now. */
function nextDose({ count, next, remarks = [] }, behind) {
    if (!count) return null;
    return element("section", { class: "next-dose", "aria-labelledby": "next-title" },
        element("h2", { id: "next-title" }, count),
        next ? element("p", { class: "next" }, next.text, " ", countdown(next.time, behind)) : null,
        element("ul", { class: "remarks" }, ...remarks.map((remark) => element("li", {}, remark))));
}

/** Counts down in whole minutes by the clock of the service, `behind` of which this one is; it stands still for a screen reader, which reads the time beside it. */
function countdown(instant, behind) {
    const shown = element("span", { class: "countdown", role: "timer", "aria-live": "off" });
    const tick = () => {
        const minutes = Math.ceil((Date.parse(instant) - Date.now() - behind) / MINUTE_MS);
        const hours = Math.floor(minutes / 60);
        shown.textContent = minutes <= 0 ? "" : hours ? `in ${hours} h ${minutes % 60} min` : `in ${minutes} min`;
        if (minutes <= 0 || (!shown.isConnected && shown.dataset.begun)) clearInterval(timer);
        shown.dataset.begun = "1";
    };
    const timer = setInterval(tick, MINUTE_MS / 4);
    tick();
    return shown;
}

function tableSection(found) {
    const section = element("section", { class: "ledger" });
    section.append(found.rows.length ? scrolling(table(found)) : element("div", {},
        element("h2", {}, found.caption), element("p", { class: "quiet" }, found.empty)));
    return section;
}

function scrolling(inner) {
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": inner.caption.textContent },
        inner);
}

/** A table with its caption; a column that is empty in every row is left out. */
export function table({ caption, heads, rows }) {
    const kept = heads.map((_, column) => rows.some((row) => row[column]));
    const only = (row) => row.filter((_, column) => kept[column]);
    return element("table", {},
        element("caption", {}, caption),
        element("thead", {}, element("tr", {}, ...only(heads).map((head) => element("th", { scope: "col" }, head)))),
        element("tbody", {}, ...rows.map((row) =>
            element("tr", {}, ...only(row).map((cell) => element("td", {}, cell))))));
}

/** All that is drawn, as tables; each is made when it is opened. */
function laneTables(course) {
    const clock = new Intl.DateTimeFormat("en-GB", {
        timeZone: course.zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
    });
    const at = (seconds) => clock.format(new Date(seconds * 1000));
    const parts = course.lanes.map((lane) => {
        const body = element("div", {});
        const found = element("details", { id: `table-${lane.id}` },
            element("summary", {}, `${lane.title} (${lane.items.length})`), body);
        found.addEventListener("toggle", () => {
            if (found.open && !body.hasChildNodes()) body.append(scrolling(laneTable(lane, at)));
        });
        return found;
    });
    return element("section", { class: "tables", "aria-labelledby": "tables-title" },
        element("h2", { id: "tables-title" }, "The same as tables"), ...parts);
}

function laneTable(lane, at) {
    const marks = (lane.marks ?? []).map((mark) => [at(mark.t), "", mark.text, ""]);
    const spans = (lane.spans ?? []).map((span) => [at(span.t), at(span.until), span.text, span.ref]);
    const items = lane.items.map((item) => [at(item.t), item.until ? at(item.until) : "", item.text, item.ref]);
    const limits = (lane.limits ?? []).map((limit) => ["", "", limit.text, ""]);
    return table({
        caption: lane.title, heads: ["Time", "Until", "Value", "Source"],
        rows: [...limits, ...marks, ...items.reverse(), ...spans],
    });
}
