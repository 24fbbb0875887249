// What a browser allows a page, or keeps from it: storage, locks, plain http below https, passkeys. In a real Chromium.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startChromium } from "./part/chromium.js";
import { startGateway, until } from "./part/gateway.js";
import { options, visit } from "./part/visitor.js";

const KEPT = options({ isKept: true });

/** @type {Awaited<ReturnType<typeof startGateway>>} */
let gateway;
/** @type {import("puppeteer-core").Browser} */
let browser;
/** @type {string} */
let place;
before(async () => {
  place = mkdtempSync(join(tmpdir(), "doorward-page-"));
  gateway = await startGateway();
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await gateway?.end();
  rmSync(place, { recursive: true, force: true });
});

/** What the person sees of a call of the client. @param {any} tab @param {string} call @param {...any} words */
const see = (tab, call, ...words) =>
  tab.evaluate((call, words) => window["seen"](() => call.split(".").reduce((found, name) => found[name].bind?.(found) ?? found[name], window["client"])(...words)), call, words);
const signIn = (tab) => see(tab, "login", { email: gateway.email, password: gateway.password });
const renewals = (...tabs) => tabs.flatMap(({ asked }) => asked).filter((line) => line.endsWith("jwt/refresh")).length;

/** Makes the access token of a page this old. @param {any} tab @param {number} share of its life */
const age = (tab, share) =>
  tab.evaluate((share) => {
    const [key] = Object.keys(localStorage).filter((key) => key.startsWith("doorward ") && !key.endsWith(" turn"));
    const tokens = JSON.parse(localStorage[key]);
    localStorage[key] = JSON.stringify({ ...tokens, since: Date.now() - tokens.life * share });
    return tokens.access;
  }, share);

/** Waits until each tab reads what one of them has written. @param {...any} tabs */
const spread = async (...tabs) => {
  const kept = await tabs[0].evaluate(() => JSON.stringify({ ...localStorage }));
  for (const tab of tabs) await tab.waitForFunction((kept) => JSON.stringify({ ...localStorage }) === kept, {}, kept);
};

test("a page by https whose service is at plain http is told so", async (t) => {
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", ...names, "-keyout", join(place, "key"), "-out", join(place, "cert")], { stdio: "pipe" });
  const own = await startChromium(["--ignore-certificate-errors", "--host-resolver-rules=MAP *.test 127.0.0.1"]);
  t.after(() => own.close());
  const { open } = await visit(t, own, gateway, { key: readFileSync(join(place, "key"), "utf8"), cert: readFileSync(join(place, "cert"), "utf8") });
  const tab = await open(options({ baseUrl: `http://portal.test:${gateway.port}`, language: "de" }));
  const outcome = await signIn(tab);
  assert.deepEqual([outcome.reason, outcome.kind], ["client.mixed_content", "network"]);
  assert.match(outcome.message, /passen nicht zusammen/);
  assert.match(outcome.hint, /https/);
});

