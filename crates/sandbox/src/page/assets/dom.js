// Finding, making and filling elements. Text only ever enters as text.

export const byId = (id) => document.getElementById(id);

/** A new element with attributes, `on…` listeners and children (strings become text, null is left out). */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function show(id, visible) {
  byId(id).hidden = !visible;
}

export function write(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text; // an unchanged live region stays silent
}

/** A seller's mark: the first letter of its name. */
export function initial(name) {
  return (Array.from(name.trim())[0] ?? "·").toUpperCase();
}

/** What happened, where everyone meets it. `tone` is "", "error" or "good". */
export function say(text, tone = "") {
  const message = byId("message");
  message.className = `message ${tone}`;
  message.textContent = text;
}

/** Replaces the page by one statement. */
export function notice({ title, text, mark = "i", tone = "", link = null }) {
  for (const other of document.querySelectorAll("[data-page], #checkout")) other.hidden = true;
  byId("notice-mark").className = `mark ${tone}`;
  write("notice-mark", mark);
  write("notice-title", title);
  write("notice-text", text);
  show("notice-link", link !== null);
  if (link) {
    byId("notice-link").href = link.href;
    write("notice-link", link.text);
  }
  show("notice", true);
  document.title = title;
  byId("notice-title").focus();
}

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Only an address of the web: never a script in disguise. */
export function webAddress(text) {
  try {
    const url = new URL(text, location.href);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}
