// What lies under the pointer or the arrow keys: its value, its time and the resource that it comes from.
import { element } from "./page.js";

const REACH_PX = 28;

/** The item that holds at a time, or the nearest within reach. */
export function nearest(items, seconds, reach) {
    const holding = items.findLast((item) => item.until !== undefined && item.t <= seconds && seconds < item.until);
    if (holding) return holding;
    let best = null, least = reach;
    for (const item of items) {
        const away = Math.abs(item.t - seconds);
        if (away <= least) [best, least] = [item, away];
    }
    return best;
}

export function announce(live, words) {
    live.textContent = words;
}

/** Shows one item of a lane at a time. */
export class Reader {
    constructor(lane, place, zone) {
        this.lane = lane;
        this.place = place;
        this.items = [...lane.items, ...(lane.marks ?? []), ...(lane.spans ?? [])].sort((one, other) => one.t - other.t);
        this.at = this.items.length;
        this.clock = new Intl.DateTimeFormat("en-GB", {
            timeZone: zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
        });
        this.tip = element("div", { class: "tip", hidden: true });
        place.append(this.tip);
    }

    step(by) {
        this.at = Math.min(Math.max(this.at + by, 0), this.items.length - 1);
        return this.items[this.at];
    }

    time(item) {
        const from = this.clock.format(new Date(item.t * 1000));
        return item.until ? `${from} to ${this.clock.format(new Date(item.until * 1000))}` : from;
    }

    words(item) {
        return [item.text, this.time(item), item.ref].filter(Boolean).join(", ");
    }

    /** Only where the pointer is; the other lanes show the line alone. */
    hover(u) {
        if (this.pointed) return;
        if (u.cursor.left < 0 || !u.over.matches(":hover")) {
            this.hide();
            return;
        }
        const seconds = u.posToVal(u.cursor.left, "x");
        const reach = Math.abs(u.posToVal(u.cursor.left + REACH_PX, "x") - seconds);
        const marked = nearest(this.lane.marks ?? [], seconds, reach / 4);
        const item = marked ?? nearest(this.lane.items, seconds, reach) ?? nearest(this.lane.spans ?? [], seconds, 0);
        if (item) this.show(u, item, item.until ? u.cursor.left : u.valToPos(item.t, "x"));
        else this.hide();
    }

    point(u, item) {
        const left = u.valToPos(item.t, "x");
        this.pointed = true; // a moved cursor is no hover
        u.setCursor({ left, top: 10 });
        this.pointed = false;
        this.show(u, item, left);
    }

    show(u, item, left) {
        const [value, time, source] = [item.text, this.time(item), item.ref].map((text) => element("span", {}, text ?? ""));
        value.className = "tip-value";
        source.className = "quiet";
        this.tip.replaceChildren(value, time, ...(item.ref ? [source] : []));
        this.tip.hidden = false;
        const room = this.place.clientWidth, offset = u.over.offsetLeft;
        const wide = this.tip.offsetWidth;
        this.tip.style.left = `${Math.max(0, Math.min(left + offset + 12, room - wide))}px`;
        this.tip.style.top = `${-this.tip.offsetHeight + 8}px`;
    }

    hide() {
        this.tip.hidden = true;
    }
}
