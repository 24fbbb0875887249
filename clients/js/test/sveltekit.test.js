// The SvelteKit example as a person meets it in a real Chromium: in development, and built behind the gateway.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fill, startChromium } from "./part/chromium.js";
import { install } from "./part/example.js";
import { freePort, startGateway, totp, until } from "./part/gateway.js";

/** @type {ReturnType<typeof install>} */
let app;
/** @type {import("puppeteer-core").Browser} */
let browser;
before(async () => {
  app = install();
  // Answers whose headers nobody may change: a redirect, and one that is passed on from elsewhere.
  for (const [name, answer] of [["led", "Response.redirect(new URL('/account', url), 303)"], ["passed", "fetch(new URL('/favicon.svg', url))"]]) {
    const folder = join(app.folder, "src/routes/notes", name);
    mkdirSync(folder);
    writeFileSync(join(folder, "+server.js"), `export const GET = ({ url }) => ${answer};\n`);
  }
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  app?.end();
});

/** What a person does from the first page to the last. */
async function visit(origin, gateway) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(90000);
  const awake = () => page.waitForSelector("nav[data-awake=true]");
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("response", async (answer) => process.env.SHOW && answer.request().method() === "POST" && console.log(answer.status(), answer.url(), await answer.text().catch(String)));
  // One refusal is in order, once the page cannot know better; nobody sees it.
  let isBehind = false;
  page.on("response", (answer) => {
    if (answer.status() !== 403) return;
    if (!isBehind) complaints.push(`403 ${answer.url()}`);
    isBehind = false;
  });

  // A protected page leads to the sign-in of the gateway, on the origin of the app, and back.
  await page.goto(`${origin}/notes`);
  assert.equal(new URL(page.url()).origin, origin);
  assert.match(page.url(), /\/\.doorward\/sign-in/);

  // Signed in by the app's own page.
  await page.goto(`${origin}/sign-in`);
  await awake();
  await fill(page, "#email", gateway.email);
  await fill(page, "#password", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#problem");
  assert.match(await page.$eval("#problem", (found) => found.textContent), /password/);
  await fill(page, "#password", gateway.password);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await page.waitForSelector("#write");
  await page.waitForSelector("#who");
  await awake();

  // A form, a question by fetch, a file.
  await page.type("#text", "the first note");
  await page.click("#write button");
  await page.waitForFunction(() => document.querySelector("li")?.textContent === "the first note");
  await page.click("#ask");
  await page.waitForFunction(() => document.querySelector("#echoed").textContent.includes("there"));
  assert.match(await page.$eval("#echoed", (found) => found.textContent), new RegExp(gateway.email));
  const file = join(app.folder, "package.json");
  await /** @type {any} */ (await page.$("#file")).uploadFile(file);
  await page.click("#upload button");
  await page.waitForSelector("#uploaded", { timeout: 60000 }).catch(async () => assert.fail(await page.$eval("body", (found) => found.innerHTML)));

  // Answers with headers of their own.
  const fetched = (path) => page.evaluate((path) => fetch(path).then(({ status, url }) => [status, new URL(url).pathname]), path);
  assert.deepEqual(await fetched("/notes/led"), [200, "/account"]);
  assert.deepEqual(await fetched("/notes/passed"), [200, "/notes/passed"]);

  const typed = () => page.$eval("#text", (found) => /** @type {any} */ (found).value);
  const wrote = (text) => page.waitForFunction((text) => [...document.querySelectorAll("li")].at(-1)?.textContent === text, {}, text);

  // In another tab somebody signs out and in again on the gateway's own pages: this page hears of both.
  await page.type("#text", "the second note");
  const other = await context.newPage();
  other.setDefaultTimeout(90000);
  await other.goto(`${origin}/.doorward/account`);
  await Promise.all([other.waitForNavigation(), other.click('form[action$="sign-out"] button')]);
  await page.waitForSelector("#sign-in");
  await other.goto(`${origin}/.doorward/sign-in?return_to=/notes`);
  await fill(other, "#email", gateway.email);
  await fill(other, "#password", gateway.password);
  await Promise.all([other.waitForNavigation(), other.keyboard.press("Enter")]);
  await page.waitForSelector("#who");
  await page.bringToFront();
  await page.click("#write button");
  await wrote("the second note");

  // The same behind its back: the form goes out once more with a fresh token.
  await page.type("#text", "the third note");
  await other.evaluate(async (credentials) => {
    const send = async (path, content) => {
      const { header_name, csrf_token } = await (await fetch("/api/v1/auth/csrf-token")).json();
      return (await fetch(`/api/v1/auth/${path}`, { method: "POST", headers: { "Content-Type": "application/json", [header_name]: csrf_token }, body: JSON.stringify(content) })).status;
    };
    return [await send("jwt/logout", {}), await send("jwt/login", credentials)];
  }, { email: gateway.email, password: gateway.password });
  await other.close();
  isBehind = true;
  await page.click("#write button");
  await wrote("the third note");

  // The network goes while a form is filled, and at the end of a visit.
  await page.type("#text", "the fourth note");
  await page.setOfflineMode(true);
  await page.click("#write button");
  await page.waitForFunction(() => /could not be reached/.test(document.querySelector("#refusal")?.textContent ?? ""));
  assert.equal(await typed(), "the fourth note");
  await page.click("#sign-out");
  await page.waitForFunction(() => document.querySelector("#who") && document.querySelector("#refusal"));
  await page.setOfflineMode(false);
  await page.click("#write button");
  await wrote("the fourth note");

  // A second factor is set up, and then asked for.
  const secret = await page.evaluate(async () => {
    const token = await (await fetch("/api/v1/auth/csrf-token")).json();
    window["send"] = async (path, content) =>
      (await fetch(`/api/v1/auth/${path}`, { method: "POST", headers: { "Content-Type": "application/json", [token.header_name]: token.csrf_token }, body: JSON.stringify(content) })).json();
    window["offer"] = await window["send"]("2fa/totp/begin", {});
    return window["offer"].secret;
  });
  await page.evaluate((code) => window["send"]("2fa/totp/confirm", { challenge: window["offer"].challenge, code }), totp(secret, Date.now() - 30000));
  await Promise.all([page.waitForNavigation(), page.click("#sign-out")]);
  await page.waitForSelector("#sign-in");
  await page.goto(`${origin}/sign-in`);
  await awake();
  await fill(page, "#email", gateway.email);
  await fill(page, "#password", gateway.password);
  await page.keyboard.press("Enter");
  await fill(page, "#code", totp(secret));
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await page.waitForSelector("#write");
  await awake();

  // The session ends while a form is filled: what was typed stays, and goes through after another sign-in.
  await page.type("#text", "the long note");
  await gateway.command(["session", "end-all", gateway.email]);
  await until(() => page.evaluate(() => fetch("/api/v1/auth/me").then(({ status }) => status === 401)), "the end of the session");
  await page.click("#write button");
  await page.waitForSelector("#again");
  assert.equal(await typed(), "the long note");
  return { page, complaints, typed };
}

