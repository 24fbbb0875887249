// `client.fetch` is a drop-in: what a caller says of a request holds, and what is wrong about it fails as it always does.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { DoorwardError, createClient } from "../src/index.js";
import { json, startRaw, token } from "./part/raw.js";

/** A client whose requests are kept, and answered like this. @param {(request: Request, count: number) => Response | Promise<Response>} [answer] */
function kept(answer = () => Response.json({}), options = {}) {
  /** @type {Request[]} */
  const seen = [];
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.url.endsWith("csrf-token")) return Response.json(token("1:a:b"));
    seen.push(request);
    return answer(request, seen.length);
  };
  return { client: createClient({ baseUrl: "http://localhost", fetch: /** @type {any} */ (fetch), ...options }), seen };
}

test("a request keeps what it says of itself, at every try", async () => {
  const { client, seen } = kept((_, count) => (count === 1 ? Response.json({ reason: "csrf.token_expired", retryable: true, csrf_token: "2:a:b" }, { status: 403 }) : Response.json({})));
  const wish = { method: "PUT", body: "x", credentials: /** @type {const} */ ("omit"), referrerPolicy: /** @type {const} */ ("origin"), redirect: /** @type {const} */ ("manual"), keepalive: true };
  await client.fetch(new Request("http://localhost/a", { ...wish, headers: { Authorization: "Basic mine", "X-Mine": "1" } }));
  assert.equal(seen.length, 2);
  for (const [number, request] of seen.entries()) {
    const { method, credentials, referrerPolicy, redirect, keepalive, headers } = request;
    assert.deepEqual({ method, body: await request.text(), credentials, referrerPolicy, redirect, keepalive }, wish);
    assert.deepEqual([headers.get("authorization"), headers.get("x-mine"), headers.get("x-csrf-token")], ["Basic mine", "1", `${number + 1}:a:b`]);
  }
  await client.fetch("http://localhost/a", { credentials: "omit" });
  assert.equal(seen.at(-1)?.credentials, "omit");
});

test("a caller's own authorization stays, and its refusal ends no session", async () => {
  const tokens = JSON.stringify({ access: "at1", refresh: "rt1", life: 300000, since: Date.now() });
  const ends = [];
  const storage = { getItem: () => tokens, setItem: () => assert.fail("nothing to keep"), removeItem: () => assert.fail("nothing is over") };
  const { client, seen } = kept(() => Response.json({ reason: "token.unknown", status: 401 }, { status: 401 }), { storage, onSessionEnd: (error) => ends.push(error) });
  assert.equal((await client.fetch("http://localhost/a", { headers: { Authorization: "Bearer mine" } })).status, 401);
  assert.deepEqual(seen.map(({ headers }) => headers.get("authorization")), ["Bearer mine"]);
  assert.deepEqual(ends, []);
});

test("a wrong call fails at once, as it does without a client", async () => {
  const { client, seen } = kept();
  const used = new Request("http://localhost/a", { method: "POST", body: "x" });
  await used.text();
  for (const run of [() => client.fetch("http://localhost/a", { body: "x" }), () => client.fetch(used), () => client.fetch("http://localhost/a", { method: "no method" })]) {
    await assert.rejects(run(), (error) => error instanceof TypeError && !(error instanceof DoorwardError));
  }
  assert.equal(seen.length, 0);
});

test("a redirect that the caller forbids is not tried again", async (t) => {
  const server = await startRaw((_, response) => response.writeHead(302, { Location: "/b" }).end());
  t.after(server.end);
  await assert.rejects(createClient({ baseUrl: server.origin }).fetch("/a", { redirect: "error" }), TypeError);
  assert.equal(server.seen.length, 1);
});

test("a signal that lives long gathers no listeners", async () => {
  const { client } = kept((_, count) => (count % 2 ? new Response("", { status: 503 }) : Response.json({})));
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round += 1) await client.fetch("http://localhost/a", { signal });
  for (let round = 0; round < 3; round += 1) await client.csrf.token(signal);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("the signal of a caller ends the body, too", async (t) => {
  const server = await startRaw((_, response) => response.writeHead(200).write("a"));
  t.after(server.end);
  const stop = new AbortController();
  const answer = await createClient({ baseUrl: server.origin }).fetch("/a", { signal: stop.signal });
  const text = answer.text();
  stop.abort();
  await assert.rejects(text, { name: "AbortError" });
});

test("whoever has given up gets no token", async () => {
  const { client } = kept();
  await assert.rejects(client.csrf.token(AbortSignal.abort()), { name: "AbortError" });
  await client.csrf.token();
  await assert.rejects(client.csrf.token(AbortSignal.abort()), { name: "AbortError" });
});

test("the body of an answer that is not the last one is let go", async () => {
  let gone = 0;
  const endless = () => new ReadableStream({ cancel: () => void (gone += 1) });
  const { client } = kept((_, count) => (count < 3 ? new Response(endless(), { status: 502 }) : Response.json({})));
  assert.equal((await client.fetch("http://localhost/a")).status, 200);
  assert.equal(gone, 2);
});

test("the language of the page is asked for, unless the caller asks for another", async () => {
  const { client, seen } = kept(undefined, { language: "de" });
  await client.fetch("http://localhost/a");
  await client.request("me");
  await client.fetch("http://localhost/a", { headers: { "Accept-Language": "fr" } });
  assert.deepEqual(seen.map(({ headers }) => headers.get("accept-language")), ["de", "de", "fr"]);
});

test("other origins get what the caller gave, and nothing more", async (t) => {
  const server = await startRaw((_, response) => json(response, 200, {}));
  t.after(server.end);
  const inits = [];
  const client = createClient({ baseUrl: "http://localhost:1", language: "de", fetch: (input, init) => (inits.push(init), fetch(input, init)) });
  const init = { method: "POST", body: "x" };
  await client.fetch(`${server.origin}/a`, init);
  assert.equal(inits[0], init);
  assert.equal(server.seen[0].headers["x-csrf-token"], undefined);
});
