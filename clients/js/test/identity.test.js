// Each example of a backend behind the real gateway: a signed header is believed, nothing else is.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { createClient } from "../src/index.js";
import { createVerifier } from "../src/identity.js";
import { browserFetch, freePort, startGateway, until } from "./part/gateway.js";

const examples = fileURLToPath(new URL("../../../examples/identity/", import.meta.url));
const target = process.env.DOORWARD_IDENTITY_TARGET ?? fileURLToPath(new URL("../../../target/identity/", import.meta.url));
const venv = join(target, "venv");
const inFolder = (folder, command, ...words) => execFileSync(command, words, { cwd: join(examples, folder), stdio: ["ignore", "pipe", "pipe"] });

/** How each is made ready, and started. */
const BACKENDS = {
  axum: {
    prepare: () => execFileSync("cargo", ["build", "--quiet", "--locked"], { cwd: join(examples, "axum"), env: { ...process.env, CARGO_TARGET_DIR: target }, stdio: ["ignore", "pipe", "pipe"] }),
    start: () => [join(target, "debug/doorward-example-axum")],
  },
  fastapi: {
    prepare: () => {
      if (existsSync(join(venv, "bin/uvicorn"))) return;
      inFolder("fastapi", "python3", "-m", "venv", venv);
      inFolder("fastapi", join(venv, "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt");
    },
    start: (port) => [join(venv, "bin/uvicorn"), "main:app", "--port", `${port}`, "--log-level", "error"],
  },
  express: {
    prepare: () => existsSync(join(examples, "express/node_modules")) || inFolder("express", "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),
    start: () => ["node", "main.js"],
  },
};

/** The gateway in front of one app at a port, with somebody signed in. @param {string} name @param {number} port */
async function startBehind(name, port) {
  const place = mkdtempSync(join(tmpdir(), "doorward-identity-"));
  writeFileSync(join(place, "gateway.toml"), `[[app]]\nname = "${name}"\nupstream = "http://127.0.0.1:${port}"\n`);
  const gateway = await startGateway({ words: ["--config", join(place, "gateway.toml")] });
  const fetch = browserFetch(gateway.origin);
  await createClient({ baseUrl: gateway.origin, fetch }).login({ email: gateway.email, password: gateway.password });
  const end = async () => {
    await gateway.end();
    rmSync(place, { recursive: true, force: true });
  };
  return { ...gateway, ask: () => fetch(`${gateway.origin}/`), end };
}

/** What a gateway sends to an app, as the app sees it. */
let pass = "";
/** @type {Awaited<ReturnType<typeof startBehind>>} */
let gateway;
const mirror = createServer((request, response) => response.end(request.headers["x-doorward-jwt"]));

before(async () => {
  const port = await freePort();
  mirror.listen(port, "127.0.0.1");
  gateway = await startBehind("notes", port);
  await renew();
  assert.equal(pass.split(".").length, 3, pass);
});
after(async () => {
  mirror.close();
  await gateway?.end();
});

/**
 * It is good for a minute, and a backend may take longer to build. The connection that was kept has ended by then, which
 * `fetch` may see only when it writes.
 */
const renew = async () => (pass = await (await gateway.ask().catch(() => gateway.ask())).text());

const part = (content) => Buffer.from(JSON.stringify(content)).toString("base64url");
const claims = () => JSON.parse(String(Buffer.from(pass.split(".")[1], "base64url")));
const head = () => JSON.parse(String(Buffer.from(pass.split(".")[0], "base64url")));

/** Headers that nobody may believe, by name. */
function lies() {
  const { privateKey } = generateKeyPairSync("ed25519");
  const signed = (header, body) => {
    const text = `${part(header)}.${part(body)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
  };
  const [header, body, signature] = pass.split(".");
  return {
    "none at all": undefined,
    "no token": "hello",
    "a foreign key under our name": signed(head(), claims()),
    "a key that is not published": signed({ ...head(), kid: "made-up" }, claims()),
    "claims that were changed": `${header}.${part({ ...claims(), email: "eve@example.com" })}.${signature}`,
    "no signature": `${part({ alg: "none" })}.${body}.`,
    "another gateway and another app": pass,
  };
}

/** A gateway of the past: the real key set cannot sign an expired header, so keys of ours are published. */
async function startPast() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "EdDSA", use: "sig" };
  const server = createServer((_, response) => response.setHeader("Content-Type", "application/json").end(JSON.stringify({ keys: [jwk] })));
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const signed = (body) => {
    const text = `${part({ alg: "EdDSA", typ: "JWT", kid: "k1" })}.${part(body)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
  };
  return { url: `http://127.0.0.1:${port}/`, signed, end: () => server.close() };
}

/** Starts an example, and gives a question with a header. */
async function run(t, name, port, keysUrl, issuer, app) {
  const [command, ...words] = BACKENDS[name].start(port);
  const child = spawn(command, words, { cwd: join(examples, name), env: { ...process.env, PORT: `${port}`, DOORWARD_KEYS: keysUrl, DOORWARD_ISSUER: issuer, DOORWARD_APP: app, PYTHONDONTWRITEBYTECODE: "1" }, stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  const ask = (jwt) => fetch(`http://127.0.0.1:${port}/`, { headers: jwt === undefined ? {} : { "X-Doorward-Jwt": jwt } });
  await until(() => ask().then(() => true, () => false), name);
  return ask;
}

for (const name of Object.keys(BACKENDS)) {
  test(`${name} believes the signature of the gateway and nothing else`, { timeout: 900000 }, async (t) => {
    BACKENDS[name].prepare();
    await renew();
    const port = await freePort();
    const door = await startBehind(name, port);
    t.after(door.end);
    const ask = await run(t, name, port, `http://127.0.0.1:${door.port}/.well-known/jwks.json`, door.origin, name);
    const answer = await door.ask();
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal((await answer.json()).email, door.email);
    for (const [lie, jwt] of Object.entries(lies())) assert.equal((await ask(jwt)).status, 401, lie);

    const past = await startPast();
    t.after(past.end);
    const other = await run(t, name, await freePort(), past.url, gateway.origin, name);
    const now = Math.floor(Date.now() / 1000);
    const said = { ...claims(), aud: name, iat: now, exp: now + 60 };
    assert.equal((await other(past.signed(said))).status, 200);
    assert.equal((await other(past.signed({ ...said, iat: now + 3, exp: now + 63 }))).status, 200, "a clock that is a little behind");
    assert.equal((await other(past.signed({ ...said, iat: now - 200, exp: now - 140 }))).status, 401, "expired");
    assert.equal((await other(past.signed({ ...said, iss: "http://other.example.com" }))).status, 401, "another gateway");
    assert.equal((await other(past.signed({ ...said, aud: "other" }))).status, 401, "another app");

    const alone = await run(t, name, await freePort(), `http://127.0.0.1:${await freePort()}/`, gateway.origin, name);
    assert.equal((await alone(past.signed(said))).status, 503, "that the keys do not come is not the visitor's fault");
  });
}

/** Keys of a gateway whose clock is ours. */
function startClock() {
  const made = (kid) => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return { kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid } };
  };
  const world = { time: 1e12, asked: 0, isUp: true, keys: [made("old")] };
  const fetch = async () => {
    world.asked += 1;
    await new Promise((done) => setTimeout(done, 5));
    return world.isUp ? Response.json({ keys: world.keys.map(({ jwk }) => jwk) }) : new Response("", { status: 502 });
  };
  const verify = createVerifier({ issuer: "https://i", audience: "notes", keysUrl: "https://i/", fetch: /** @type {any} */ (fetch), now: () => world.time });
  const signed = ({ kid, privateKey }) => {
    const text = `${part({ alg: "EdDSA", kid })}.${part({ iss: "https://i", aud: "notes", sub: "usr_1", iat: world.time / 1000, exp: world.time / 1000 + 60 })}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
  };
  return { world, verify, signed, made };
}

test("all who come before the keys wait for them together", async () => {
  const { world, verify, signed, made } = startClock();
  const five = (key) => Promise.all([1, 2, 3, 4, 5].map(async () => (await verify(signed(key)))?.sub));
  assert.deepEqual(await five(world.keys[0]), Array(5).fill("usr_1"));
  assert.equal(world.asked, 1);
  world.keys.push(made("new"));
  world.time += 11000;
  assert.deepEqual(await five(world.keys[1]), Array(5).fill("usr_1"));
  assert.equal(world.asked, 2);
});

test("keys that do not come are nobody's fault, and are asked for again", async () => {
  const { world, verify, signed } = startClock();
  world.isUp = false;
  await assert.rejects(verify(signed(world.keys[0])), /did not come: 502/);
  assert.equal(await verify("hello"), null, "for that no key is needed");
  world.isUp = true;
  assert.equal((await verify(signed(world.keys[0])))?.sub, "usr_1");
});

test("a key that is withdrawn is not believed for long", async () => {
  const { world, verify, signed, made } = startClock();
  const [old] = world.keys;
  assert.ok(await verify(signed(old)));
  world.keys = [made("new")];
  world.time += 4 * 60000;
  assert.ok(await verify(signed(old)), "nobody is asked each time");
  assert.equal(world.asked, 1);
  world.time += 61000;
  assert.equal(await verify(signed(old)), null);
});

test("the verifier of the package believes the signature of the gateway and nothing else", async () => {
  await renew();
  const keysUrl = `${gateway.origin}/.well-known/jwks.json`;
  let asked = 0;
  const counted = (...all) => ((asked += 1), fetch(.../** @type {[any]} */ (all)));
  const verify = createVerifier({ issuer: gateway.origin, audience: "notes", keysUrl, fetch: counted });
  assert.equal((await verify(pass)).email, gateway.email);
  const { "another gateway and another app": _, ...others } = lies();
  for (const [lie, jwt] of Object.entries(others)) assert.equal(await verify(jwt), null, lie);
  assert.equal(asked, 1, "made-up keys ask nobody");
  const elsewhere = (more) => createVerifier({ issuer: gateway.origin, audience: "notes", keysUrl, ...more })(pass);
  assert.equal(await elsewhere({ audience: "other" }), null);
  assert.equal(await elsewhere({ issuer: "http://other.example.com" }), null);
  assert.equal(await elsewhere({ now: () => Date.now() + 120000 }), null, "expired");
});
