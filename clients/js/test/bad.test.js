// What a client meets that no gateway has written: each ends in an error with a reason, and in time.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DoorwardError, createClient } from "../src/index.js";
import { freePort } from "./part/gateway.js";
import { html, json, startRaw, token } from "./part/raw.js";

/** A client of a server that answers like this. */
async function before(t, answer, options = {}) {
  const server = await startRaw(answer);
  t.after(server.end);
  const client = createClient({ baseUrl: server.origin, language: "en", development: true, deadline: 2000, ...options });
  return { server, client };
}

/** The error of a promise. @param {Promise<unknown>} promise @returns {Promise<DoorwardError>} */
const errorOf = async (promise) => {
  const error = await promise.then(
    () => assert.fail("nothing was refused"),
    (caught) => caught,
  );
  assert.ok(error instanceof DoorwardError, String(error));
  assert.ok(error instanceof TypeError, "as fetch does");
  assert.ok(error.message.length > 20, "a sentence for the person");
  return error;
};

test("html where json was expected names the server of somebody else", async (t) => {
  const { client } = await before(t, (_, response) => html(response, 200));
  const error = await errorOf(client.ready());
  assert.equal(error.reason, "client.not_doorward");
  assert.equal(error.kind, "network");
  assert.match(error.hint ?? "", /proxy/);
});

test("a redirect to a page of somebody else is told with its address", async (t) => {
  const { client, server } = await before(t, (request, response) =>
    request.url === "/portal" ? html(response, 200) : response.writeHead(302, { Location: "/portal" }).end());
  const error = await errorOf(client.ready());
  assert.equal(error.reason, "client.not_doorward");
  assert.match(error.hint ?? "", new RegExp(`${server.origin}/portal`));
});

test("the challenge of a cdn is told from a refusal", async (t) => {
  const { client } = await before(t, (_, response) => html(response, 403, "<html>checking", { "cf-mitigated": "challenge" }));
  assert.equal((await errorOf(client.ready())).reason, "client.challenge");
});

for (const status of [500, 502, 503, 504, 520, 521, 522, 523, 524, 530]) {
  test(`a page of a cdn with ${status} is a fault on the way`, async (t) => {
    const { client } = await before(t, (_, response) => html(response, status));
    const error = await errorOf(client.ready());
    assert.deepEqual([error.reason, error.kind, error.status, error.retryable], ["client.gateway_failed", "network", status, true]);
  });
}

test("json that breaks off is not taken for an answer", async (t) => {
  const { client } = await before(t, (_, response) => response.writeHead(200, { "Content-Type": "application/json" }).end('{"csrf_token": "1:'));
  assert.equal((await errorOf(client.ready())).reason, "client.not_doorward");
});

test("an answer without an end is given up at the deadline", async (t) => {
  const { client } = await before(t, () => {}, { deadline: 300 });
  const began = performance.now();
  const error = await errorOf(client.fetch("/api/things"));
  assert.equal(error.reason, "client.timeout");
  assert.ok(performance.now() - began < 2000);
});

test("a token request without an end is given up as well", async (t) => {
  const { client } = await before(t, () => {}, { deadline: 300 });
  assert.equal((await errorOf(client.login({ email: "a@example.com", password: "x" }))).reason, "client.timeout");
});

/** Answers whose body never ends, except that of the token. @param {number} status @param {string} type */
const stalled = (status, type) => (request, response) => {
  if (request.url.endsWith("csrf-token")) return json(response, 200, token("1:a:b"));
  response.writeHead(status, { "Content-Type": type }).write('{"a":');
};

test("a body without an end is given up at the deadline", async (t) => {
  const { client } = await before(t, stalled(200, "application/json"), { deadline: 300 });
  assert.equal((await errorOf(client.login({ email: "a@example.com", password: "x" }))).reason, "client.timeout");
  const refused = await before(t, stalled(403, "application/json"), { deadline: 300 });
  assert.equal((await errorOf(refused.client.fetch("/api/things"))).reason, "client.timeout");
  const stop = new AbortController();
  const running = refused.client.fetch("/api/things", { signal: stop.signal, deadline: 0 });
  while (refused.server.seen.length < 2) await new Promise((done) => setTimeout(done, 10));
  stop.abort(new Error("mine"));
  await assert.rejects(running, /mine/);
});

