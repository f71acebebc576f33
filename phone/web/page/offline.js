// The page's side of its service worker: it works without a network, tells of a next version, and
// is given what was sent to the page.

const workers = navigator.serviceWorker;

/** Let the page work without a network. `ready` is called when it does, `next` when there is a next
 * version. Where there are no workers, it works all the same with a network. */
export async function workOffline(ready, next) {
  if (!workers) {
    return;
  }
  // The first worker of all takes over from none.
  let isReplaced = Boolean(workers.controller);
  workers.addEventListener("controllerchange", () => {
    if (isReplaced) {
      next();
    }
    isReplaced = true;
  });
  try {
    const registration = await workers.register("sw.js", { updateViaCache: "none" });
    const look = () => {
      if (registration.waiting && workers.controller) {
        next();
      }
    };
    const follow = () => registration.installing?.addEventListener("statechange", look);
    registration.addEventListener("updatefound", follow);
    follow();
    look();
    await workers.ready;
    ready();
  } catch {
    // With a network, then.
  }
}

/** Load the next version, here. Other tabs keep what they have, and are told. */
export async function loadNext() {
  const registration = await workers.getRegistration();
  // Nothing waits where the site's data was deleted.
  const waiting = registration?.waiting;
  if (waiting) {
    const taken = new Promise((go) => workers.addEventListener("controllerchange", go, { once: true }));
    waiting.postMessage("take over");
    await taken;
  }
  location.reload();
}

/** The file that was sent to the page, which the worker has; null if there is none. */
export async function sharedFile() {
  const address = new URL(location);
  if (!workers?.controller || !address.searchParams.has("shared")) {
    return null;
  }
  // It is given once.
  history.replaceState(null, "", address.pathname);
  const { port1, port2 } = new MessageChannel();
  const given = new Promise((go) => (port1.onmessage = ({ data }) => go(data)));
  workers.controller.postMessage("shared", [port2]);
  return given;
}
