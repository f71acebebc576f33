// Keeps the page's own files, so that it works without a network after the first visit.
// `cargo xtask web` fills both in: the version is a hash of the files.

const VERSION = "VERSION";
const FILES = ["FILES"];
const PREFIX = `leaksieve ${self.registration.scope} `;
const CACHE = PREFIX + VERSION;

// All or none: a page of two versions could not be trusted to do what either does.
self.addEventListener("install", (event) => {
  const requests = ["./", ...FILES].map((name) => new Request(name, { cache: "reload" }));
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

self.addEventListener("fetch", (event) => {
  const answer = async () => {
    const cache = await caches.open(CACHE);
    return (await cache.match(event.request)) ?? fetch(event.request);
  };
  event.respondWith(answer());
});