test("the body of a token without an end is given up as well", async (t) => {
  const { client } = await before(t, (_, response) => response.writeHead(200, { "Content-Type": "application/json" }).write("{"), { deadline: 300 });
  assert.equal((await errorOf(client.ready())).reason, "client.timeout");
});

/** The first answer to the token request, and no answer at all. */
const FIRST = {
  "a fault on the way": (_, response) => html(response, 503),
  "a connection that is reset": (request) => request.socket.destroy(),
  "a wish to wait": (_, response) => json(response, 429, { reason: "limit.too_many", retryable: true, status: 429 }, { "Retry-After": "1" }),
};
for (const [name, first] of Object.entries(FIRST)) {
  test(`the token is asked for again after ${name}`, async (t) => {
    let asked = 0;
    const { client } = await before(t, (request, response) => {
      if (request.method === "GET") return (asked += 1) === 1 ? first(request, response) : json(response, 200, token("1:a:b"));
      json(response, 200, { status: "signed_in", csrf_token: "2:a:b" });
    }, { deadline: 5000 });
    assert.equal((await client.login({ email: "a@example.com", password: "x" })).status, "signed_in");
    assert.equal(asked, 2);
  });
}

test("two clients share a token only where they ask in the same way", async () => {
  const of = (who) => async () => (await new Promise((done) => setTimeout(done, 10)), Response.json(token(`1:${who}`)));
  const clients = ["a", "b"].map((who) => createClient({ baseUrl: "http://localhost", fetch: /** @type {any} */ (of(who)) }));
  assert.deepEqual(await Promise.all(clients.map(({ csrf }) => csrf.token())), ["1:a", "1:b"]);
  let asked = 0;
  const fetch = /** @type {any} */ (async () => ((asked += 1), Response.json(token("1:c"))));
  await Promise.all(["omit", "include", "omit"].map((credentials) => createClient({ baseUrl: "http://localhost", fetch, credentials: /** @type {any} */ (credentials) }).ready()));
  assert.equal(asked, 2);
});

/** Answers to the question who is signed in that do not come from the gateway, or not from its sessions. */
const OTHERS = {
  "client.challenge": (_, response) => html(response, 403, "<html>checking", { "cf-mitigated": "challenge" }),
  "client.not_doorward": (_, response) => html(response, 401),
  "csrf.host_not_allowed": (_, response) => json(response, 403, { reason: "csrf.host_not_allowed", status: 403 }),
};
for (const [reason, answer] of Object.entries(OTHERS)) {
  test(`${reason} is no end of the session`, async (t) => {
    const ends = [];
    const { client } = await before(t, answer, { onSessionEnd: (error) => ends.push(error) });
    assert.equal((await errorOf(client.me())).reason, reason);
    assert.deepEqual([client.state.current.status, ends], ["unknown", []]);
  });
}

test("what listeners may know of a sign-in holds no token", async (t) => {
  const answer = { status: "signed_in", csrf_token: "SECRET1", access_token: "SECRET2", refresh_token: "SECRET3", expires_in: 300, user: { id: "usr_1" } };
  const { client } = await before(t, (request, response) => json(response, 200, request.method === "GET" ? token("1:a:b") : answer));
  await client.login({ email: "a@example.com", password: "x" });
  assert.deepEqual(client.state.current, { status: "signed_in", user: { id: "usr_1" }, methods: [] });
});

test("a connection that is reset is tried again and then named", async (t) => {
  const { client, server } = await before(t, (request) => request.socket.destroy(), { retry: 2 });
  const error = await errorOf(client.fetch("/api/things"));
  assert.equal(error.reason, "client.unreachable");
  assert.equal(error.status, 0);
  assert.ok(error.cause instanceof TypeError, "what fetch said is kept");
  assert.equal(server.seen.length, 3);
});

test("where nothing listens the gateway is unreachable", async () => {
  const client = createClient({ baseUrl: `http://127.0.0.1:${await freePort()}`, retry: 0, language: "de" });
  const error = await errorOf(client.ready());
  assert.equal(error.reason, "client.unreachable");
  assert.match(error.message, /nicht zu erreichen/);
  assert.equal(error.hint, undefined, "hints are for development");
});

