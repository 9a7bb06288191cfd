// SMART App Launch from a card: the sandbox's authorization server remembers patient and context of the launch.

import { fhirServer } from "./hook.js";
import { answerOf, post } from "./ward.js";

// The tab is opened at once, while the browser still sees the click behind it.
export function launcher(patientId, open = () => window.open("about:blank", "_blank")) {
  return async (link) => {
    if (!/^https?:\/\//.test(link.url)) return "The link of this card is no web address.";
    const tab = open();
    if (!tab) return "The browser did not allow a new tab: allow pop-ups of this page.";
    try {
      const body = JSON.stringify({ patient: patientId, ...(link.appContext ? { appContext: link.appContext } : {}) });
      const { launch } = await answerOf(await post("/auth/launch", body, "application/json"));
      const address = new URL(link.url);
      address.searchParams.set("iss", fhirServer);
      address.searchParams.set("launch", launch);
      tab.opener = null;
      tab.location.replace(address.href);
      return "Opened in a new tab.";
    } catch (error) {
      tab.close();
      return `The app could not be launched. ${error.message}`;
    }
  };
}
