// One CSRF token for a page that wants nothing else.

import { told, trouble } from "./error.js";
import { repeat } from "./repeat.js";

export const TOKEN_PATH = "/api/v1/auth/csrf-token";

/** Requests on their way, by who sends them. @type {WeakMap<Function, Map<string, Promise<any>>>} */
const running = new WeakMap();

/**
 * Asks for a token. Whoever asks in the same way while an answer is on its way gets the same one.
 * @param {string | URL} [url]
 * @param {{ fetch?: typeof fetch, credentials?: RequestCredentials, language?: string, development?: boolean, retry?: number, deadline?: number, note?: (event: string, facts: any) => void }} [how]
 * @returns {Promise<{ csrf_token: string, header_name: string, cookie_name: string, expires_in: number, date: string | null, age: string | null }>}
 */
export function fetchCsrfToken(url = TOKEN_PATH, how = {}) {
  const here = globalThis.location;
  const whole = new URL(url, here?.href);
  const fetcher = how.fetch ?? fetch;
  const credentials = how.credentials ?? (here && here.origin !== whole.origin ? "include" : "same-origin");
  const key = `${credentials} ${whole}`;
  const mine = running.get(fetcher) ?? new Map();
  running.set(fetcher, mine);
  if (!mine.has(key)) mine.set(key, ask(whole, { deadline: 10000, ...how, credentials }, fetcher).finally(() => mine.delete(key)));
  return mine.get(key);
}

/** @param {URL} url @param {any} how @param {typeof fetch} fetcher */
async function ask(url, how, fetcher) {
  const init = { headers: { Accept: "application/json" }, cache: /** @type {const} */ ("no-store"), credentials: how.credentials };
  const [answer, said] = await repeat(url, how, (signal) => async () => {
    const answer = await fetcher(url, { ...init, signal });
    return [answer, await told(answer.clone())];
  });
  if (answer.ok && said?.csrf_token) return { ...said, date: answer.headers.get("date"), age: answer.headers.get("age") };
  throw await (await trouble()).refusal(answer, how);
}
