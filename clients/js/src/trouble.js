// How an answer that is no use, or no answer, becomes an error with a reason and words.

import { DoorwardError, language, told } from "./error.js";
import { messages } from "./messages.js";

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

/** Why an answer is no use: the problem that it names, or who else must have written it. @param {Response} answer */
export async function refusal(answer, how = {}) {
  const { status, headers } = answer;
  const said = await told(answer.clone());
  if (said?.reason) return explain(said.reason, said, how);
  const text = said ? "" : await answer.clone().text().catch(() => "");
  const reason = headers.get("cf-mitigated") || /challenge-platform|cf-chl|captcha/i.test(text)
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

/**
 * Why there is no answer at all. A browser says the same of a broken network and of an answer that CORS hides, so one
 * more question, which tells nothing, finds out which it was.
 * @param {URL} url
 * @param {{ cause?: unknown, fetch?: typeof fetch, language?: string, development?: boolean }} how
 */
export async function fault(url, how) {
  const here = globalThis.location;
  let reason = "client.unreachable";
  if (/** @type {any} */ (how.cause)?.name === "TimeoutError") reason = "client.timeout";
  else if (here && url.origin !== here.origin) {
    if (here.protocol === "https:" && url.protocol === "http:") reason = "client.mixed_content";
    else {
      const init = /** @type {RequestInit} */ ({ mode: "no-cors", credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(4000) });
      if (await (how.fetch ?? fetch)(url.origin + "/health/live", init).then(() => true, () => false)) reason = "client.cors_blocked";
    }
  }
  return explain(reason, { retryable: true }, how);
}
