// One CSRF token for a page that wants nothing else.

import { told, trouble } from "./error.js";

export const TOKEN_PATH = "/api/v1/auth/csrf-token";

/** @type {Map<string, Promise<any>>} */
const running = new Map();

/**
 * Asks for a token. Whoever asks while an answer is on its way gets the same one.
 * @param {string | URL} [url]
 * @param {{ fetch?: typeof fetch, credentials?: RequestCredentials, language?: string, development?: boolean, deadline?: number }} [how]
 * @returns {Promise<{ csrf_token: string, header_name: string, cookie_name: string, expires_in: number, date: string | null, age: string | null }>}
 */
export function fetchCsrfToken(url = TOKEN_PATH, how = {}) {
  const whole = new URL(url, globalThis.location?.href);
  const key = whole.href;
  if (!running.has(key)) running.set(key, ask(whole, how).finally(() => running.delete(key)));
  return /** @type {Promise<any>} */ (running.get(key));
}

/** @param {URL} url @param {any} how */
async function ask(url, how) {
  const here = globalThis.location?.origin;
  let answer;
  try {
    answer = await (how.fetch ?? fetch)(url, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      credentials: how.credentials ?? (here && here !== url.origin ? "include" : "same-origin"),
      signal: AbortSignal.timeout(how.deadline ?? 10000),
    });
    const said = await told(answer.clone());
    if (answer.ok && said?.csrf_token) {
      return { ...said, date: answer.headers.get("date"), age: answer.headers.get("age") };
    }
  } catch (cause) {
    throw await (await trouble()).fault(url, { ...how, cause });
  }
  throw await (await trouble()).refusal(answer, how);
}
