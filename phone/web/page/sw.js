// Keeps the page's own files, so that it works without a network after the first visit.
// `cargo xtask web` fills both in: each file's hash, and the version, a hash of them all.

const VERSION = "VERSION";
const FILES = ["FILES"];
const PREFIX = `leaksieve ${self.registration.scope} `;
const CACHE = PREFIX + VERSION;
/** Where the system sends files that a person shares with the page, as the manifest says. */
const SHARE = new URL("share", self.registration.scope).pathname;
/** How long such a file waits for the page that is being loaded, which is long before. */
const PATIENCE_MS = 60_000;

// All of this version or none: a page of two versions could not be trusted to do what either
// does, and a host may be changing while it is asked.
self.addEventListener("install", (event) => {
  const requests = FILES.map(([name, integrity]) => new Request(name, { cache: "reload", integrity }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

// Runs when no page of the older version is open any more.
self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

let shared = null;
let handOver = () => {};

// A page asks for the next version, which a person wants at once, or for what was shared.
self.addEventListener("message", ({ data, ports: [port] }) => {
  if (data === "take over") {
    self.skipWaiting();
  } else if (data === "shared") {
    port.postMessage(shared);
    shared = null;
    handOver();
  }
});

/** Take a file that was shared, which the page then asks for. It is sent nowhere. */
async function take(event) {
  const form = await event.request.formData().catch(() => null);
  const file = form?.get("file");
  shared = file instanceof File ? file : null;
  return Response.redirect(new URL("./?shared", self.registration.scope), 303);
}

// From here only: what this version does not have is not fetched, so that nothing which is asked for
// reaches any server. The browser looks for a next version by itself.
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "POST" && new URL(url).pathname === SHARE) {
    event.respondWith(take(event));
    const handed = new Promise((done) => (handOver = done));
    event.waitUntil(Promise.race([handed, new Promise((done) => setTimeout(done, PATIENCE_MS))]));
    return;
  }
  const answer = async () => {
    const cache = await caches.open(CACHE);
    // The page is one, whatever the link to it says.
    const wanted = event.request.mode === "navigate" ? "./" : event.request;
    return (await cache.match(wanted, { ignoreSearch: true })) ?? Response.error();
  };
  event.respondWith(answer());
});
