// The client: one token, one state, and a `fetch` that carries both.

import { TOKEN_PATH, fetchCsrfToken } from "./csrf.js";
import { language, told, trouble } from "./error.js";

const SAFE = /^(get|head|options)$/i;
/** What may be gone in a moment: too many requests, and what proxies and CDNs say of a server that they do not reach. */
const PASSING = /429|50[234]|52.|530/;
const page = /** @type {any} */ (globalThis);

/** Never resolves; rejects with the signal. @param {AbortSignal | null} [signal] @returns {Promise<any>} */
const aborted = (signal) => new Promise((_, stop) => signal?.addEventListener("abort", () => stop(signal.reason)));

/** @param {number} time @param {AbortSignal | null} [signal] */
const pause = (time, signal) => {
  /** @type {any} */
  let timer;
  return Promise.race([new Promise((done) => (timer = setTimeout(done, time))), aborted(signal)]).finally(() => clearTimeout(timer));
};

/** Seconds, or a date of the server's clock (RFC 9110, section 10.2.3), as milliseconds from now. @param {Response} [answer] */
const wished = (answer) => {
  const text = answer?.headers.get("retry-after");
  if (!text) return 0;
  const until = Date.parse(text) - Date.parse(answer?.headers.get("date") ?? "");
  return Math.max(0, +text * 1000 || until || 0);
};

