// What each kind of lane draws on its canvas, beside the lines that uPlot draws itself.
import { hatching, palette } from "./palette.js";

const LEVELS = 4, LEAST_BAND = 0.5;
const TEXT_GAP = 4, FEWEST_LETTERS = 3;

/** Runs a drawing inside the plot area, with nothing left behind on the canvas. */
function inside(u, draw) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.textAlign = "left"; // uPlot leaves it as its axes want it
    draw(ctx, bbox, devicePixelRatio);
    ctx.restore();
}

const across = (u, t) => Math.round(u.valToPos(t, "x", true)); // whole pixels, so that blocks meet
const down = (u, y) => u.valToPos(y, "y", true);

/** As much of a text as there is room for; less than a few letters is nothing. */
function label(ctx, text, x, y, room, colour) {
    ctx.font = palette().font(11);
    ctx.fillStyle = colour;
    ctx.textBaseline = "middle";
    let shown = text;
    while (shown.length > FEWEST_LETTERS && ctx.measureText(`${shown}…`).width > room) shown = shown.slice(0, -1).trimEnd();
    if (shown.length > FEWEST_LETTERS) ctx.fillText(shown === text ? text : `${shown}…`, x, y);
}

/** An amount is never cut: all of it, or its last part (FiO2), or nothing. */
function amount(ctx, text, x, y, room, colour) {
    ctx.font = palette().font(11);
    ctx.fillStyle = colour;
    ctx.textBaseline = "middle";
    const shown = [text, text.split(", ").at(-1)].find((part) => ctx.measureText(part).width <= room);
    if (shown) ctx.fillText(shown, x, y);
}

/** The level of an item as a block: sure up to the lower end, hatched from there to the upper. */
function block(u, ctx, item, least) {
    const colours = palette();
    const left = across(u, item.t), right = Math.max(across(u, item.until), left + 1);
    const low = Math.max(item.low ?? 0, least), high = Math.max(item.high ?? LEVELS, least);
    const fill = (from, to, style) => {
        ctx.fillStyle = style;
        ctx.fillRect(left, down(u, to), right - left, down(u, from) - down(u, to));
    };
    if (item.low !== undefined) fill(0, low, colours[`grade-${item.low}`]);
    if (high > low || item.low === undefined) fill(item.low === undefined ? 0 : low, high, hatching(ctx, colours.quiet));
    ctx.fillStyle = colours.ink;
    ctx.fillRect(left, down(u, item.low === undefined ? high : low), right - left, 1.5 * devicePixelRatio);
    return { left, right, ink: colours[`grade-${item.low ?? 0}-ink`], middle: (down(u, 0) + down(u, low)) / 2 };
}

/** The grade, step by step, with its number, and onset, peak and doses. */
export function steps(lane, doses) {
    return (u) => inside(u, (ctx, bbox, ratio) => {
        for (const item of lane.items) {
            const { left, right, ink, middle } = block(u, ctx, item, item.low === 0 ? 0.12 : 0);
            const text = item.low === undefined ? "?" : item.low === item.high ? `${item.low}` : `${item.low}–${item.high}`;
            const shown = Math.max(left, bbox.left) + TEXT_GAP * ratio;
            ctx.font = palette().font(12, "600");
            ctx.textBaseline = "middle";
            ctx.fillStyle = item.low ? ink : palette().ink;
            const y = item.low ? middle : down(u, 0) - 10 * ratio;
            if (right - shown > ctx.measureText(text).width) ctx.fillText(text, shown, y);
        }
        for (const dose of doses) diamond(ctx, across(u, dose.t), down(u, 0) - 5 * ratio, 4 * ratio);
        marks(u, ctx, bbox, ratio, lane.marks);
    });
}

function diamond(ctx, x, y, size) {
    const colours = palette();
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
    ctx.fillStyle = colours.ink;
    ctx.fill();
    ctx.strokeStyle = colours.paper;
    ctx.lineWidth = devicePixelRatio;
    ctx.stroke();
}

/** Instants with a name; of names that would lie over each other the first is written. */
function marks(u, ctx, bbox, ratio, found) {
    const colours = palette();
    let free = -Infinity;
    for (const mark of [...found].sort((one, other) => one.t - other.t)) {
        const x = across(u, mark.t);
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        line(ctx, x, bbox.top, x, bbox.top + bbox.height, colours.quiet, mark.kind === "next" ? [2, 3] : [5, 3]);
        ctx.font = colours.font(11);
        const width = ctx.measureText(mark.text).width;
        const start = x + (TEXT_GAP * ratio) + width > bbox.left + bbox.width ? x - width - TEXT_GAP * ratio : x + TEXT_GAP * ratio;
        if (start < free) continue;
        ctx.fillStyle = colours.ink;
        ctx.textBaseline = "top";
        ctx.fillText(mark.text, start, bbox.top + 2 * ratio);
        free = start + width + TEXT_GAP * ratio;
    }
}

