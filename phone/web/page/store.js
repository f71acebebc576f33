// Filter files that are kept in the browser's own file system, and the two settings.
// Nothing that is typed is ever here.

const KEPT = "filters";
/** Of unfinished copies, and of the lock of who makes one. */
const COPYING = "copying";

async function folder(name) {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(name, { create: true });
}

/** Can files be kept here? Not in every browser, and not in private windows. */
export async function isAvailable() {
  try {
    await folder(KEPT);
    return ["createWritable", "move"].every((method) => method in FileSystemFileHandle.prototype);
  } catch {
    return false;
  }
}

/** The kept files, the one that was copied last first: so equals stand in the page's order. */
export async function list() {
  const files = [];
  for await (const handle of (await folder(KEPT)).values()) {
    if (handle.kind === "file") {
      files.push(await handle.getFile());
    }
  }
  return files.sort((a, b) => b.lastModified - a.lastModified);
}

/** Is a file of this name kept? */
export async function has(name) {
  try {
    await (await folder(KEPT)).getFileHandle(name);
    return true;
  } catch {
    return false;
  }
}

/** Copy a file. It is among the others only when all of it is written; `told` is told the share that is. Gives the
 * copy. A person who cancels does not wait for it to be undone. */
export async function keep(file, told, signal) {
  const cancelled = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const copied = navigator.locks.request(COPYING, { mode: "shared", signal }, () => copy(file, told, signal));
  return Promise.race([copied, cancelled]);
}

/** Does the browser promise to keep files? Some never answer. */
export async function isLasting() {
  try {
    return await navigator.storage.persist();
  } catch {
    return false;
  }
}

async function copy(file, told, signal) {
  const copies = await folder(COPYING);
  const name = crypto.randomUUID();
  let numBytes = 0;
  const count = new TransformStream({
    transform(chunk, controller) {
      numBytes += chunk.byteLength;
      told(numBytes / file.size);
      controller.enqueue(chunk);
    },
  });
  try {
    const handle = await copies.getFileHandle(name, { create: true });
    const writable = await handle.createWritable();
    await file.stream().pipeThrough(count, { signal }).pipeTo(writable, { signal });
    signal.throwIfAborted();
    await handle.move(await folder(KEPT), file.name);
    return await handle.getFile();
  } catch (error) {
    await copies.removeEntry(name).catch(() => {});
    throw error;
  }
}

/** Delete what was copied when a page was closed, unless another tab is copying. */
export async function tidy() {
  await navigator.locks.request(COPYING, { ifAvailable: true }, async (lock) => {
    if (lock) {
      const root = await navigator.storage.getDirectory();
      await root.removeEntry(COPYING, { recursive: true });
    }
  });
}

/** Delete a file. */
export async function remove(name) {
  await (await folder(KEPT)).removeEntry(name);
}

/** What could not be stored, and so is newer: it lasts as long as the page. */
const unstored = new Map();
const nameOf = (setting) => `leaksieve.${setting}`;

/** A setting, or null. */
export function setting(name) {
  if (unstored.has(name)) {
    return unstored.get(name);
  }
  try {
    return localStorage.getItem(nameOf(name));
  } catch {
    return null;
  }
}

export function set(name, value) {
  unstored.set(name, value);
  try {
    if (value === null) {
      localStorage.removeItem(nameOf(name));
    } else {
      localStorage.setItem(nameOf(name), value);
    }
    unstored.delete(name);
  } catch {
    // It stays there.
  }
}

/** Call `changed` when another tab changed a setting. */
export function listen(name, changed) {
  addEventListener("storage", (event) => {
    // Without a key, all of them were cleared.
    if (event.key === nameOf(name) || event.key === null) {
      unstored.delete(name);
      changed();
    }
  });
}
