// The CDS Hooks 2.0 client: discovery, prefetch, the call, and the same call as a curl command.

import { version } from "./ward.js";

export const fhirServer = `${location.origin}/fhir`;
const USER = "Practitioner/demo";
const KEPT_MS = 60_000;

// The services of a CDS Hooks base URL; without one, of this service. Nothing of this page goes along.
export async function discover(base = "", options = {}) {
  const response = await fetch(`${base}/cds-services`, { headers: { Accept: "application/json" }, ...options });
  if (!response.ok) throw new Error(`Discovery answered ${response.status}.`);
  const body = await response.json().catch(() => undefined);
  if (!Array.isArray(body?.services)) throw new Error("Discovery did not answer with a list of services.");
  return body.services;
}

export async function serviceOf(hook) {
  const service = (await discover()).find((candidate) => candidate.hook === hook);
  if (!service) throw new Error(`The service offers no ${hook} hook.`);
  return service;
}

// A prefetch template with its tokens filled in, or null where one has no value.
export function fillTemplate(template, context) {
  const values = { userPractitionerId: context.userId?.replace(/^Practitioner\//, "") };
  for (const [name, value] of Object.entries(context)) values[`context.${name}`] = value;
  let complete = true;
  const filled = template.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, token) => {
    if (typeof values[token] !== "string") complete = false;
    return encodeURIComponent(values[token] ?? "");
  });
  return complete ? filled : null;
}

// What the page could resolve: the prefetch object, and one row a key for the panel. A key that failed is left out.
// Answers are kept for a minute while the chart stays as it is: an order is checked at every keystroke.
const kept = new Map();

export async function resolvePrefetch(templates, context) {
  const key = JSON.stringify([templates, context.patientId, version(context.patientId)]);
  const found = kept.get(key);
  if (found && performance.now() - found.time < KEPT_MS) return found.resolved;
  const resolved = await resolve(templates, context);
  kept.clear();
  if (resolved.rows.every((row) => row.value !== undefined)) kept.set(key, { time: performance.now(), resolved });
  return resolved;
}

async function resolve(templates, context) {
  const rows = await Promise.all(
    Object.entries(templates ?? {}).map(async ([key, template]) => {
      const query = fillTemplate(template, context);
      if (query === null) return { key, query: template, note: "left out: a token has no value" };
      try {
        const response = await fetch(`${fhirServer}/${query}`, { headers: { Accept: "application/fhir+json" } });
        if (!response.ok) return { key, query, note: `left out: ${response.status}` };
        const value = await response.json();
        return { key, query, value, note: describe(value) };
      } catch (error) {
        return { key, query, note: `left out: ${error.message}` };
      }
    }),
  );
  const resolved = rows.filter((row) => row.value !== undefined);
  return { rows, prefetch: Object.fromEntries(resolved.map((row) => [row.key, row.value])) };
}

function describe(value) {
  if (value.resourceType !== "Bundle") return value.resourceType;
  const shown = value.entry?.length ?? 0;
  const more = value.link?.some((link) => link.relation === "next");
  return more ? `${shown} of ${value.total}, next page not followed` : `${shown} found, complete`;
}

export function buildRequest(hook, context) {
  return { hook, hookInstance: crypto.randomUUID(), fhirServer, context: { userId: USER, ...context } };
}

// A draft's numbers are written as they stand; the answer says how long it took.
export async function callHook(url, request, options = {}) {
  const started = performance.now();
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(request),
    ...options,
  });
  const text = await response.text();
  const milliseconds = Math.round(performance.now() - started);
  return { status: response.status, ok: response.ok, body: parse(text), text, milliseconds };
}

export function addressOf(service, base = "") {
  return `${base || location.origin}/cds-services/${encodeURIComponent(service.id)}`;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The body goes through standard input: one argument of a command may not hold a whole chart.
export function asCurl(url, request) {
  const body = JSON.stringify(request);
  const quoted = url.replaceAll("'", "%27");
  return `curl -sS '${quoted}' -H 'Content-Type: application/json' --data-binary @- <<'CDS_REQUEST'\n${body}\nCDS_REQUEST\n`;
}

// JSON to read: of each Bundle only the first entry.
export function readable(value) {
  const shorten = (key, item) => {
    if (key !== "entry" || !Array.isArray(item) || item.length < 2) return item;
    return [item[0], `… ${item.length - 1} more, not shown here`];
  };
  return JSON.stringify(value, shorten, 2);
}