test("a browser that keeps nothing of this address is told so, in time", async (t) => {
  const profile = join(place, "profile");
  mkdirSync(join(profile, "Default"), { recursive: true });
  writeFileSync(join(profile, "Default/Preferences"), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
  const own = await startChromium([`--user-data-dir=${profile}`]);
  t.after(() => own.close());
  const { open } = await visit(t, own, gateway);
  for (const query of ["", KEPT]) {
    const tab = await open(query);
    assert.equal(await tab.evaluate(() => { try { return !!localStorage; } catch (error) { return error.name; } }), "SecurityError");
    const outcome = await signIn(tab);
    assert.equal(outcome.reason, "client.cookies_blocked");
    assert.match(outcome.message, /allow cookies/);
    const { cookie, storage } = await tab.evaluate(() => window["client"].inspect());
    assert.deepEqual([cookie, storage], ["absent", query ? "blocked" : "none"]);
  }
});

test("a storage that is full keeps nobody out, for as long as the page is there", async (t) => {
  const { open } = await visit(t, browser, gateway);
  const tab = await open(KEPT);
  await tab.evaluate(() => {
    for (let size = 1 << 22, number = 0; size > 0; number += 1) {
      try {
        localStorage.setItem(`${number}`, "x".repeat(size));
      } catch {
        size >>= 1;
      }
    }
  });
  assert.equal((await signIn(tab)).value.status, "signed_in");
  assert.equal((await see(tab, "me")).value.user.email, gateway.email);
  assert.equal(await tab.evaluate(() => window["client"].inspect().storage), "blocked");
  await see(tab, "logout");
  assert.equal((await see(tab, "me")).value, null);
});

test("one tab renews the access token for all, and the others wait for it", async (t) => {
  const { open } = await visit(t, browser, gateway);
  const tabs = [await open(KEPT), await open(KEPT), await open(KEPT)];
  await signIn(tabs[0]);
  for (let round = 1; round <= 3; round += 1) {
    const old = await age(tabs[0], 1.1);
    await spread(...tabs);
    const found = await Promise.all(tabs.flatMap((tab) => [see(tab, "me"), see(tab, "me")]));
    assert.ok(found.every(({ value }) => value?.user.email === gateway.email), JSON.stringify(found));
    assert.equal(renewals(...tabs), round, "in all tabs together");
    assert.notEqual(await age(tabs[0], 0), old);
  }
  // Ahead of time: the request goes out with the old one meanwhile.
  await age(tabs[0], 0.9);
  await spread(...tabs);
  assert.ok((await see(tabs[1], "me")).value);
  await until(() => renewals(...tabs) === 4, "the renewal ahead of time");
});

test("where a browser has no locks, tabs that renew at one time sign nobody out", async (t) => {
  const { open } = await visit(t, browser, gateway);
  const bare = () => void Object.defineProperty(navigator, "locks", { value: undefined });
  const tabs = [await open(KEPT, undefined, bare), await open(KEPT, undefined, bare)];
  await signIn(tabs[0]);
  for (let round = 1; round <= 3; round += 1) {
    await age(tabs[0], 1.1);
    await spread(...tabs);
    const before = renewals(...tabs);
    const found = await Promise.all(tabs.flatMap((tab) => [see(tab, "me"), see(tab, "me")]));
    assert.ok(found.every(({ value }) => value?.user.email === gateway.email), JSON.stringify(found));
    assert.ok(renewals(...tabs) - before <= 2, "one for each page");
  }
  assert.deepEqual(await tabs[1].evaluate(() => window["ends"]), []);
});

/** Answers what a page asks for with 404, as after a deployment that has other files. @param {any} tab @param {RegExp} path */
async function lose(tab, path) {
  const world = { isLost: true };
  await tab.setRequestInterception(true);
  tab.on("request", (request) => (world.isLost && path.test(request.url()) ? request.respond({ status: 404, body: "gone" }) : request.continue()));
  return world;
}

test("a refusal keeps its reason and words where the texts of the client do not load", async (t) => {
  const { open } = await visit(t, browser, gateway);
  const tab = await open();
  await lose(tab, /trouble\.js|messages\.js/);
  const outcome = await tab.evaluate((email) => window["seen"](() => window["client"].login({ email, password: "wrong" })), gateway.email);
  assert.deepEqual([outcome.reason, outcome.kind, outcome.status], ["signin.credentials_wrong", "input", 401]);
  assert.match(outcome.message, /password/);
});

test("a part of the client that does not load is named, and asked for again", async (t) => {
  const { open } = await visit(t, browser, gateway);
  for (const [part, query] of [[/bearer\.js/, KEPT], [/steps\.js/, ""]]) {
    const tab = await open();
    const world = await lose(tab, /** @type {RegExp} */ (part));
    await tab.goto(`${new URL(tab.url()).origin}/page?${query}`);
    await tab.waitForFunction("window.isReady");
    const outcome = await signIn(tab);
    assert.deepEqual([outcome.reason, outcome.kind], ["client.unreachable", "network"]);
    world.isLost = false;
    assert.equal((await signIn(tab)).value?.status, "signed_in", String(part));
  }
});

test("addresses are relative to where the page says, and a cookie is known by its whole name", async (t) => {
  const { open } = await visit(t, browser, gateway);
  const tab = await open();
  const asked = await tab.evaluate(async () => {
    document.head.append(Object.assign(document.createElement("base"), { href: "/below/" }));
    const seen = [];
    const client = window["createClient"]({ fetch: async (input) => (seen.push(input.url), new Response("")) });
    await client.fetch("x");
    return { seen, own: new Request("x").url };
  });
  assert.deepEqual(asked.seen, [asked.own]);
  await tab.evaluate(() => void (document.cookie = "my-csrf_token=1; Path=/"));
  assert.equal(await tab.evaluate(() => window["client"].inspect().cookie), "absent");
});

test("a client that is closed hears nothing more", async (t) => {
  const { open } = await visit(t, browser, gateway);
  const [tab, other] = [await open(), await open()];
  await see(tab, "me");
  await tab.evaluate(() => window["client"].close());
  await signIn(other);
  await see(other, "logout");
  assert.equal(await tab.evaluate(() => (dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })), window["client"].inspect().tabs)), false);
  assert.equal(tab.asked.filter((line) => line.endsWith("/me")).length, 1);
});

