// What this tab remembers over a reload. A browser may forbid that (a frame without its own storage):
// then it lasts as long as the page, and nothing else breaks.

const here = new Map();

export function remember(key, value) {
  here.set(key, value);
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // forbidden: `here` has it
  }
}

export function recall(key) {
  try {
    return sessionStorage.getItem(key) ?? here.get(key) ?? null;
  } catch {
    return here.get(key) ?? null;
  }
}

export function forget(key) {
  here.delete(key);
  try {
    sessionStorage.removeItem(key);
  } catch {
    // forbidden: there is nothing to remove
  }
}
