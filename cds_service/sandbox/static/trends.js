// The grade of every patient: a badge in words, and its course over three days.

import { byId, clockTime, element } from "./dom.js";
import { gradeSteps } from "./sparkline.js";
import { answerOf } from "./ward.js";

const WORDS = {
  "no-episode": "no CRS",
  "not-considered": "not at risk",
  "not-gradable": "not gradable",
  resolved: "resolved",
};

let known = new Map();
let asked = 0;
let isKnown = true;

// Grades all patients anew and shows them; where that fails, no badge stands. A late answer gives way to a newer one.
export async function showGrades() {
  asked += 1;
  const mine = asked;
  let grades = [];
  try {
    ({ grades } = await answerOf(await fetch("/ehr/grades")));
    if (mine !== asked) return;
    isKnown = true;
  } catch (error) {
    if (mine !== asked) return;
    isKnown = false;
    throw error;
  } finally {
    if (mine === asked) showBadges(grades);
  }
}

function showBadges(grades) {
  known = new Map(grades.map((found) => [found.patient, found]));
  for (const link of document.querySelectorAll("[data-patient]")) {
    const found = known.get(link.dataset.patient);
    link.querySelector(".grade-place").replaceChildren(...(found ? [badge(found), trend(found)] : unknown("not known")));
  }
}

function unknown(words) {
  return isKnown ? [] : [element("span", { class: "badge open" }, words)];
}

// The badge and the course of one patient, larger, for the head of the chart.
export function showGradeOf(patientId) {
  const found = known.get(patientId);
  const line = found?.course?.length ? [trend(found, { width: 200, height: 44 }), element("span", { class: "span-of" }, "last 3 days")] : [];
  byId("grade").replaceChildren(...(found ? [badge(found), ...line] : unknown("grade not known")));
}

export function phrase({ status, grade }) {
  if (!grade) return WORDS[status] ?? status;
  if (grade.lowest === grade.highest) return `grade ${grade.lowest}`;
  return grade.lowest ? `grade ≥ ${grade.lowest}` : `grade 0–${grade.highest}`;
}

function badge(found) {
  const level = found.grade ? `g${found.grade.lowest}` : found.status === "not-gradable" ? "open" : "quiet";
  return element("span", { class: `badge ${level}` }, phrase(found));
}

function trend(found, size) {
  const course = found.course ?? [];
  if (!course.length) return "";
  const end = found.resolved ? Date.parse(found.resolved) : undefined;
  const steps = course.map((step) => `${step.grade ? phrase({ grade: step.grade }) : "no grade"} from ${clockTime(step.time)}`);
  const words = `Course: ${steps.slice(-6).join(", ")}${found.resolved ? `, resolved ${clockTime(found.resolved)}` : ""}.`;
  return element("span", { class: "course-of" }, gradeSteps(course, end, size), element("span", { class: "hidden" }, ` ${words}`));
}
