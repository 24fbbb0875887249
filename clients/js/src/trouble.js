// How an answer that is no use, or no answer, becomes an error with a reason and words.

import { DoorwardError } from "./error.js";
import { messages } from "./messages.js";
import { within } from "./repeat.js";

/** @param {string} [wish] */
const language = (wish) =>
  /^de/i.test(wish || globalThis.document?.documentElement?.lang || globalThis.navigator?.language || "") ? "de" : "en";

/**
 * @param {string} reason
 * @param {Record<string, any>} told
 * @param {{ language?: string, development?: boolean, cause?: unknown }} [how]
 */
export async function explain(reason, told, how = {}) {
  const [en, de, advice] = /** @type {Record<string, string[]>} */ (messages)[reason] ?? [];
  return new DoorwardError(
    reason,
    {
      ...told,
      message: (language(how.language) === "de" ? de : en) ?? told.message ?? told.detail,
      hint: how.development ? told.hint ?? advice : undefined,
    },
    how.cause,
  );
}

/**
 * Why an answer is no use: the problem that it names, what the page sees of its own situation, or who else must have
 * written it.
 * @param {Response} answer
 * @param {{ language?: string, development?: boolean, sight?: import("./index.js").Inspection }} [how]
 */
export async function refusal(answer, how = {}) {
  const { status, headers } = answer;
  const text = await within(answer.clone().text(), AbortSignal.timeout(5000)).catch(() => "");
  const said = /\bjson\b/.test(headers.get("content-type") ?? "") ? parsed(text) : null;
  if (said?.reason) return explain(seen(said.reason, how.sight) ?? said.reason, said, how);
  const reason = headers.get("cf-mitigated") || (!said && /challenge-platform|cf-chl|captcha/i.test(text))
    ? "client.challenge"
    : status > 499
      ? "client.gateway_failed"
      : said
        ? "client.refused"
        : "client.not_doorward";
  return explain(reason, {
    status,
    message: said?.message ?? said?.detail,
    request_id: headers.get("x-request-id"),
    retryable: status > 499,
    hint: said || !answer.redirected ? undefined : `redirected to ${answer.url}`,
  }, how);
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What the page knows better than the gateway, which sees only that a cookie or a fresh token is missing. @param {string} reason @param {import("./index.js").Inspection} [sight] */
function seen(reason, sight) {
  if (!sight) return;
  const { isForeign, credentials, cookie, isFramed, isCached } = sight;
  const isAsked = credentials === "include" || (!isForeign && credentials !== "omit");
  if (reason === "csrf.cookie_missing" && isAsked && cookie !== "present") return isFramed ? "client.framed" : "client.cookies_blocked";
  if (isCached && /^csrf\.token/.test(reason)) return "client.stale_answer";
}

/**
 * Why there is no answer at all. A browser says the same of a broken network and of an answer that CORS hides, so one
 * more question, which tells nothing, finds out which it was.
 * @param {URL} url
 * @param {{ cause?: unknown, fetch?: typeof fetch, language?: string, development?: boolean }} how
 */
export async function fault(url, how) {
  const here = globalThis.location;
  let reason = "client.unreachable";
  const { name } = /** @type {any} */ (how.cause ?? {});
  if (name === "TimeoutError") reason = "client.timeout";
  else if (name === "SyntaxError") reason = "client.not_doorward";
  else if (here && url.origin !== here.origin) {
    if (here.protocol === "https:" && url.protocol === "http:") reason = "client.mixed_content";
    else {
      const init = /** @type {RequestInit} */ ({ mode: "no-cors", credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(4000) });
      if (await (how.fetch ?? fetch)(url.origin + "/health/live", init).then(() => true, () => false)) reason = "client.cors_blocked";
    }
  }
  return explain(reason, { retryable: true }, how);
}
