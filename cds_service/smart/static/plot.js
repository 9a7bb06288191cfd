// The lanes on one time axis: zoom, hover and keys act on all of them together.
import { area, background, bands, limits, rows, steps } from "./draw.js";
import { announce, Reader } from "./reading.js";
import { element } from "./page.js";
import { onPaletteChange, palette } from "./palette.js";

const HEIGHTS = { steps: 128, line: 104, area: 84, bands: 72 };
const ROW_HEIGHT = 24;
const AXIS_WIDTH = 52, AXIS_HEIGHT = 42;
const DAY = 86_400;
const PRINT_WIDTH = 560;

export function showPlot(container, course) {
    const window_ = { ...course.window, shown: course.window.first };
    const plots = [];
    const live = element("p", { class: "spoken", "aria-live": "polite", id: "spoken" });
    container.append(toolbar(window_, plots), live);
    const doses = course.lanes.find((lane) => lane.id === "doses").items;
    const shown = course.lanes.filter((lane) => lane.items.length > 0);
    for (const lane of shown) {
        container.append(frame(lane, (place) => {
            const isLast = lane === shown.at(-1), withAxis = isLast || lane.id === "grade";
            plots.push(makePlot({ lane, place, course, doses, withAxis, window_, plots, live }));
        }));
    }
    const empty = course.lanes.filter((lane) => lane.items.length === 0).map((lane) => lane.title);
    if (empty.length) container.append(element("p", { class: "quiet" }, `Nothing to draw: ${empty.join("; ")}.`));
    for (const { start } of plots) start();
    keepFitting(container, plots);
}

/** The name of a lane at the left of its plot. */
function frame(lane, fill) {
    const place = element("div", {
        class: "plot", tabindex: "0", role: "group", "aria-roledescription": "chart",
        "aria-label": `${lane.title}, ${lane.items.length} values. Arrow keys go through them, plus and minus zoom.`,
        "aria-describedby": "tables-title",
    });
    const names = lane.rows ? element("ul", { class: "rows" }, ...lane.rows.map((row) => element("li", {}, row))) : null;
    const made = element("section", { class: `lane ${lane.kind}`, id: `lane-${lane.id}` },
        element("div", { class: "lane-name" },
            element("h2", {}, lane.title),
            lane.unit ? element("p", { class: "quiet" }, lane.unit) : null,
            lane.spansTitle && lane.spans.length ? element("p", { class: "quiet key" }, lane.spansTitle) : null,
            lane.series ? seriesKey(lane.series) : null,
            lane.note ? element("p", { class: "quiet" }, lane.note) : null,
            names),
        place);
    fill(place);
    return made;
}

function seriesKey(names) {
    return element("ul", { class: "series" },
        ...names.map((name, place) => element("li", { class: `series-${place}` }, name)));
}

/** One x for all items, and for each series its y or null. */
function columns(lane, window_) {
    if (lane.kind !== "line") return [[window_.whole[0], window_.whole[1]], [null, null]];
    const names = lane.series ?? [undefined];
    const times = [...new Set(lane.items.map((item) => item.t))].sort((one, other) => one - other);
    const place = new Map(times.map((t, index) => [t, index]));
    const values = names.map(() => new Array(times.length).fill(null));
    for (const item of lane.items) values[names.indexOf(item.series)][place.get(item.t)] = Number(item.y);
    return [times, ...values];
}

/** The y axis: levels for grades, all values and limits for readings. */
function bounds(lane) {
    if (lane.kind === "steps") return [0, 5];
    if (lane.kind === "bands") return [0, 5.6];
    if (lane.kind === "rows") return [0, lane.rows.length];
    const values = [...lane.items, ...(lane.limits ?? [])].map((item) => Number(item.y)).filter(Number.isFinite);
    const high = Math.max(...values), low = lane.kind === "area" ? 0 : Math.min(...values);
    const room = (high - low || Math.abs(high) || 1) * 0.15;
    return [lane.kind === "area" ? 0 : low - room, high + room * 1.4];
}

function hooks({ lane, doses, reader, follow }) {
    const after = { steps: steps(lane, doses), rows: rows(lane), area: area(lane), bands: bands(lane) }[lane.kind];
    return {
        drawClear: [background(lane)],
        draw: [after ?? limits(lane)],
        setCursor: [(u) => reader.hover(u)],
        setScale: [(u, key) => key === "x" && follow(u)],
    };
}

function makePlot({ lane, place, course, doses, withAxis, window_, plots, live }) {
    const height = (lane.kind === "rows" ? lane.rows.length * ROW_HEIGHT : HEIGHTS[lane.kind]) + (withAxis ? AXIS_HEIGHT : 0);
    const reader = new Reader(lane, place, course.zone);
    const follow = (u) => setWindow(window_, plots, [u.scales.x.min, u.scales.x.max], u);
    let u = null;
    const start = () => {
        u = new window.uPlot(options(lane, place, height, withAxis, window_, course.zone,
            hooks({ lane, doses, reader, follow })), columns(lane, window_), place);
        made.u = u;
        u.over.addEventListener("dblclick", () => setWindow(window_, plots, window_.first));
    };
    place.addEventListener("keydown", (event) => keys(event, made, window_, plots, live));
    const made = { start, u, lane, reader, height, place };
    return made;
}