test("in development the app, the sign-in and the api are on one port", async () => {
  const port = await freePort();
  const gateway = await startGateway({ settings: { CORS_ALLOWED_ORIGINS: `http://localhost:${port}` } });
  const origin = `http://localhost:${port}`;
  assert.match(app.run("svelte-kit", "sync") + app.run("svelte-check", "--tsconfig", "./tsconfig.json"), /found 0 errors/);
  const dev = await app.start(["npx", "vite", "dev", "--port", `${port}`], { DOORWARD_URL: `http://127.0.0.1:${gateway.port}`, DOORWARD_PUBLIC_URL: gateway.origin }, origin);
  try {
    assert.equal((await fetch(`${origin}/api/v1/auth/csrf-token`)).status, 200);
    const page = await fetch(`${origin}/.doorward/sign-in`, { headers: { Accept: "text/html" } });
    assert.match(await page.text(), /<title>Sign in/);
    const { page: tab, complaints, typed } = await visit(origin, gateway);
    assert.deepEqual(complaints, []);
    assert.ok(!dev.log().includes("[doorward]"), dev.log());

    // A gateway that is gone makes nobody a stranger.
    await tab.browserContext().setCookie({ name: "doorward", value: "x", domain: "localhost" });
    await gateway.stop();
    await tab.click("#write button");
    await tab.waitForFunction(() => /reports a fault/.test(document.querySelector("#refusal")?.textContent ?? ""));
    assert.equal(await typed(), "the long note");
    assert.equal((await fetch(`${origin}/notes`, { redirect: "manual", headers: { Cookie: "doorward=x" } })).status, 503);
    assert.equal((await fetch(`${origin}/`, { headers: { Cookie: "doorward=x" } })).status, 200, "what needs nobody is there");
  } finally {
    await dev.stop();
    await gateway.end();
  }
});

test("built, the app stands behind the gateway and believes only its signature", async () => {
  const [port, own] = [await freePort(), await freePort()];
  app.run("vite", "build");
  const toml = `[[app]]\nname = "notes"\nupstream = "http://127.0.0.1:${own}"\npublic_paths = ["/", "/__data.json", "/sign-in", "/sign-in/__data.json", "/favicon.svg", "/_app/*"]\ncsrf = "token"\n`;
  writeFileSync(join(app.folder, "test.toml"), toml);
  const gateway = await startGateway({ port, words: ["--config", join(app.folder, "test.toml")] });
  const server = await app.start(
    ["node", "build"],
    { HOST: "127.0.0.1", PORT: `${own}`, PROTOCOL_HEADER: "x-forwarded-proto", HOST_HEADER: "x-forwarded-host", DOORWARD_URL: `http://127.0.0.1:${port}`, DOORWARD_PUBLIC_URL: gateway.origin },
    `http://127.0.0.1:${own}/`,
  );
  try {
    const { complaints } = await visit(gateway.origin, gateway);
    assert.deepEqual(complaints, []);
    // Past the gateway nobody is anybody.
    const answer = await fetch(`http://127.0.0.1:${own}/notes`, { redirect: "manual", headers: { "Remote-User": gateway.email, "X-Doorward-Jwt": "e30.e30.e30" } });
    assert.equal(answer.status, 303);
  } finally {
    await server.stop();
    await gateway.end();
  }
});