function line(ctx, x0, y0, x1, y1, colour, dash = []) {
    ctx.beginPath();
    ctx.setLineDash(dash.map((part) => part * devicePixelRatio));
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
    ctx.setLineDash([]);
}

/** Doses, a row a drug; an infusion is as long as it ran. */
export function rows(lane) {
    return (u) => inside(u, (ctx, bbox, ratio) => {
        lane.rows.forEach((_, row) => {
            const y = down(u, lane.rows.length - row - 0.5);
            line(ctx, bbox.left, y, bbox.left + bbox.width, y, palette().line);
        });
        for (const item of lane.items) {
            const y = down(u, lane.rows.length - lane.rows.indexOf(item.row) - 0.5);
            const x = across(u, item.t);
            if (item.until) {
                ctx.fillStyle = palette().accent;
                ctx.fillRect(x, y - 2 * ratio, across(u, item.until) - x, 4 * ratio);
            }
            diamond(ctx, x, y, 5 * ratio);
        }
    });
}

/** Limits as dashed lines with their words, and the time for which something may hide what is measured. */
export function background(lane) {
    return (u) => inside(u, (ctx, bbox) => {
        const colours = palette();
        ctx.fillStyle = colours.span;
        for (const [from, to] of joined(lane.spans ?? [])) {
            ctx.fillRect(across(u, from), bbox.top, across(u, to) - across(u, from), bbox.height);
        }
    });
}

export function limits(lane) {
    return (u) => inside(u, (ctx, bbox, ratio) => {
        const colours = palette();
        for (const limit of lane.limits ?? []) {
            const y = down(u, Number(limit.y));
            line(ctx, bbox.left, y, bbox.left + bbox.width, y, colours.limit, [6, 4]);
            label(ctx, limit.text, bbox.left + TEXT_GAP * ratio, y - 8 * ratio, bbox.width, colours.limit);
        }
        for (const span of lane.spans ?? []) {
            tick(ctx, across(u, span.t), bbox.top + bbox.height, 7 * ratio, colours.ink);
        }
    });
}

function tick(ctx, x, bottom, size, colour) {
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.moveTo(x, bottom - size);
    ctx.lineTo(x + size / 2, bottom);
    ctx.lineTo(x - size / 2, bottom);
    ctx.fill();
}

function joined(spans) {
    const found = [];
    for (const { t, until } of [...spans].sort((one, other) => one.t - other.t)) {
        const last = found.at(-1);
        if (last && t <= last[1]) last[1] = Math.max(last[1], until);
        else found.push([t, until]);
    }
    return found;
}

/** Vasopressors: as high as the sum, hatched where there is none to be had. */
export function area(lane) {
    return (u) => inside(u, (ctx, bbox) => {
        const colours = palette();
        for (const item of lane.items) {
            const left = across(u, item.t), width = across(u, item.until) - left;
            const top = item.y === undefined ? bbox.top : down(u, Number(item.y));
            ctx.fillStyle = item.y === undefined ? hatching(ctx, colours.quiet) : colours.second;
            ctx.fillRect(left, top, width, down(u, 0) - top);
            ctx.fillStyle = colours.ink;
            ctx.fillRect(left, top, width, 1.5 * devicePixelRatio);
        }
    });
}

/** Stretches of items that say the same and follow each other. */
function stretches(items, member) {
    const found = [];
    for (const item of items) {
        const last = found.at(-1);
        if (last && last.item[member] === item[member] && item.t <= last.until) last.until = item.until;
        else found.push({ item, text: item[member], t: item.t, until: item.until });
    }
    return found;
}

/** Oxygen support: bands whose height and colour are the grade of the table, the device above, flow and FiO2 inside. */
export function bands(lane) {
    return (u) => inside(u, (ctx, bbox, ratio) => {
        const blocks = new Map(lane.items.map((item) => [item, block(u, ctx, item, LEAST_BAND)]));
        const write = (how, part, y, colour, end) => {
            const from = Math.max(across(u, part.t), bbox.left) + TEXT_GAP * ratio;
            how(ctx, part.text, from, y, end - from - TEXT_GAP * ratio, colour);
        };
        const named = stretches(lane.items, "name");
        named.forEach((part, place) => {
            const following = named[place + 1] ? across(u, named[place + 1].t) : bbox.left + bbox.width;
            write(label, part, bbox.top + 8 * ratio, palette().ink, following);
        });
        for (const part of stretches(lane.items, "amount")) {
            const { ink, middle } = blocks.get(part.item);
            if (part.item.low > 0) write(amount, part, middle, ink, across(u, part.until));
        }
    });
}
