// The plugin's warnings, by the configurations that deserve them and by those that do not.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";

import { doorward } from "../src/vite.js";
import { freePort, until } from "./part/gateway.js";

/** What the plugin says of a configuration, as Vite would hand it over. */
function told(options, { proxy = {}, allowedHosts = [] } = {}) {
  const lines = [];
  const plugin = doorward(options);
  const { server } = plugin.config({});
  const config = { logger: { warn: (text) => lines.push(text) }, server: { ...server, proxy: { ...server.proxy, ...proxy }, allowedHosts } };
  plugin.configResolved(config);
  return { lines, plugin, config, entry: server.proxy["/.doorward/"] };
}

const alive = (t) =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => done(/** @type {any} */ (server.address()).port));
    t.after(() => server.close());
  });

test("the proxy keeps host and origin, and lets sockets through", () => {
  const { config, entry, lines } = told({});
  assert.deepEqual([entry.changeOrigin, entry.ws, config.server.port], [false, true, 3000]);
  // As Vite decides: by a pattern where it begins with ^, or by its beginning.
  const isLed = (path) => Object.keys(config.server.proxy).some((key) => (key.startsWith("^") ? new RegExp(key).test(path) : path.startsWith(key)));
  for (const path of ["/api/v1/auth/me", "/api/v1/admin/users", "/.doorward/sign-in", "/.well-known/jwks.json"]) assert.ok(isLed(path), path);
  for (const path of ["/api/v1/orders", "/api/v1/authors", "/api/things", "/"]) assert.ok(!isLed(path), `${path} is the app's`);
  assert.deepEqual(lines, []);
});

test("the proxy that rewrites host is named", () => {
  const other = { "/api": { target: "http://localhost:8000", changeOrigin: true } };
  assert.match(told({}, { proxy: other }).lines[0], /dev\.proxy_host_rewrite.*\/api/);
  assert.match(told({}, { proxy: { "/api": "http://127.0.0.1:8000" } }).lines[0], /dev\.proxy_host_rewrite/);
  assert.deepEqual(told({}, { proxy: { "/cms": { target: "http://localhost:9000", changeOrigin: true } } }).lines, []);
});

test("a gateway that serves only its own name is named", () => {
  const { lines, entry } = told({ target: "https://login.example.com" });
  const proxy = new EventEmitter();
  entry.configure(proxy);
  const request = { headers: { host: "localhost:3000" } };
  proxy.emit("proxyRes", { statusCode: 404, headers: { "x-request-id": "req_1" } }, request);
  assert.deepEqual(lines, [], "a path that the gateway does not know is something else");
  for (const statusCode of [421, 404]) proxy.emit("proxyRes", { statusCode, headers: {} }, request);
  assert.equal(lines.length, 1, "once");
  assert.match(lines[0], /dev\.proxy_host_not_rewritten.*login\.example\.com/);
});

test("a gateway that is down is named, and the page gets an answer", () => {
  const { lines, entry } = told({});
  const proxy = new EventEmitter();
  entry.configure(proxy);
  let status = 0;
  const response = { headersSent: false, writeHead: (code) => ((status = code), response), end: () => {} };
  proxy.emit("error", new Error("refused"), {}, response);
  assert.equal(status, 502);
  assert.match(lines[0], /nothing answers/);
});

test("a name that leads to a silent address first is named", async (t) => {
  const port = await alive(t);
  const { plugin, config, lines } = told({ target: `http://localhost:${port}` });
  plugin.configureServer({ config, httpServer: new EventEmitter() });
  const { lookup } = await import("node:dns/promises");
  const [first] = await lookup("localhost", { all: true });
  if (first.address === "127.0.0.1") {
    await new Promise((done) => setTimeout(done, 300));
    assert.deepEqual(lines, [], "here the name leads to where it answers");
  } else {
    await until(() => lines.length);
    assert.match(lines[0], /dev\.localhost_ipv6.*127\.0\.0\.1/s);
  }
  const silent = told({ target: `http://127.0.0.1:${await freePort()}` });
  silent.plugin.configureServer({ config: silent.config, httpServer: new EventEmitter() });
  await until(() => silent.lines.length);
  assert.match(silent.lines[0], /client\.unreachable/);
});

test("a name that vite refuses is named", async (t) => {
  const port = await alive(t);
  const { plugin, config, lines } = told({ target: `http://127.0.0.1:${port}` }, { allowedHosts: [".example.com"] });
  const httpServer = new EventEmitter();
  plugin.configureServer({ config, httpServer });
  for (const host of ["localhost:3000", "app.localhost", "127.0.0.1:3000", "[::1]:3000", "a.example.com"]) httpServer.emit("request", { headers: { host } });
  assert.deepEqual(lines, []);
  httpServer.emit("request", { headers: { host: "laptop.lan:3000" } });
  assert.match(lines[0], /dev\.host_check.*laptop\.lan/);
});