/** @param {import("./index.js").Options} [options] @returns {import("./index.js").Client} */
export function createClient(options = {}) {
  const { retry = 3, onSessionEnd, onSecondFactor, logger, storage } = options;
  const fetcher = options.fetch ?? ((...all) => page.fetch(...all));
  const here = page.location;
  const base = new URL((options.baseUrl ?? "/").replace(/\/*$/, "/"), here?.href ?? "http://localhost");
  const isForeign = !!here && here.origin !== base.origin;
  const credentials = options.credentials ?? (isForeign ? "include" : "same-origin");
  const development = options.development ?? /^(localhost|127\.|\[::1\])/.test(here?.hostname ?? "");
  const how = { fetch: fetcher, credentials, language: options.language, development, deadline: Math.min(10000, options.deadline ?? 10000) };
  const tokenUrl = new URL((options.tokenPath ?? TOKEN_PATH).slice(1), base);

  let header = "X-CSRF-TOKEN";
  let cookie = "csrf_token";
  let token = options.token ?? "";
  let since = performance.now();
  // Of a token that came with the page nobody knows how long it lives; this long all of them do.
  let life = 300;
  let turn = 0;
  /** @type {Promise<string> | null} */
  let pending = null;
  /** @type {any} */
  let last = null;
  let drift = 0;
  let isStale = false;
  /** @type {any} */
  let bearer = null;

  const note = (/** @type {string} */ event, /** @type {any} */ facts) => logger?.debug?.(`doorward: ${event}`, facts);
  const kept = () => page.document?.cookie.match(`\\b${cookie}=([^;]+)`)?.[1];

  const isFramed = () => page.top !== page.self;

  /** @param {string | null} [fresh] */
  const adopt = (fresh) => {
    if (!fresh) return;
    token = fresh;
    since = performance.now();
  };
  const drop = () => {
    token = "";
    pending = null;
    turn += 1;
  };

  /** @param {AbortSignal | null} [signal] @returns {Promise<string>} */
  const issue = (signal) => {
    if (token && performance.now() - since < life * 800) return Promise.resolve(token);
    const mine = turn;
    pending ??= fetchCsrfToken(tokenUrl, how)
      .then((said) => {
        header = said.header_name ?? header;
        cookie = said.cookie_name ?? cookie;
        life = said.expires_in ?? 3600;
        if (said.date) drift = Date.now() - Date.parse(said.date);
        // A token that comes twice, or has an age, was kept by a cache or a service worker.
        isStale = said.csrf_token === token || +(said.age ?? 0) > 0;
        if (mine === turn) adopt(said.csrf_token);
        trouble();
        return said.csrf_token;
      })
      .catch((error) => {
        const spare = token || (!isForeign && kept()) || page.document?.querySelector("meta[name=csrf-token]")?.content;
        note("token missing", { reason: error.reason, spare: !!spare });
        if (spare) return spare;
        throw error;
      })
      .finally(() => {
        if (mine === turn) pending = null;
      });
    return Promise.race([pending, aborted(signal)]);
  };

  let state = /** @type {import("./index.js").State} */ ({ status: "unknown", user: null, methods: [] });
  /** @type {Set<(state: import("./index.js").State) => void>} */
  const listeners = new Set();
  /** @param {any} next */
  const become = (next) => {
    state = { user: null, methods: [], ...next };
    for (const listener of listeners) listener(state);
  };

  /** @type {BroadcastChannel | null} */
  let channel = null;
  const open = () => {
    try {
      channel = new BroadcastChannel(`doorward ${base.href}`);
      channel.onmessage = async ({ data }) => {
        drop();
        if (data === "signed_out") ended(await (await trouble()).explain("session.signed_out", {}, how));
        else if (state.status !== "unknown") me().catch(() => {});
      };
    } catch {
      // Where nothing may be shared between tabs, each finds out by itself.
    }
  };

  /** @param {any} error */
  const ended = (error) => {
    const { status } = state;
    if (status === "signed_out") return;
    drop();
    become({ status: "signed_out" });
    note("session ended", { reason: error.reason, requestId: error.requestId });
    if (status !== "unknown" || error.reason !== "session.missing") onSessionEnd?.(error);
  };

  /** Explains a refusal of ours and keeps its name for `inspect`. @param {Response} answer */
  const errorOf = async (answer) => {
    const { explain, refusal } = await trouble();
    const error = await refusal(answer, how);
    const isKept = !isForeign && kept();
    const isAsked = credentials === "include" || (!isForeign && credentials !== "omit");
    const reason =
      error.reason === "csrf.cookie_missing" && isAsked && !isKept
        ? isFramed() ? "client.framed" : "client.cookies_blocked"
        : isStale && /^csrf\.token/.test(error.reason) && "client.stale_answer";
    return reason ? explain(reason, { status: error.status, request_id: error.requestId }, how) : error;
  };

  /** @param {RequestInfo | URL} input @param {import("./index.js").Init & { isBare?: boolean }} [init] @returns {Promise<Response>} */
  const send = async (input, init = {}) => {
    const asked = input instanceof Request ? input : null;
    const url = new URL(asked?.url ?? String(input), here?.href ?? base);
    if (url.origin !== base.origin) return fetcher(input, init);
    const isSafe = SAFE.test(init.method ?? asked?.method ?? "GET");
    const body = init.body ?? asked?.body;
    const isOnce = init.body instanceof ReadableStream;
    const headers = new Headers(init.headers ?? asked?.headers);
    const given = init.signal ?? asked?.signal;
    const most = init.deadline ?? (body && typeof body !== "string" ? 0 : options.deadline ?? 30000);
    const end = most ? performance.now() + most : Infinity;
    for (let tries = 0, isRenewed = false, isRefreshed = false; ; ) {
      given?.throwIfAborted();
      const stop = new AbortController();
      given?.addEventListener("abort", () => stop.abort(given.reason), { once: true });
      const timer = most && setTimeout(() => stop.abort(new DOMException("", "TimeoutError")), Math.max(0, end - performance.now()));
      const mine = turn;
      /** @type {Response | undefined} */
      let answer;
      let cause;
      /** @type {any} */
      let said;
      let access;
      try {
        if (!isSafe && (isRenewed || !headers.has(header))) {
          const fresh = await issue(stop.signal);
          headers.set(header, fresh);
        }
        await tokens;
        access = !init.isBare && (await bearer?.access());
        if (access) headers.set("Authorization", `Bearer ${access}`);
        answer = await fetcher(asked ? asked.clone() : url, { credentials, ...init, headers, signal: stop.signal });
      } catch (caught) {
        cause = /** @type {any} */ (caught);
      }
      clearTimeout(timer);
      given?.throwIfAborted();
      if (answer) {
        if (mine === turn) adopt(answer.headers.get(header));
        said = /401|403|503/.test(`${answer.status}`) && (await told(answer.clone()));
        if (said?.reason) {
          last = { reason: said.reason, status: answer.status, requestId: said.request_id, at: new Date().toISOString() };
          note("refused", last);
        }
        if (said?.csrf_token) {
          if (mine === turn) adopt(said.csrf_token);
          if (said.retryable && !isRenewed && !isSafe && !isOnce) {
            isRenewed = true;
            headers.delete(header);
            header = said.header_name ?? header;
            continue;
          }
        }
        if (answer.status === 401 && /^(session|token)\./.test(said?.reason)) {
          if (bearer && !init.isBare && !isRefreshed && !isOnce && (await bearer.renew(access))) {
            isRefreshed = true;
            continue;
          }
          if (mine === turn) ended(await errorOf(answer));
        }
      } else if (cause?.reason) throw cause;
      const wait = Math.max(wished(answer), Math.random() * Math.min(8000, 300 * 2 ** tries));
      // What the gateway was too busy for has had no effect, so it may be sent again whatever it is.
      const isPassing = isSafe ? (answer ? PASSING.test(`${answer.status}`) : cause.name !== "TimeoutError") : !isOnce && /busy|overloaded|shutting/.test(said?.reason);
      const isAgain = isPassing && tries < retry && performance.now() + wait < end;
      if (!isAgain) {
        if (answer) return answer;
        throw await (await trouble()).fault(url, { ...how, cause });
      }
      note("again", { status: answer?.status, wait });
      tries += 1;
      await pause(wait, given);
    }
  };

  /** Sends JSON to the API and reads JSON. @param {string} path @param {any} [content] @param {import("./index.js").Init} [init] */
  const call = async (path, content, init = {}) => {
    const headers = { Accept: "application/json", "Accept-Language": language(options.language), ...(content && { "Content-Type": "application/json" }) };
    const method = content ? "POST" : "GET";
    const answer = await send(new URL(path, new URL("api/v1/auth/", base)), { method, headers, cache: "no-store", ...(content && { body: JSON.stringify(content) }), ...init });
    if (answer.status === 204) return null;
    const said = answer.ok && (await told(answer.clone()));
    if (said) return said;
    throw await errorOf(answer);
  };

  /** What follows from a step of a sign-in. @param {any} answer @returns {Promise<any>} */
  const proceed = async (answer) => {
    drop();
    adopt(answer.csrf_token);
    await bearer?.keep(answer);
    become(answer);
    channel?.postMessage(answer.status);
    const proof = answer.status === "second_factor_required" && (await onSecondFactor?.(answer));
    return proof ? verifySecondFactor(proof) : answer;
  };

  const ways = /** @type {Record<string, string>} */ ({ recovery_code: "recovery-codes", email: "email", totp: "totp" });
  /** @param {any} proof */
  const verifySecondFactor = async ({ method = "totp", code, trustDevice = false }) =>
    proceed(await call(`2fa/${ways[method]}/verify`, { code, trust_device: trustDevice }));

  const me = async () => {
    try {
      const said = await call("me");
      become({ ...said, status: "signed_in" });
      return said;
    } catch (caught) {
      const error = /** @type {any} */ (caught);
      if (error.status !== 401 && error.status !== 403) throw error;
      if (/_pending$/.test(error.reason)) become(await call("pending"));
      else become({ status: "signed_out" });
      return null;
    }
  };

  const ready = () => (tokens ? tokens.then(() => issue()) : issue()).then(() => {});
  const tokens = storage && import("./bearer.js").then(({ createBearer }) => (bearer = createBearer(storage, call, ended, base.href)));
  const keys = () => import("./webauthn.js");

  if (here) {
    open();
    // A page in the back/forward cache hears nothing, and comes back with what it knew.
    page.addEventListener("pagehide", () => {
      channel?.close();
      channel = null;
    });
    page.addEventListener("pageshow", (/** @type {any} */ event) => {
      if (!event.persisted) return;
      open();
      drop();
      if (state.status !== "unknown") me().catch(() => {});
    });
  }

  return {
    fetch: send,
    request: call,
    errorOf,
    ready,
    me,
    verifySecondFactor,
    csrf: { token: issue, drop, get header() { return header; } },
    login: async ({ email, password, stay = false }) => proceed(await call("jwt/login", { email, password, stay, tokens: !!storage })),
    logout: async () => {
      const said = await call("jwt/logout", {});
      await bearer?.keep(null);
      drop();
      adopt(said.csrf_token);
      become({ status: "signed_out" });
      channel?.postMessage("signed_out");
    },
    passkey: {
      create: async (wish = {}) => proceed(await (await keys()).enrol(call, how, wish)),
      get: async (wish = {}) => proceed(await (await keys()).signIn(call, how, { ...wish, tokens: !!storage })),
    },
    sessions: {
      list: () => call("sessions"),
      end: (id) => call(`sessions/${id}`, undefined, { method: "DELETE" }),
      endOthers: () => call("sessions", undefined, { method: "DELETE" }),
    },
    devices: {
      list: () => call("devices"),
      trust: (name) => call("devices", { name }),
      rename: (id, name) => call(`devices/${id}`, { name }, { method: "PATCH" }),
      remove: (id) => call(`devices/${id}`, undefined, { method: "DELETE" }),
    },
    state: {
      get current() { return state; },
      subscribe: (listener) => {
        listeners.add(listener);
        listener(state);
        return () => void listeners.delete(listener);
      },
    },
    inspect: () => ({
      baseUrl: base.href,
      isForeign,
      credentials,
      token: token ? { ageSeconds: Math.round((performance.now() - since) / 1000), lifeSeconds: life } : null,
      cookie: isForeign || !page.document ? "unreadable" : kept() ? "present" : "absent",
      lastRefusal: last,
      clockDifferenceSeconds: Math.round(drift / 1000),
      isCached: isStale,
      isFramed: isFramed(),
      isSecure: !!page.isSecureContext,
      hasServiceWorker: !!page.navigator?.serviceWorker?.controller,
      tabs: !!channel,
      storage: bearer ? bearer.storage() : "none",
      state: state.status,
    }),
  };
}
