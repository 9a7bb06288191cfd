// Colours come from the style sheet, so that light, dark and print need no second list here.

const NAMES = [
    "ink", "quiet", "line", "paper", "accent", "second", "limit", "span",
    "grade-0", "grade-1", "grade-2", "grade-3", "grade-4",
    "grade-0-ink", "grade-1-ink", "grade-2-ink", "grade-3-ink", "grade-4-ink",
];
let kept = null;

export function palette() {
    if (kept === null) {
        const style = getComputedStyle(document.documentElement);
        kept = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
        kept.font = (size, weight = "") => `${weight} ${size * devicePixelRatio}px system-ui, sans-serif`.trim();
    }
    return kept;
}

/** Calls back when the colours change: the reader's scheme, or a print. */
export function onPaletteChange(redraw) {
    const forget = () => {
        kept = null;
        redraw();
    };
    for (const query of ["(prefers-color-scheme: dark)", "print"]) {
        matchMedia(query).addEventListener("change", forget);
    }
}

/** Diagonal lines: what is not known, told apart without a colour. */
export function hatching(context, colour) {
    const size = 8 * devicePixelRatio;
    const tile = new OffscreenCanvas(size, size);
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.lineWidth = devicePixelRatio;
    pen.beginPath();
    for (const shift of [-size, 0, size]) {
        pen.moveTo(shift, size);
        pen.lineTo(shift + size, 0);
    }
    pen.stroke();
    return context.createPattern(tile, "repeat");
}
