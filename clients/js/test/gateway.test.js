// The client against the real gateway: what a person does, and what goes wrong without anybody's fault.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createClient, fetchCsrfToken } from "../src/index.js";
import { browserFetch, startGateway, totp } from "./part/gateway.js";

/** @type {Awaited<ReturnType<typeof startGateway>>} */
let gateway;
before(async () => (gateway = await startGateway()));
after(() => gateway?.end());

function person(options = {}) {
  const fetch = browserFetch(gateway.origin);
  const client = createClient({ baseUrl: gateway.origin, fetch, language: "en", development: true, ...options });
  return { client, fetch };
}

const credentials = () => ({ email: gateway.email, password: gateway.password });
const count = (seen, part) => seen.filter(({ url }) => url.includes(part)).length;

test("somebody signs in, is known, and signs out", async () => {
  const { client, fetch } = person();
  const states = [];
  client.state.subscribe(({ status }) => states.push(status));
  assert.equal(await client.me(), null);
  const answer = await client.login(credentials());
  assert.equal(answer.status, "signed_in");
  const me = await client.me();
  assert.equal(me.user.email, gateway.email);
  assert.equal(client.state.current.user.email, gateway.email);
  assert.equal((await client.sessions.list()).filter((one) => one.is_current).length, 1);
  assert.deepEqual(await client.devices.list(), []);
  await client.logout();
  assert.equal(await client.me(), null);
  assert.equal(states[0], "unknown");
  assert.deepEqual([...new Set(states)], ["unknown", "signed_out", "signed_in"]);
  assert.equal(count(fetch.seen, "csrf-token"), 1, "one token for all of it");
  assert.ok(fetch.seen.every(({ status }) => status < 400 || status === 401));
});

test("the first token is there after one round trip, however often it is asked for", async () => {
  const { client, fetch } = person();
  await Promise.all([client.ready(), client.ready(), client.csrf.token(), client.csrf.token()]);
  assert.equal(fetch.seen.length, 1);
});

test("a mistyped password is the person's and no session's end", async () => {
  let ends = 0;
  const { client } = person({ onSessionEnd: () => (ends += 1), language: "de" });
  await assert.rejects(client.login({ email: gateway.email, password: "wrong" }), (error) => {
    assert.equal(error.reason, "signin.credentials_wrong");
    assert.equal(error.kind, "input");
    assert.match(error.message, /Passwort/, "in the language of the page");
    assert.match(error.requestId, /^req_/);
    return true;
  });
  assert.equal(ends, 0);
});

test("a session that ended is told once, and from a refused permission", async () => {
  const ends = [];
  const { client, fetch } = person({ onSessionEnd: (error) => ends.push(error) });
  await client.login(credentials());
  const other = person();
  await other.client.login(credentials());
  assert.ok((await other.client.sessions.endOthers()).ended >= 1);
  const answers = await Promise.all([1, 2, 3].map(() => client.fetch(`${gateway.origin}/api/v1/auth/me`)));
  assert.ok(answers.every(({ status }) => status === 401), "the semantics of fetch");
  assert.equal(ends.length, 1);
  assert.equal(ends[0].kind, "session");
  assert.equal(ends[0].reason, "session.revoked");
  assert.match(ends[0].loginUrl, /sign-in/);
  assert.equal(client.state.current.status, "signed_out");
  // What the account may not do is no end of the session.
  const answer = await other.client.fetch(`${gateway.origin}/api/v1/auth/debug/csrf`);
  const refused = await other.client.errorOf(answer);
  assert.equal(refused.kind, "permission", refused.reason);
  assert.equal(other.client.state.current.status, "signed_in");
  assert.ok(fetch.jar);
});

test("why a session is over is said in the language of the page, not of the browser", async () => {
  const { client } = person({ language: "de" });
  await client.login(credentials());
  const other = person();
  await other.client.login(credentials());
  await other.client.sessions.endOthers();
  const answer = await client.fetch(`${gateway.origin}/api/v1/auth/me`, { headers: { "Accept-Language": "en-US" } });
  const error = await client.errorOf(answer);
  assert.equal(error.reason, "session.revoked");
  assert.match(error.message, /^Diese Sitzung/);
});

test("a token from before the sign-in, or of a restarted gateway, is replaced without anybody noticing", async () => {
  const { client, fetch } = person();
  await client.csrf.token();
  await gateway.restart();
  assert.equal((await client.login(credentials())).status, "signed_in");
  // Another tab of this browser signed out and in again: the token in memory is of a session that is over.
  const tab = createClient({ baseUrl: gateway.origin, fetch });
  await tab.logout();
  await tab.login(credentials());
  assert.equal((await client.request("devices", undefined, { method: "DELETE" })).ended, 0);
});

test("a forged or old token is refused, and the fresh one of the refusal goes through", async () => {
  const { client, fetch } = person();
  await client.login(credentials());
  for (const token of ["1:2:3", "1754631055:YOn0KxDkpTDO-o9S-PD3s5ESUK8hG9Q8Sr1M1PqQWlw:" + "0".repeat(64)]) {
    fetch.seen.length = 0;
    const answer = await client.fetch(`${gateway.origin}/api/v1/auth/devices`, { method: "DELETE", headers: { "X-CSRF-TOKEN": token } });
    assert.equal(answer.status, 200, token);
    assert.deepEqual(fetch.seen.map(({ status }) => status), [403, 200]);
    assert.match(client.inspect().lastRefusal.reason, /^csrf\./);
  }
});

