// The client: one token, one state, and a `fetch` that carries both.

import { TOKEN_PATH, fetchCsrfToken } from "./csrf.js";
import { told, trouble } from "./error.js";
import { repeat, within } from "./repeat.js";

const SAFE = /^(get|head|options)$/i;
const page = /** @type {any} */ (globalThis);

/** @param {import("./index.js").Options} [options] @returns {import("./index.js").Client} */
export function createClient(options = {}) {
  const { retry, deadline = 30000, language, onSessionEnd, onSecondFactor, logger, storage } = options;
  const fetcher = /** @type {typeof fetch} */ ((...all) => (options.fetch ?? page.fetch)(...all));
  const here = page.location;
  const base = new URL((options.baseUrl ?? "/").replace(/\/*$/, "/"), here?.href ?? "http://localhost");
  const isForeign = !!here && here.origin !== base.origin;
  const credentials = options.credentials ?? (isForeign ? "include" : "same-origin");
  const development = options.development ?? /^(localhost|127\.|\[::1\])/.test(here?.hostname ?? "");
  const note = (/** @type {string} */ event, /** @type {any} */ facts) => logger?.debug?.(`doorward: ${event}`, facts);
  const how = { fetch: options.fetch, credentials, language, development, retry, note, deadline: Math.min(10000, deadline || 10000) };
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
  /** @type {number | null} */
  let drift = null;
  let isStale = false;
  /** @type {any} */
  let bearer = null;
  /** @type {Promise<void> | null} */
  let loading = null;

  const kept = () => page.document?.cookie.match(`(?:^|; )${cookie}=([^;]+)`)?.[1];

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
  const issue = async (signal) => {
    signal?.throwIfAborted();
    if (token && performance.now() - since < life * 800) return token;
    const mine = turn;
    pending ??= fetchCsrfToken(tokenUrl, how)
      .then((said) => {
        header = said.header_name ?? header;
        cookie = said.cookie_name ?? cookie;
        life = said.expires_in ?? 3600;
        if (said.date) drift = Math.round((Date.now() - Date.parse(said.date)) / 1000);
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
    return within(pending, signal);
  };

  let state = /** @type {import("./index.js").State} */ ({ status: "unknown", user: null, methods: [] });
  /** @type {Set<(state: import("./index.js").State) => void>} */
  const listeners = new Set();
  /** What listeners may know of an answer; tokens are none of it. @param {any} answer */
  const become = ({ status, user = null, methods = [] }) => {
    state = { status, user, methods };
    for (const listener of listeners) listener(state);
  };

  const inspect = () => ({
    baseUrl: base.href,
    isForeign,
    credentials,
    token: token ? { ageSeconds: Math.round((performance.now() - since) / 1000), lifeSeconds: life } : null,
    cookie: /** @type {"present" | "absent" | "unreadable"} */ (isForeign || !page.document ? "unreadable" : kept() ? "present" : "absent"),
    lastRefusal: last,
    clockDifferenceSeconds: drift,
    isCached: isStale,
    isFramed: page.top !== page.self,
    isSecure: !!page.isSecureContext,
    hasServiceWorker: !!page.navigator?.serviceWorker?.controller,
    tabs: !!channel,
    storage: bearer ? bearer.storage() : "none",
    state: state.status,
  });

  /** @param {string} reason @param {unknown} [cause] */
  const explain = async (reason, cause) => (await trouble()).explain(reason, { retryable: !!cause }, { ...how, cause });

  /** Why an answer was refused, or why none came. @param {any} answer */
  const errorOf = async (answer) => {
    const { fault, refusal } = await trouble();
    return answer.headers ? refusal(answer, { ...how, sight: inspect() }) : fault(base, { ...how, cause: answer });
  };

  /** A part of the client that does not load is asked for again by whoever needs it next. @param {unknown} cause */
  const lost = async (cause) => {
    loading = null;
    throw await explain("client.unreachable", cause);
  };
  const load = () =>
    storage && (loading ??= import("./bearer.js").then(({ createBearer }) => void (bearer ??= createBearer(storage, call, ended, base.href)), lost));

  /** @type {BroadcastChannel | null} */
  let channel = null;
  const open = () => {
    try {
      channel = new BroadcastChannel(`doorward ${base.href}`);
      channel.onmessage = async ({ data }) => {
        drop();
        if (data === "signed_out") ended(await explain("session.signed_out"));
        else again();
      };
    } catch {
      // Where nothing may be shared between tabs, each finds out by itself.
    }
  };
  const shut = () => {
    channel?.close();
    channel = null;
  };
  const again = () => {
    if (state.status !== "unknown") me().catch(() => {});
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

  /**
   * `fetch` with the token and another try, and the JSON of what was refused or `isRead`.
   * @param {RequestInfo | URL} input
   * @param {import("./index.js").Init & { isBare?: boolean, isRead?: boolean }} [init]
   * @returns {Promise<[answer: Response, said?: any]>}
   */
  const exchange = async (input, init = {}) => {
    const asked = input instanceof Request ? input : null;
    const url = new URL(asked?.url ?? `${input}`, page.document?.baseURI ?? here?.href ?? base);
    if (url.origin !== base.origin) return [await fetcher(input, init)];
    const { credentials: wish = credentials, referrer, referrerPolicy } = asked ?? {};
    const isSafe = SAFE.test(init.method ?? asked?.method ?? "GET");
    const isOnce = init.body instanceof ReadableStream;
    const body = init.body ?? asked?.body;
    const most = init.deadline ?? (body && typeof body !== "string" ? 0 : deadline);
    const headers = new Headers(init.headers ?? asked?.headers);
    const isOwn = headers.has("authorization");
    const tongue = language || page.document?.documentElement.lang;
    if (tongue && !headers.has("accept-language")) headers.set("Accept-Language", tongue);
    let isRenewed = isSafe || isOnce;
    let isRefreshed = init.isBare || isOnce;
    const given = init.signal ?? asked?.signal;
    return repeat(url, { ...how, isSafe: isSafe && init.redirect !== "error", retry: isOnce ? 0 : retry, deadline: most, signal: given }, (signal) => {
      const request = new Request(asked?.clone() ?? url, { credentials: wish, referrer, referrerPolicy, ...init, headers, signal });
      return async () => {
        for (;;) {
          const mine = turn;
          if (!isSafe && !request.headers.has(header)) {
            const fresh = await issue();
            request.headers.set(header, fresh);
          }
          if (!init.isBare) await load();
          const access = !init.isBare && !isOwn && (await bearer?.access());
          if (access) request.headers.set("Authorization", `Bearer ${access}`);
          const answer = await fetcher(isOnce ? request : request.clone());
          if (mine === turn) adopt(answer.headers.get(header));
          const said = (init.isRead || /401|403|503/.test(`${answer.status}`)) && (await told(answer.clone()));
          if (answer.ok || !said?.reason) return [answer, said];
          last = { reason: said.reason, status: answer.status, requestId: said.request_id, at: new Date().toISOString() };
          note("refused", last);
          if (mine === turn) adopt(said.csrf_token);
          if (said.csrf_token && said.retryable && !isRenewed) {
            isRenewed = true;
            request.headers.delete(header);
            header = said.header_name ?? header;
          } else if (answer.status === 401 && /^(session|token)\./.test(said.reason) && !isOwn) {
            if (isRefreshed || !(await bearer?.renew(access))) {
              if (mine === turn) ended(await errorOf(answer));
              return [answer, said];
            }
            isRefreshed = true;
          } else return [answer, said];
          answer.body?.cancel();
        }
      };
    });
  };

  /** Sends JSON to the API and reads JSON. @param {string} path @param {any} [content] @param {import("./index.js").Init} [init] */
  const call = async (path, content, init = {}) => {
    const headers = { Accept: "application/json", ...(content && { "Content-Type": "application/json" }) };
    const body = content && JSON.stringify(content);
    const [answer, said] = await exchange(new URL(path, new URL("api/v1/auth/", base)), { method: content ? "POST" : "GET", headers, cache: "no-store", body, isRead: true, ...init });
    if (answer.status === 204) return null;
    if (answer.ok && said) return said;
    throw await errorOf(answer);
  };

  /** What follows from a step of a sign-in, or from its end. @param {any} answer */
  const settle = async (answer) => {
    drop();
    adopt(answer.csrf_token);
    await bearer?.keep(answer);
    become(answer);
    channel?.postMessage(answer.status);
  };
  const step = (/** @type {"login" | "verify" | "enrol" | "prove"} */ name) => (/** @type {any} */ wish) =>
    import("./steps.js").catch(lost).then(({ createSteps }) => createSteps(call, settle, { ...how, tokens: !!storage, onSecondFactor })[name](wish));

  const me = async () => {
    try {
      const said = await call("me");
      become({ ...said, status: "signed_in" });
      return said;
    } catch (caught) {
      const error = /** @type {any} */ (caught);
      if (/_pending$/.test(error.reason)) become(await call("pending"));
      else if (error.kind === "session") become({ status: "signed_out" });
      else throw error;
      return null;
    }
  };

  const closing = new AbortController();
  if (here) {
    open();
    // A page in the back/forward cache hears nothing, and comes back with what it knew.
    page.addEventListener("pagehide", shut, closing);
    page.addEventListener("pageshow", (/** @type {any} */ event) => {
      if (!event.persisted) return;
      open();
      drop();
      again();
    }, closing);
  }

  return {
    fetch: async (input, init) => (await exchange(input, init))[0],
    request: call,
    errorOf,
    ready: async () => void (await Promise.all([load(), issue()])),
    me,
    csrf: { token: issue, drop, get header() { return header; } },
    login: step("login"),
    verifySecondFactor: step("verify"),
    passkey: { create: step("enrol"), get: step("prove") },
    logout: async () => settle({ ...(await call("jwt/logout", {})), status: "signed_out" }),
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
    inspect,
    close: () => {
      closing.abort();
      shut();
    },
  };
}