/** Gives a tab an authenticator in the device. @param {any} tab */
async function authenticator(tab) {
  const wire = await tab.createCDPSession();
  await wire.send("WebAuthn.enable");
  const { authenticatorId } = await wire.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { isVerified: (/** @type {boolean} */ is) => wire.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: is }) };
}

test("a page sets a passkey up, signs in with it alone, and proves it after the password", async (t) => {
  const own = await startGateway();
  t.after(own.end);
  const { open, port } = await visit(t, browser, own);
  const tab = await open("lang=de");
  const owner = await authenticator(tab);
  const enter = () => see(tab, "login", { email: own.email, password: own.password });
  const amr = async () => (await see(tab, "me")).value.amr;
  await enter();
  assert.equal((await see(tab, "passkey.create", { name: "Laptop" })).value.status, "signed_in");
  const again = await see(tab, "passkey.create");
  assert.equal(again.reason, "client.passkey_known");
  assert.match(again.message, /schon einen Passkey/);
  await see(tab, "logout");

  tab.asked.length = 0;
  assert.equal((await see(tab, "passkey.get")).value.status, "signed_in");
  assert.deepEqual(tab.asked.map((line) => line.split("/auth/")[1]), ["passkey/begin", "passkey/finish"], "two requests");
  assert.deepEqual(await amr(), ["hwk", "mfa"]);
  await see(tab, "logout");

  assert.equal((await enter()).value.status, "second_factor_required");
  assert.equal((await see(tab, "passkey.get", { secondFactor: true })).value.status, "signed_in");
  assert.deepEqual(await amr(), ["pwd", "hwk", "mfa"]);
  await see(tab, "logout");

  // Somebody who is not its owner, and an address at which no browser offers passkeys.
  await owner.isVerified(false);
  const stopped = await see(tab, "passkey.get");
  assert.deepEqual([stopped.reason, stopped.message.includes("abgebrochen")], ["client.passkey_cancelled", true]);
  const other = await open(options({ language: "de" }), `http://127.0.0.1:${port}`);
  const nowhere = await see(other, "passkey.get");
  assert.equal(nowhere.reason, "client.passkey_impossible");
  assert.match(nowhere.message, /gehen in diesem Browser nicht/);
  assert.match(nowhere.hint, /https/);
});

test("access tokens of a passkey are kept where those of a password are", async (t) => {
  const own = await startGateway();
  t.after(own.end);
  const { open } = await visit(t, browser, own);
  const tab = await open();
  await authenticator(tab);
  await see(tab, "login", { email: own.email, password: own.password });
  await see(tab, "passkey.create");
  await see(tab, "logout");
  await tab.goto(`${new URL(tab.url()).origin}/page?${KEPT}`);
  await tab.waitForFunction("window.isReady");
  assert.equal((await see(tab, "passkey.get")).value.status, "signed_in");
  assert.equal((await see(tab, "me")).value.user.email, own.email);
  assert.equal(await tab.evaluate(() => document.cookie.includes("doorward=")), false);
  assert.equal(await tab.evaluate(() => Object.keys(localStorage).length), 1);
});