test("cookies that do not stay are named", async () => {
  const fetch = browserFetch(gateway.origin);
  const client = createClient({ baseUrl: gateway.origin, language: "en", fetch: (input, init) => (fetch.jar.clear(), fetch(input, init)) });
  await assert.rejects(client.login(credentials()), { reason: "client.cookies_blocked" });
  assert.equal(fetch.seen.filter(({ url }) => url.endsWith("login")).length, 2, "no loop");
});

test("requests to others carry neither token nor changes", async () => {
  const { client, fetch } = person();
  await client.csrf.token();
  const other = await startGateway();
  try {
    await client.fetch(`${other.origin}/demo/echo`, { method: "POST" }).catch(() => {});
    assert.equal(fetch.seen.at(-1).token, null);
  } finally {
    await other.end();
  }
});

test("a page of another origin signs in where that origin is listed, and is told where it is not", async () => {
  const listed = await startGateway({ settings: { CORS_ALLOWED_ORIGINS: "http://localhost:3000" } });
  try {
    const fetch = browserFetch("http://localhost:3000", "same-site");
    const client = createClient({ baseUrl: listed.origin, fetch, language: "en" });
    assert.equal((await client.login({ email: listed.email, password: listed.password })).status, "signed_in");
    const shown = (await fetch(`${listed.origin}/api/v1/auth/csrf-token`)).headers.get("access-control-expose-headers");
    for (const field of ["Date", "Age", "X-Request-Id", "Retry-After"]) assert.ok(shown.split(", ").includes(field), `${field} is not for this page to read: ${shown}`);
    const stranger = createClient({ baseUrl: listed.origin, fetch: browserFetch("http://localhost:4000", "same-site"), language: "en" });
    await assert.rejects(stranger.ready(), (error) => error.reason.startsWith("csrf.") && error.kind === "permission" && error.message.length > 30);
  } finally {
    await listed.end();
  }
});

test("the second factor is asked for once and proven", async () => {
  const { client } = person();
  await client.login(credentials());
  const { challenge, secret } = await client.request("2fa/totp/begin", {});
  // A code counts once. The one of the step before is still good, which leaves that of this step for later.
  await client.request("2fa/totp/confirm", { challenge, code: totp(secret, Date.now() - 30000) });
  const half = person();
  const answer = await half.client.login(credentials());
  assert.equal(answer.status, "second_factor_required");
  assert.ok(answer.methods.includes("totp"));
  assert.equal(await half.client.me(), null);
  assert.equal(half.client.state.current.status, "second_factor_required");
  await assert.rejects(half.client.verifySecondFactor({ code: "000000" }), (error) => error.reason.startsWith("factor.") && error.kind === "input");
  const asked = [];
  const whole = person({ onSecondFactor: ({ methods }) => (asked.push(...methods), { code: totp(secret) }) });
  assert.equal((await whole.client.login(credentials())).status, "signed_in");
  assert.ok(asked.includes("totp"));
  assert.equal((await whole.client.me()).acr, "aal2");
  const { codes } = await whole.client.request("2fa/recovery-codes", {});
  await half.client.verifySecondFactor({ method: "recovery_code", code: codes[0] });
  assert.notEqual(half.client.state.current.status, "second_factor_required");
});

test("access tokens are renewed ahead of time, once, and end with their session", async () => {
  const own = await startGateway();
  try {
    const kept = new Map();
    const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, text), removeItem: (key) => kept.delete(key) };
    const fetch = browserFetch(own.origin);
    const ends = [];
    const client = createClient({ baseUrl: own.origin, fetch, storage, language: "en", onSessionEnd: (error) => ends.push(error.reason) });
    await client.login({ email: own.email, password: own.password });
    assert.ok(!fetch.jar.has("doorward"), "no cookie of a session");
    assert.equal((await client.me()).user.email, own.email);
    const [key] = kept.keys();
    const age = (share) => {
      const tokens = JSON.parse(kept.get(key));
      kept.set(key, JSON.stringify({ ...tokens, since: Date.now() - tokens.life * share }));
      return tokens.access;
    };
    const old = age(1.1);
    await Promise.all([1, 2, 3, 4].map(() => client.me()));
    assert.equal(count(fetch.seen, "jwt/refresh"), 1);
    assert.notEqual(JSON.parse(kept.get(key)).access, old);
    age(0.9);
    assert.ok(await client.me());
    while (count(fetch.seen, "jwt/refresh") < 2) await new Promise((done) => setTimeout(done, 10));
    // Another client of the same storage finds them, whatever it asks first.
    const tab = () => createClient({ baseUrl: own.origin, fetch, storage });
    assert.equal((await tab().me()).user.email, own.email);
    assert.equal((await tab().sessions.list()).length, 1);
    assert.deepEqual(await tab().devices.list(), []);
    assert.equal((await tab().fetch(`${own.origin}/api/v1/auth/me`)).status, 200);
    await client.logout();
    assert.equal(kept.size, 0);
    assert.equal(await client.me(), null);
    assert.deepEqual(ends, []);
  } finally {
    await own.end();
  }
});

test("a page that wants nothing else gets its token", async () => {
  const fetch = browserFetch(gateway.origin);
  const url = `${gateway.origin}/api/v1/auth/csrf-token`;
  const [one, other] = await Promise.all([fetchCsrfToken(url, { fetch }), fetchCsrfToken(url, { fetch })]);
  assert.equal(one.csrf_token, other.csrf_token);
  assert.equal(one.header_name, "X-CSRF-TOKEN");
  assert.equal(fetch.seen.length, 1);
});

test("the log of the gateway holds no token of the client", async () => {
  const { client } = person();
  const token = await client.csrf.token();
  await client.fetch(`${gateway.origin}/api/v1/auth/devices`, { method: "DELETE" });
  assert.ok(!gateway.log().includes(token.split(":")[2]));
});