test("what is not safe is never sent twice by itself", async (t) => {
  const { client, server } = await before(t, (request, response) =>
    request.method === "GET" ? json(response, 200, token("1:a:b")) : html(response, 502));
  const answer = await client.fetch("/api/orders", { method: "POST", body: "{}" });
  assert.equal(answer.status, 502, "the semantics of fetch");
  assert.equal(server.seen.filter(({ method }) => method === "POST").length, 1);
});

test("what the gateway was too busy for is sent again, whatever it is", async (t) => {
  const busy = { reason: "signin.busy", retryable: true, status: 503, message: "busy" };
  const { client, server } = await before(t, (request, response, count) =>
    request.method === "GET" ? json(response, 200, token("1:a:b")) : json(response, count < 4 ? 503 : 200, count < 4 ? busy : { status: "signed_in", csrf_token: "2:a:b" }));
  assert.equal((await client.login({ email: "a@example.com", password: "x" })).status, "signed_in");
  assert.equal(server.seen.length, 4);
});

test("retry-after is honoured in seconds and as a date of the server's clock", async (t) => {
  // The server's clock is three hours behind: only the difference of its own two dates counts.
  const now = Date.now() - 3 * 3600e3;
  const fields = { 1: { "Retry-After": "1" }, 2: { Date: new Date(now).toUTCString(), "Retry-After": new Date(now + 1000).toUTCString() } };
  const { client, server } = await before(t, (_, response, count) =>
    count < 3 ? html(response, 503, "", fields[count]) : json(response, 200, {}), { deadline: 20000 });
  const began = performance.now();
  assert.equal((await client.fetch("/x")).status, 200);
  assert.equal(server.seen.length, 3);
  const took = performance.now() - began;
  assert.ok(took >= 1900 && took < 6000, `${took}`);
});

test("whoever is asked to wait longer than the deadline is told at once", async (t) => {
  const { client, server } = await before(t, (_, response) => json(response, 429, {}, { "Retry-After": "3600" }));
  const began = performance.now();
  assert.equal((await client.fetch("/x")).status, 429);
  assert.ok(performance.now() - began < 1000);
  assert.equal(server.seen.length, 1);
});

test("a refusal that would be retryable for ever is retried once", async (t) => {
  const problem = { reason: "csrf.token_expired", retryable: true, csrf_token: "2:a:b", status: 403, request_id: "req_1", message: "CSRF token validation failed." };
  const { client, server } = await before(t, (request, response) =>
    request.method === "GET" ? json(response, 200, token("1:a:b")) : json(response, 403, problem));
  const error = await errorOf(client.request("thing", {}));
  assert.equal(error.reason, "csrf.token_expired");
  assert.equal(error.requestId, "req_1");
  assert.match(error.message, /open for a while/);
  assert.deepEqual(server.seen.map(({ headers }) => headers["x-csrf-token"]), [undefined, "1:a:b", "2:a:b"]);
});

test("a refusal that is not retryable is not retried", async (t) => {
  const problem = { reason: "csrf.cross_site", retryable: false, status: 403, message: "no" };
  const { client, server } = await before(t, (request, response) =>
    request.method === "GET" ? json(response, 200, token("1:a:b")) : json(response, 403, problem));
  const error = await errorOf(client.request("thing", {}));
  assert.deepEqual([error.reason, error.kind, server.seen.length], ["csrf.cross_site", "permission", 2]);
});

test("a token out of a cache is named when it is refused", async (t) => {
  const problem = { reason: "csrf.token_expired", retryable: true, status: 403, message: "no" };
  const { client } = await before(t, (request, response) =>
    request.method === "GET" ? json(response, 200, token("1:a:b"), { Age: "7200" }) : json(response, 403, problem));
  assert.equal((await errorOf(client.request("thing", {}))).reason, "client.stale_answer");
  assert.equal(client.inspect().isCached, true);
});

test("a clock that nobody has told of is unknown", async (t) => {
  const { client, server } = await before(t, (_, response) => {
    response.sendDate = false;
    json(response, 200, token("1:a:b"));
  });
  await client.ready();
  assert.deepEqual([server.seen.length, client.inspect().clockDifferenceSeconds], [1, null]);
});

