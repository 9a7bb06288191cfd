// What every script of the page needs: its configuration, and elements that hold text and nothing else.

/** The JSON that the server put into the page. */
export function configuration() {
    return JSON.parse(document.getElementById("configuration").textContent);
}

/** An element with attributes and children; text becomes text, never markup. */
export function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (value === true) made.setAttribute(key, "");
        else if (value !== false && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== undefined && child !== null));
    return made;
}

export function replaceContent(parent, ...children) {
    parent.replaceChildren(...children.filter(Boolean));
}
