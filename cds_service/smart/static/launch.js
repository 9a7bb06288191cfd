// Begins the authorization: a state that names the issuer, PKCE with S256, and the scopes of what is searched.
import { configuration, element, replaceContent } from "./page.js";

const { issuer, place, clientId, redirectUri, launch, exchange, exchangeHere, types, words } = configuration();

/** `<place of the issuer>-<128 random bits>`: the page that the EHR comes back to is served by the place. */
function newState() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return `${place}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function smartConfiguration() {
    const answer = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/smart-configuration`, {
        headers: { Accept: "application/json" }, credentials: "omit", redirect: "error",
    });
    if (!answer.ok) throw new Error(`smart-configuration: ${answer.status}`);
    return answer.json();
}

/** Scopes as the server speaks them: `.rs` of SMART 2, or `.read` where it knows only SMART 1. */
function scopes(capabilities = []) {
    const old = capabilities.includes("permission-v1") && !capabilities.includes("permission-v2");
    const context = launch ? "launch" : "launch/patient";
    return [context, ...types.map((type) => `patient/${type}.${old ? "read" : "rs"}`)].join(" ");
}

/** The service exchanges the code where it has a secret, or where this page may not call the token endpoint. */
function exchangeByService(state, tokenEndpoint) {
    if (!exchangeHere && new URL(tokenEndpoint).origin === new URL(issuer).origin) return;
    const kept = JSON.parse(sessionStorage.getItem(state));
    sessionStorage.setItem(state, JSON.stringify({ ...kept, tokenUri: exchange }));
}

async function begin() {
    // fhirclient lets the address speak over what it is told: client, patient and server would be anyone's to choose.
    history.replaceState(null, "", location.pathname);
    const found = await smartConfiguration();
    const state = newState();
    const target = await window.FHIR.oauth2.authorize({
        iss: issuer, clientId, redirectUri, launch: launch || undefined, scope: scopes(found.capabilities),
        stateKey: state, pkceMode: "required", completeInTarget: true, noRedirect: true,
    });
    exchangeByService(state, found.token_endpoint);
    location.replace(target);
}

begin().catch((error) => {
    replaceContent(document.getElementById("status"),
        element("h2", {}, words.notStarted), element("p", {}, words.notStartedHelp),
        element("p", { class: "quiet" }, String(error.message)));
});