test("a clock that is hours off changes nothing and is shown", async (t) => {
  const { client, server } = await before(t, (request, response) =>
    json(response, 200, token("1:a:b"), { Date: new Date(Date.now() - 5 * 3600e3).toUTCString() }));
  await client.csrf.token();
  assert.equal(await client.csrf.token(), "1:a:b");
  assert.equal(server.seen.length, 1, "the age of the token is measured by a clock that nobody sets");
  assert.ok(Math.abs(client.inspect().clockDifferenceSeconds - 5 * 3600) < 5);
});

test("storage that throws leaves the tokens in memory and says so", async (t) => {
  const blocked = () => {
    throw new DOMException("denied", "SecurityError");
  };
  const answer = { status: "signed_in", csrf_token: "2:a:b", access_token: "at1", refresh_token: "rt1", expires_in: 300, user: {} };
  const { client, server } = await before(t, (request, response) =>
    json(response, 200, request.method === "GET" && request.url?.includes("csrf") ? token("1:a:b") : answer),
  { storage: { getItem: blocked, setItem: blocked, removeItem: blocked } });
  await client.login({ email: "a@example.com", password: "x" });
  await client.fetch("/api/things");
  assert.equal(server.seen.at(-1).headers.authorization, "Bearer at1");
  assert.equal(client.inspect().storage, "blocked");
});

test("an abort is the caller's own and comes back as it was given", async (t) => {
  const { client } = await before(t, () => {});
  const stop = new AbortController();
  const running = client.fetch("/x", { signal: stop.signal });
  stop.abort(new Error("mine"));
  await assert.rejects(running, /mine/);
  await assert.rejects(client.fetch("/x", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("an abort of one caller does not take the token from the others", async (t) => {
  let release = () => {};
  const { client, server } = await before(t, (_, response) => (release = () => json(response, 200, token("1:a:b"))));
  const stop = new AbortController();
  const [one, other] = [client.csrf.token(stop.signal), client.csrf.token()];
  stop.abort();
  await assert.rejects(one, { name: "AbortError" });
  while (server.seen.length === 0) await new Promise((done) => setImmediate(done));
  release();
  assert.equal(await other, "1:a:b");
});

test("the error of an app is passed with its own words", async (t) => {
  const { client } = await before(t, (_, response) => json(response, 422, { message: "The name is taken." }));
  const answer = await client.fetch("/api/things");
  const error = await client.errorOf(answer);
  assert.deepEqual([error.reason, error.status], ["client.refused", 422]);
});

test("the header is the one that the answer names", async (t) => {
  const { client, server } = await before(t, (request, response) =>
    json(response, 200, request.method === "GET" ? { ...token("1:a:b"), header_name: "X-Other-Token", cookie_name: "other" } : {}));
  await client.fetch("/api/things", { method: "POST" });
  assert.equal(server.seen.at(-1).headers["x-other-token"], "1:a:b");
  assert.equal(client.csrf.header, "X-Other-Token");
});

test("the token request asks past every cache", async () => {
  const inits = [];
  const client = createClient({ baseUrl: "http://localhost", fetch: async (_, init) => (inits.push(init), Response.json(token("1:a:b"))) });
  await client.ready();
  assert.equal(inits[0].cache, "no-store");
});

test("no line of the log holds a token", async (t) => {
  const lines = [];
  const problem = { reason: "csrf.token_expired", retryable: true, csrf_token: "SECRET2", status: 403, message: "no" };
  const { client } = await before(t, (request, response, count) =>
    request.method === "GET" ? (count === 1 ? json(response, 200, token("SECRET1")) : html(response, 502)) : json(response, 403, problem),
  { logger: { debug: (...all) => lines.push(JSON.stringify(all)) }, retry: 1 });
  await errorOf(client.request("thing", {}));
  await errorOf(client.request("other"));
  assert.ok(lines.length >= 3, `${lines}`);
  assert.ok(!/SECRET/.test(lines.join()), `${lines}`);
  assert.ok(!/SECRET/.test(JSON.stringify(client.inspect())));
});
