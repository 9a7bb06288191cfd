// Reads the chart with the page's own token: every search to its last page, and never anywhere but at the EHR.

const FHIR_JSON = "application/fhir+json";
const PATIENCE_MS = 20_000;
const MOST_DRUGS = 200;
const STATUS = { 403: "refused", 429: "rate-limited" };

/** The access that the EHR gave has run out, or was withdrawn. */
export class Expired extends Error {}

/** Why one search could not be read; `reason` is a stable code of the service. */
class Failed extends Error {
    constructor(reason) {
        super(reason);
        this.reason = reason;
    }
}

/** Whether an address lies at or below the EHR's FHIR base: nothing else may see the token. */
export function inside(address, issuer) {
    const base = new URL(issuer.replace(/\/*$/, "/"));
    let url;
    try {
        url = new URL(address, base);
    } catch {
        return null;
    }
    const plain = !url.username && !url.password && !/%(2f|5c|2e)/i.test(url.pathname);
    return url.origin === base.origin && url.pathname.startsWith(base.pathname) && plain ? url : null;
}

async function get(address, access) {
    const url = inside(address, access.issuer);
    if (url === null) throw new Failed("foreign-link");
    let answer;
    try {
        answer = await fetch(url, {
            headers: { Accept: FHIR_JSON, Authorization: `Bearer ${access.token}` },
            credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
            signal: AbortSignal.timeout(PATIENCE_MS),
        });
    } catch (error) {
        throw new Failed(error.name === "TimeoutError" ? "timeout" : "server-error");
    }
    if (answer.status === 401) throw new Expired();
    if (!answer.ok) throw new Failed(STATUS[answer.status] ?? (answer.status >= 500 ? "server-error" : "error"));
    try {
        return await answer.json();
    } catch {
        throw new Failed("malformed");
    }
}

/** All pages of a search as one Bundle; where it stops early, the link stays, so that it counts as incomplete. */
async function search(first, access) {
    const bundle = { resourceType: "Bundle", type: "searchset", entry: [] };
    const seen = new Set();
    let address = first;
    for (;;) {
        seen.add(address);
        let page;
        try {
            page = await get(address, access);
        } catch (error) {
            if (error instanceof Expired || bundle.entry.length === 0) throw error;
            return { value: { ...bundle, link: [{ relation: "next", url: address }] }, failure: error.reason };
        }
        if (page?.resourceType !== "Bundle") return { value: page };
        if (Array.isArray(page.entry)) bundle.entry.push(...page.entry);
        if (seen.size === 1 && page.total !== undefined) bundle.total = page.total;
        const next = Array.isArray(page.link) ? page.link.find((link) => link?.relation === "next")?.url : undefined;
        if (next === undefined) return { value: bundle };
        const target = inside(next, access.issuer);
        if (target === null || seen.has(target.href) || seen.size >= access.mostPages) {
            const failure = target === null ? "foreign-link" : "truncated";
            return { value: { ...bundle, link: [{ relation: "next", url: String(next) }] }, failure };
        }
        address = target.href;
    }
}

/** Ids of drugs that are named by reference and did not come along. */
function drugsElsewhere(bundle, issuer) {
    const resources = (bundle?.entry ?? []).map((entry) => entry?.resource).filter(Boolean);
    const here = new Set(resources.filter((r) => r.resourceType === "Medication").map((r) => r.id));
    const found = new Set();
    for (const { medicationReference } of resources) {
        const reference = medicationReference?.reference;
        const id = typeof reference === "string" ? /(?:^|\/)Medication\/([A-Za-z0-9\-.]+)$/.exec(reference)?.[1] : null;
        if (id && !here.has(id) && inside(reference, issuer)) found.add(id);
    }
    return [...found].slice(0, MOST_DRUGS);
}

async function withDrugs(found, access) {
    const ids = drugsElsewhere(found.value, access.issuer);
    if (ids.length === 0) return found;
    const query = `Medication?_id=${ids.map(encodeURIComponent).join(",")}&_count=${ids.length}`;
    const drugs = await search(inside(query, access.issuer).href, access);
    const entries = (drugs.value?.entry ?? []).map((entry) => ({ ...entry, search: { mode: "include" } }));
    return { ...found, value: { ...found.value, entry: [...found.value.entry, ...entries] } };
}

async function readOne({ path, type }, access) {
    const patient = encodeURIComponent(access.patient);
    const address = inside(path.replaceAll("{{context.patientId}}", patient), access.issuer).href;
    if (!path.includes("?")) return { value: await get(address, access) };
    const found = await search(address, access);
    if (type !== "MedicationAdministration" && type !== "MedicationRequest") return found;
    try {
        return await withDrugs(found, access);
    } catch (error) {
        if (error instanceof Expired) throw error;
        return found; // the service sees that a drug has no name, and says so
    }
}

/** Every search side by side: `prefetch` by key, and `failures` with the reason of each that is not whole. */
export async function readChart(searches, access) {
    const prefetch = {}, failures = {};
    await Promise.all(searches.map(async (wanted) => {
        try {
            const { value, failure } = await readOne(wanted, access);
            prefetch[wanted.key] = value;
            if (failure) failures[wanted.key] = failure;
        } catch (error) {
            if (!(error instanceof Failed)) throw error;
            failures[wanted.key] = error.reason;
            prefetch[wanted.key] = { resourceType: "OperationOutcome", issue: [{ severity: "error", code: "exception" }] };
        }
    }));
    return { prefetch, failures };
}
