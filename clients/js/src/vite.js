// The development proxy as it has to be, and a word in the terminal where it is not.

import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";

/** What the gateway answers; everything else is the app's, an API of its own below `/api/v1` too. */
const PATHS = ["^/api/v1/(auth|admin)/", "/.doorward/", "/.well-known/jwks.json"];

const ADVICE = /** @type {Record<string, (...words: any[]) => string>} */ ({
  "dev.proxy_host_rewrite": (path) =>
    `the proxy for ${path} rewrites Host (changeOrigin: true), so that Host and Origin differ and the gateway refuses every form and sign-in\n  mend: remove changeOrigin, or the whole entry: this plugin leads ${path} there`,
  "dev.proxy_host_not_rewritten": (target, host) =>
    `${target} does not serve the name "${host}", which the browser asked for\n  mend: doorward({ rewriteHost: true }), and CORS_ALLOWED_ORIGINS=http://${host} at the gateway`,
  "dev.localhost_ipv6": (target, dead, alive) =>
    `${target} leads to ${dead} first, where nothing listens; the gateway answers at ${alive}\n  mend: doorward({ target: "${target.replace("localhost", isIP(alive) === 6 ? `[${alive}]` : alive)}" })`,
  "dev.host_check": (host) =>
    `Vite refuses the name "${host}" that somebody opens the app by\n  mend: server: { allowedHosts: ["${host}"] }`,
  "client.unreachable": (target) => `nothing answers at ${target}\n  mend: start the gateway: doorward serve`,
});

/**
 * @param {import("./vite.js").ProxyOptions} [options]
 * @returns {any}
 */
export function doorward(options = {}) {
  const { target = process.env.DOORWARD_URL || "http://127.0.0.1:8000", paths = PATHS, port = 3000, rewriteHost = false, secure = true } = options;
  const told = new Set();
  let say = (/** @type {string} */ text) => console.warn(text);
  /** Each finding once. @param {string} code @param {...any} words */
  const warn = (code, ...words) => {
    const text = `[doorward] ${code}: ${ADVICE[code](...words)}`;
    if (!told.has(text)) say(text);
    told.add(text);
  };
  const entry = {
    target,
    secure,
    changeOrigin: rewriteHost,
    xfwd: true,
    ws: true,
    /** @param {any} proxy */
    configure: (proxy) => {
      proxy.on("proxyRes", (/** @type {any} */ answer, /** @type {any} */ request) => {
        const isVirtual = answer.statusCode === 421 || (answer.statusCode === 404 && !answer.headers["x-request-id"]);
        if (isVirtual && !rewriteHost) warn("dev.proxy_host_not_rewritten", target, request.headers.host);
      });
      proxy.on("error", (/** @type {any} */ _, /** @type {any} */ request, /** @type {any} */ response) => {
        warn("client.unreachable", target);
        if (!response?.writeHead || response.headersSent) return;
        response.writeHead(502, { "Content-Type": "text/plain", "Cache-Control": "no-store" }).end(`Nothing answers at ${target}.\n`);
      });
    },
  };
  return {
    name: "doorward",
    config: (/** @type {any} */ user) => {
      const proxy = Object.fromEntries(paths.map((path) => [path, entry]));
      return {
        server: { port: user.server?.port ?? port, strictPort: user.server?.strictPort ?? true, proxy },
        preview: { port: user.preview?.port ?? port, proxy },
        ssr: { noExternal: ["@doorward/client"] },
        resolve: { dedupe: ["@sveltejs/kit"] },
      };
    },
    configResolved: (/** @type {any} */ config) => {
      say = (text) => config.logger.warn(text, { timestamp: true });
      for (const [path, other] of Object.entries(config.server.proxy ?? {})) {
        const { target: where, changeOrigin } = typeof other === "string" ? { target: other, changeOrigin: true } : /** @type {any} */ (other);
        if (changeOrigin && !rewriteHost && isSame(where, target)) warn("dev.proxy_host_rewrite", path);
      }
    },
    configureServer: (/** @type {any} */ server) => {
      reach(target, warn);
      const { allowedHosts } = server.config.server;
      server.httpServer?.on("request", (/** @type {any} */ request) => {
        const name = (request.headers.host ?? "").replace(/:\d+$/, "");
        if (!isAllowed(name, allowedHosts)) warn("dev.host_check", name);
      });
    },
  };
}

/** @param {unknown} one @param {string} other */
function isSame(one, other) {
  try {
    const plain = (/** @type {any} */ text) => new URL(text).host.replace(/^(localhost|\[::1\])/, "127.0.0.1");
    return plain(one) === plain(other);
  } catch {
    return false;
  }
}

/** As Vite decides. @param {string} name @param {any} allowed */
function isAllowed(name, allowed) {
  if (allowed === true || !name || name === "localhost" || name.endsWith(".localhost") || isIP(name.replace(/^\[|\]$/g, ""))) return true;
  return (allowed ?? []).some((/** @type {string} */ entry) => entry === name || (entry.startsWith(".") && (name === entry.slice(1) || name.endsWith(entry))));
}

/** Says where a name leads to an address at which nothing listens. @param {string} target @param {(code: string, ...words: any[]) => void} warn */
async function reach(target, warn) {
  const { hostname, port, protocol } = new URL(target);
  const host = hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) ? [{ address: host }] : await lookup(host, { all: true }).catch(() => []);
  const found = await Promise.all(addresses.map(async ({ address }) => ({ address, is: await answers(address, +port || (protocol === "https:" ? 443 : 80)) })));
  const alive = found.find(({ is }) => is);
  if (!alive) warn("client.unreachable", target);
  else if (!found[0].is && host === "localhost") warn("dev.localhost_ipv6", target, found[0].address, alive.address);
}

/** @param {string} host @param {number} port @returns {Promise<boolean>} */
const answers = (host, port) =>
  new Promise((done) => {
    const socket = connect({ host, port, timeout: 1000 });
    /** @param {boolean} is */
    const end = (is) => {
      socket.destroy();
      done(is);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false)).once("timeout", () => end(false));
  });
