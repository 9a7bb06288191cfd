// Small lines: the course of a reading, and the steps of a grade.

import { drawing } from "./dom.js";
import { now } from "./ward.js";

// A line without axes: the number beside it carries the value, the line only its course.
// The scale shows at least low to high; limit is drawn as a dashed line.
export function sparkline(list, { low, high, limit }) {
  const [width, height] = [160, 34];
  const first = list[0].time;
  const span = Math.max(1, now() - first);
  const bottom = Math.min(low, ...list.map((reading) => reading.value));
  const top = Math.max(high, ...list.map((reading) => reading.value));
  const x = (time) => (((time - first) / span) * width).toFixed(1);
  const y = (value) => (height - 3 - ((value - bottom) / (top - bottom)) * (height - 6)).toFixed(1);
  const points = list.map((reading) => `${x(reading.time)},${y(reading.value)}`).join(" ");
  const parts = [drawing("polyline", { points, class: "course" })];
  if (limit) parts.unshift(drawing("line", { x1: 0, x2: width, y1: y(limit), y2: y(limit), class: "limit" }));
  return drawing("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts);
}

const HOUR = 3_600_000;
const SPAN_H = 72;

// The grade as steps, from nothing at the bottom to 4 at the top, over the last three days.
// Where only a range is known the line runs along its lower end, and the range is shaded.
export function gradeSteps(course, end, { width = 72, height = 20 } = {}) {
  const until = now();
  const first = until - SPAN_H * HOUR;
  const x = (time) => (((Math.max(time, first) - first) / (until - first)) * width).toFixed(1);
  const y = (grade) => (height - 2 - (grade / 4) * (height - 4)).toFixed(1);
  const steps = course.map((step, place) => ({
    from: Date.parse(step.time),
    to: place + 1 < course.length ? Date.parse(course[place + 1].time) : end ?? until,
    grade: step.grade,
  }));
  const seen = steps.filter((step) => step.to > first && step.grade);
  const parts = [drawing("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "ground" })];
  for (const { from, to, grade } of seen) {
    const tall = Number(y(grade.lowest)) - Number(y(grade.highest));
    if (tall > 0) parts.push(drawing("rect", { x: x(from), y: y(grade.highest), width: (x(to) - x(from)).toFixed(1), height: tall, class: "range" }));
  }
  const points = seen.flatMap(({ from, to, grade }) => [`${x(from)},${y(grade.lowest)}`, `${x(to)},${y(grade.lowest)}`]);
  if (seen.length) parts.push(drawing("polyline", { points: [`${x(seen[0].from)},${y(0)}`, ...points].join(" "), class: "steps" }));
  return drawing("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "trend", "aria-hidden": "true" }, ...parts);
}
