// What only a browser has: tabs, frames, the back/forward cache, service workers, CORS. In a real Chromium.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startChromium } from "./part/chromium.js";
import { startGateway } from "./part/gateway.js";
import { visit } from "./part/visitor.js";

/** @type {Awaited<ReturnType<typeof startGateway>>} */
let gateway;
/** @type {import("puppeteer-core").Browser} */
let browser;
before(async () => {
  gateway = await startGateway();
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await gateway?.end();
});

const visitor = (t) => visit(t, browser, gateway);
const signIn = (tab) => tab.evaluate((mine) => window["seen"](async () => (await window["client"].login(mine)).status), { email: gateway.email, password: gateway.password });
const change = (tab) => tab.evaluate(() => window["seen"](() => window["client"].request("devices", undefined, { method: "DELETE" })));
const tokens = (tab) => tab.asked.filter((line) => line.endsWith("csrf-token")).length;

test("a page that mounts twice asks for one token", async (t) => {
  const { open } = await visitor(t);
  const tab = await open();
  await tab.evaluate(() => Promise.all([window["client"].ready(), window["client"].ready(), window["createClient"]().ready(), window["createClient"]().ready()]));
  assert.equal(tokens(tab), 1);
  assert.equal((await signIn(tab)).value, "signed_in");
});

test("a page that comes back from the cache of the browser forgets its token", async (t) => {
  const { open } = await visitor(t);
  const tab = await open();
  await signIn(tab);
  await change(tab);
  const before = tokens(tab);
  await tab.evaluate(() => void dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  assert.deepEqual(await change(tab), { value: { ended: 0 } });
  assert.equal(tokens(tab), before + 1);
});

test("tabs tell one another of a sign-in and of its end", async (t) => {
  const { open } = await visitor(t);
  const [one, other] = [await open(), await open()];
  await other.evaluate(() => window["client"].me());
  await signIn(one);
  await other.waitForFunction("window.client.state.current.status === 'signed_in'");
  assert.deepEqual(await change(other), { value: { ended: 0 } });
  await one.evaluate(() => window["client"].logout());
  await other.waitForFunction("window.client.state.current.status === 'signed_out'");
  assert.deepEqual(await other.evaluate(() => window["ends"]), ["session.signed_out"]);
});

test("a token of a meta tag or a cookie is used only where no other comes", async (t) => {
  const { open, weather } = await visitor(t);
  const stale = await open("meta=1:2:3");
  assert.equal((await signIn(stale)).value, "signed_in");
  assert.equal(await stale.evaluate(() => window["client"].inspect().lastRefusal), null, "the tag was not even tried");
  weather.blocked = /csrf-token/;
  const tab = await open("meta=1:2:3");
  assert.deepEqual(await change(tab), { value: { ended: 0 } }, "by the cookie");
  await tab.evaluate(() => void (document.cookie = "csrf_token=; Max-Age=0; Path=/"));
  const other = await open("meta=1:2:3");
  assert.deepEqual(await change(other), { value: { ended: 0 } }, "by the refusal of the tag, which carries a fresh one");
});

test("a page under no-referrer signs in", async (t) => {
  const { open } = await visitor(t);
  assert.equal((await signIn(await open("referrer=no-referrer"))).value, "signed_in");
});

test("a browser that keeps no cookies is told so", async (t) => {
  const { open, weather } = await visitor(t);
  weather.isCookieless = true;
  const outcome = await signIn(await open());
  assert.equal(outcome.reason, "client.cookies_blocked");
  assert.match(outcome.message, /allow cookies/);
});

test("a page in the frame of another site is told so", async (t) => {
  const { open, origin, port } = await visitor(t);
  const tab = await open("", `http://127.0.0.1:${port}`);
  await tab.goto(`http://127.0.0.1:${port}/frame?src=${encodeURIComponent(`${origin}/page`)}`);
  const frame = await tab.waitForFrame((found) => found.url().startsWith(origin));
  await frame.waitForFunction("window.isReady");
  const outcome = await signIn(frame);
  assert.equal(outcome.reason, "client.framed");
  assert.match(outcome.message, /tab of its own/);
});

test("an origin that is not listed is told from a gateway that is down", async (t) => {
  const { open } = await visitor(t);
  const options = encodeURIComponent(JSON.stringify({ baseUrl: gateway.origin, language: "de" }));
  const tab = await open(`options=${options}`);
  const outcome = await signIn(tab);
  assert.equal(outcome.reason, "client.cors_blocked");
  assert.match(outcome.hint, /CORS_ALLOWED_ORIGINS/);
  assert.match(outcome.message, /Antwort/);
  const nowhere = encodeURIComponent(JSON.stringify({ baseUrl: "http://localhost:9" }));
  assert.equal((await signIn(await open(`options=${nowhere}`))).reason, "client.unreachable");
});

test("a service worker that serves old pages and old tokens keeps nobody out", async (t) => {
  const { open, origin } = await visitor(t);
  const tab = await open();
  await tab.evaluate(() => navigator.serviceWorker.register("/worker.js").then(() => navigator.serviceWorker.ready));
  await tab.goto(`${origin}/page`);
  await tab.waitForFunction("window.isReady && navigator.serviceWorker.controller");
  const old = await tab.evaluate(() => window["client"].csrf.token());
  await tab.evaluate(() => window["client"].csrf.drop());
  assert.equal(await tab.evaluate(() => window["client"].csrf.token()), old, "the worker keeps it");
  for (let round = 0; round < 3; round += 1) {
    assert.equal((await signIn(tab)).value, "signed_in");
    await tab.evaluate(() => window["client"].csrf.drop());
    assert.deepEqual(await change(tab), { value: { ended: 0 } });
    await tab.evaluate(() => window["client"].logout());
    await tab.reload();
    await tab.waitForFunction("window.isReady");
  }
  const { hasServiceWorker } = await tab.evaluate(() => window["client"].inspect());
  assert.equal(hasServiceWorker, true);
});

test("a broken way ends in words, and the same works when it is back", async (t) => {
  const { open, weather } = await visitor(t);
  const tab = await open("lang=de");
  await tab.evaluate(() => window["client"].ready());
  weather.blocked = /api/;
  const outcome = await signIn(tab);
  assert.equal(outcome.reason, "client.unreachable");
  assert.match(outcome.message, /nicht zu erreichen/, "the words were there before the network went");
  weather.blocked = null;
  assert.equal((await signIn(tab)).value, "signed_in");
});
