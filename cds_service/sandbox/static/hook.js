// The CDS Hooks 2.0 client: discovery, prefetch, the call, and the same call as a curl command.

export const fhirServer = `${location.origin}/fhir`;
const HOOK = "patient-view";
const USER = "Practitioner/demo";

export async function discover() {
  const response = await fetch("/cds-services", { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`Discovery answered ${response.status}.`);
  const { services = [] } = await response.json();
  const service = services.find((candidate) => candidate.hook === HOOK);
  if (!service) throw new Error(`The service offers no ${HOOK} hook.`);
  return service;
}

// A prefetch template with its tokens filled in, or null where one has no value.
export function fillTemplate(template, context) {
  const values = { userPractitionerId: context.userId?.replace(/^Practitioner\//, "") };
  for (const [name, value] of Object.entries(context)) values[`context.${name}`] = value;
  let complete = true;
  const filled = template.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, token) => {
    if (values[token] === undefined) complete = false;
    return encodeURIComponent(values[token] ?? "");
  });
  return complete ? filled : null;
}

// What the page could resolve: the prefetch object, and one row a key for the panel. A key that failed is left out.
export async function resolvePrefetch(templates, context) {
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

export function buildRequest(patientId, encounterId) {
  return {
    hook: HOOK,
    hookInstance: crypto.randomUUID(),
    fhirServer,
    context: { userId: USER, patientId, encounterId },
  };
}

export async function callHook(service, request, signal) {
  const started = performance.now();
  const response = await fetch(`/cds-services/${encodeURIComponent(service.id)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(request),
    signal,
  });
  const text = await response.text();
  const milliseconds = Math.round(performance.now() - started);
  return { status: response.status, ok: response.ok, body: parse(text), text, milliseconds };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The body goes through standard input: one argument of a command may not hold a whole chart.
export function asCurl(service, request) {
  const url = `${location.origin}/cds-services/${encodeURIComponent(service.id)}`;
  const body = JSON.stringify(request);
  return `curl -sS '${url}' -H 'Content-Type: application/json' --data-binary @- <<'CDS_REQUEST'\n${body}\nCDS_REQUEST\n`;
}

// JSON to read: of each Bundle only the first entry.
export function readable(value) {
  const shorten = (key, item) => {
    if (key !== "entry" || !Array.isArray(item) || item.length < 2) return item;
    return [item[0], `… ${item.length - 1} more, not shown here`];
  };
  return JSON.stringify(value, shorten, 2);
}
