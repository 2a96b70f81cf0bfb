// Keeps the page's own files, so that it opens without a network; what is newer comes first. The
// control API is never kept.

const CACHE = "companion";
const FILES = [
  "./",
  "access.js",
  "activity.js",
  "app.css",
  "car.js",
  "charge.js",
  "chooser.js",
  "climate.js",
  "cloud.js",
  "command.js",
  "dom.js",
  "icon.svg",
  "main.js",
  "manifest.webmanifest",
  "mqtt.esm.js",
  "overview.js",
  "picture.js",
  "place.js",
  "reasons.js",
  "store.js",
  "hatch.webp",
  "saloon.webp",
  "suv.webp",
  "van.webp",
  "bus.webp",
  "hatch_open.webp",
  "saloon_open.webp",
  "suv_open.webp",
  "van_open.webp",
];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function freshOrKept(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) {
      (await caches.open(CACHE)).put(request, answer.clone());
    }
    return answer;
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (!kept) {
      throw error;
    }
    return kept;
  }
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method === "GET" && url.origin === location.origin && url.pathname.startsWith("/companion/")) {
    event.respondWith(freshOrKept(event.request));
  }
});
