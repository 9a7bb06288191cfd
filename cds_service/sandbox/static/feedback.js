// CDS Hooks feedback: what became of a card. A service that takes none is no fault of the page.

import { now } from "./ward.js";

// report(entry) posts one entry and gives a sentence on what became of it.
export function reporter(service) {
  return async (entry) => {
    const feedback = [{ ...entry, outcomeTimestamp: new Date(now()).toISOString() }];
    try {
      const response = await fetch(`/cds-services/${encodeURIComponent(service.id)}/feedback`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ feedback }),
      });
      return sentence(response.status);
    } catch {
      return "Marked on this page only: the service could not be reached.";
    }
  };
}

function sentence(status) {
  if (status >= 200 && status < 300) return "The service was told.";
  if (status === 404 || status === 405) return "Marked on this page only: the service takes no feedback.";
  return `Marked on this page only: the service answered ${status}.`;
}