function options(lane, place, height, withAxis, window_, zone, found) {
    const colours = palette;
    const [min, max] = bounds(lane);
    const line = { stroke: () => colours().line, width: 1 }, ticks = { ...line, size: 4 };
    const tzDate = (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), zone === "UTC" ? "Etc/UTC" : zone);
    const names = lane.series ?? [""];
    return {
        width: Math.max(place.clientWidth, 200), height, padding: [4, 8, withAxis ? 0 : 4, 0],
        tzDate,
        legend: { show: false },
        cursor: {
            sync: { key: "course" }, y: false, drag: { x: true, y: false }, points: { show: false },
            bind: { dblclick: () => null },
        },
        scales: { x: { time: true, min: window_.shown[0], max: window_.shown[1], auto: false }, y: { range: [min, max] } },
        series: [{}, ...names.map((_, index) => ({
            stroke: () => (index ? colours().second : colours().accent), width: 1.5, dash: index ? [5, 3] : undefined,
            spanGaps: true, show: lane.kind === "line",
            points: { size: 4, fill: () => colours().paper, stroke: () => (index ? colours().second : colours().accent) },
        }))],
        axes: [
            { stroke: () => colours().quiet, grid: line, ticks, size: withAxis ? AXIS_HEIGHT : 0,
              values: withAxis ? (_, splits) => clockTimes(splits.map(tzDate)) : () => [], font: "11px system-ui, sans-serif", space: 64 },
            { stroke: () => colours().quiet, grid: line, ticks, size: AXIS_WIDTH, gap: 4,
              font: "11px system-ui, sans-serif", space: 24, ...levels(lane) },
        ],
        hooks: found,
    };
}

/** Hours as a ward reads them, and the day where it begins. */
function clockTimes(times) {
    let day = null;
    return times.map((time) => {
        const today = `${time.getDate()} ${time.toLocaleString("en-GB", { month: "short" })}`;
        const clock = `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
        const isNew = today !== day;
        day = today;
        return isNew ? `${clock}\n${today}` : clock;
    });
}

function levels(lane) {
    if (lane.kind === "steps") {
        return { splits: () => [0, 1, 2, 3, 4], values: (_, splits) => splits.map(String), space: 1 };
    }
    return lane.kind === "rows" || lane.kind === "bands" ? { splits: () => [], values: () => [] } : {};
}

/** Shows a part of the axis in every lane, never beyond its ends. */
function setWindow(window_, plots, [from, to], origin = null) {
    const [begin, end] = window_.whole;
    const width = Math.min(Math.max(to - from, 900), end - begin);
    const min = Math.min(Math.max(from, begin), end - width);
    const shown = [min, min + width];
    if (origin === null || shown[0] !== window_.shown[0] || shown[1] !== window_.shown[1]) {
        window_.shown = shown;
        for (const { u } of plots) {
            if (u && (u.scales.x.min !== shown[0] || u.scales.x.max !== shown[1])) {
                u.setScale("x", { min: shown[0], max: shown[1] });
            }
        }
    }
}

function zoom(window_, plots, factor) {
    const [from, to] = window_.shown, middle = (from + to) / 2, half = ((to - from) / 2) * factor;
    setWindow(window_, plots, [middle - half, middle + half]);
}

function move(window_, plots, share) {
    const [from, to] = window_.shown, step = (to - from) * share;
    setWindow(window_, plots, [from + step, to + step]);
}

function toolbar(window_, plots) {
    const end = window_.whole[1];
    const actions = [
        ["Episode", () => setWindow(window_, plots, window_.first)],
        ["24 h", () => setWindow(window_, plots, [end - DAY, end])],
        ["3 days", () => setWindow(window_, plots, [end - 3 * DAY, end])],
        ["All", () => setWindow(window_, plots, window_.whole)],
        ["Earlier", () => move(window_, plots, -0.5)],
        ["Later", () => move(window_, plots, 0.5)],
        ["Zoom in", () => zoom(window_, plots, 0.5)],
        ["Zoom out", () => zoom(window_, plots, 2)],
    ];
    return element("div", { class: "toolbar", role: "group", "aria-label": "Time shown" }, ...actions.map(([name, act]) => {
        const button = element("button", { type: "button" }, name);
        button.addEventListener("click", act);
        return button;
    }));
}

function keys(event, plot, window_, plots, live) {
    const steps_ = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key in steps_) {
        const item = plot.reader.step(steps_[event.key]);
        const [from, to] = window_.shown;
        if (item.t < from || item.t > to) setWindow(window_, plots, [item.t - (to - from) / 2, item.t + (to - from) / 2]);
        plot.reader.point(plot.u, item);
        announce(live, plot.reader.words(item));
    } else if (event.key === "+" || event.key === "=") zoom(window_, plots, 0.5);
    else if (event.key === "-") zoom(window_, plots, 2);
    else if (event.key === "0") setWindow(window_, plots, window_.first);
    else if (event.key === "Escape") plot.reader.hide();
    else return;
    event.preventDefault();
}

/** As wide as there is room; on paper as wide as the paper. */
function keepFitting(container, plots) {
    const fit = (width) => plots.forEach(({ u, place, height }) =>
        u.setSize({ width: width ?? Math.max(place.clientWidth, 200), height }));
    new ResizeObserver(() => fit(matchMedia("print").matches ? PRINT_WIDTH : undefined)).observe(container);
    addEventListener("beforeprint", () => fit(PRINT_WIDTH));
    addEventListener("afterprint", () => fit());
    onPaletteChange(() => {
        fit(matchMedia("print").matches ? PRINT_WIDTH : undefined);
        for (const { u } of plots) u.redraw(false, true);
    });
}

