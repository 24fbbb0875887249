// A way to the gateway that can be slow and can lose answers, with a page on it that uses the client.

import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createServer as createSecure } from "node:https";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** A page, with what its query wishes: a language, a meta tag with a token, a policy for the referrer. @param {URLSearchParams} wish */
const PAGE = (wish) => `<!DOCTYPE html><html lang="${wish.get("lang") ?? "en"}"><meta charset="utf-8">
${wish.has("meta") ? `<meta name="csrf-token" content="${wish.get("meta")}">` : ""}${wish.has("referrer") ? `<meta name="referrer" content="${wish.get("referrer")}">` : ""}
<title>A page</title><script type="module" src="/page.js"></script>`;

/** A service worker that answers everything it has ever seen from its memory. */
const WORKER = `
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  event.respondWith(caches.open("old").then(async (old) => (await old.match(event.request)) ?? fetch(event.request).then((answer) => (old.put(event.request, answer.clone()), answer))));
});
`;

const SCRIPT = `
import { createClient, fetchCsrfToken } from "/client/index.js";
const query = new URLSearchParams(location.search);
const wish = JSON.parse(query.get("options") ?? "{}");
const ends = [];
const storage = wish.isKept ? { storage: () => localStorage } : {};
const client = createClient({ deadline: 15000, retry: 4, ...wish, ...storage, onSessionEnd: (error) => ends.push(error.reason) });
/** What the person would see of it. */
const seen = async (run) => {
  try {
    return { value: await run() };
  } catch (error) {
    const { name, reason, kind, status, message, hint } = error;
    return { reason: reason ?? name, kind, status, message, hint };
  }
};
Object.assign(window, { client, createClient, fetchCsrfToken, ends, seen, isReady: true });
`;

/** @param {number} gateway the port @param {() => number} chance @param {{ key: string, cert: string }} [secure] for https */
export async function startWeather(gateway, chance = Math.random, secure = undefined) {
  const weather = { delay: 0, loss: 0, blocked: /** @type {RegExp | null} */ (null), lost: 0, isCookieless: false };
  const agentless = { agent: false };
  const answered = (/** @type {import("node:http").IncomingMessage} */ asked, /** @type {import("node:http").ServerResponse} */ answer) => {
    const { pathname, searchParams } = new URL(asked.url ?? "/", "http://localhost");
    const fields = { "Cache-Control": "no-cache" };
    if (pathname === "/page") return void answer.writeHead(200, { "Content-Type": "text/html", ...fields }).end(PAGE(searchParams));
    if (pathname === "/frame") return void answer.writeHead(200, { "Content-Type": "text/html" }).end(`<!DOCTYPE html><title>Another site</title><iframe src="${searchParams.get("src")}"></iframe>`);
    if (pathname === "/worker.js") return void answer.writeHead(200, { "Content-Type": "text/javascript", ...fields }).end(WORKER);
    if (pathname === "/page.js") return void answer.writeHead(200, { "Content-Type": "text/javascript", ...fields }).end(SCRIPT);
    if (pathname === "/favicon.ico") return void answer.writeHead(204).end();
    if (pathname.startsWith("/client/")) {
      return void answer.writeHead(200, { "Content-Type": "text/javascript", "Cache-Control": "max-age=3600" }).end(readFileSync(source + pathname.slice(8)));
    }
    if (weather.blocked?.test(pathname)) return void asked.socket.destroy();
    if (weather.isCookieless) delete asked.headers.cookie;
    const fate = chance();
    // Half of what is lost is lost on the way there, half on the way back, where it has had its effect.
    if (fate < weather.loss / 2) {
      weather.lost += 1;
      return void asked.socket.destroy();
    }
    const onward = request({ ...agentless, host: "127.0.0.1", port: gateway, method: asked.method, path: asked.url, headers: asked.headers }, (back) => {
      setTimeout(() => {
        if (fate < weather.loss) {
          weather.lost += 1;
          back.resume();
          return void asked.socket.destroy();
        }
        if (weather.isCookieless) delete back.headers["set-cookie"];
        answer.writeHead(back.statusCode ?? 502, back.headers);
        back.pipe(answer);
      }, weather.delay && chance() * weather.delay);
    });
    onward.on("error", () => asked.socket.destroy());
    asked.pipe(onward);
  };
  const server = secure ? createSecure(secure, answered) : createServer(answered);
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    weather,
    origin: `${secure ? "https" : "http"}://localhost:${port}`,
    port,
    end: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

/** A generator of numbers from 0 to 1 that a seed repeats (mulberry32). @param {number} seed */
export const seeded = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
