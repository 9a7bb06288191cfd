// Where cards and order pad stand below each other: from one to the other, and how many drafts there are.

import { byId } from "./dom.js";

export function startJumps() {
  for (const jump of document.querySelectorAll("[data-jump]")) {
    jump.addEventListener("click", () => {
      const title = byId(jump.dataset.jump);
      title.scrollIntoView({ block: "start" });
      title.focus({ preventScroll: true });
    });
  }
}

export function countDrafts(count) {
  byId("jump-count").textContent = count ? `, ${count === 1 ? "1 draft" : `${count} drafts`}` : "";
}
