// One deadline for all tries, and another try where that can do no harm.

import { trouble } from "./error.js";

/** What may be gone in a moment: too many requests, and what proxies and CDNs say of a server that they do not reach. */
const PASSING = /429|50[234]|52.|530/;

/** What the promise gives, unless the signal comes first. No listener stays behind. @template T @param {Promise<T>} promise @param {AbortSignal | null} [signal] @returns {Promise<T>} */
export const within = (promise, signal) => {
  let stop = () => {};
  const end = /** @type {Promise<never>} */ (new Promise((_, fail) => {
    stop = () => fail(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
  }));
  return Promise.race([promise, end]).finally(() => signal?.removeEventListener("abort", stop));
};

/** @param {number} time @param {AbortSignal} signal */
const pause = (time, signal) => {
  /** @type {any} */
  let timer;
  return within(new Promise((done) => (timer = setTimeout(done, time))), signal).finally(() => clearTimeout(timer));
};

/** Seconds, or a date of the server's clock (RFC 9110, section 10.2.3), as milliseconds from now. @param {Response} [answer] */
const wished = (answer) => {
  const text = answer?.headers.get("retry-after");
  if (!text) return 0;
  const until = Date.parse(text) - Date.parse(answer?.headers.get("date") ?? "");
  return Math.max(0, +text * 1000 || until || 0);
};

/**
 * Sends until there is an answer that time does not mend. No answer at all ends in an error with its reason.
 * @param {URL} url
 * @param {any} how
 * @param {(signal: AbortSignal) => () => Promise<[answer: Response, said?: any]>} prepare makes what sends once
 * @returns {Promise<[answer: Response, said?: any]>}
 */
export async function repeat(url, how, prepare) {
  const { retry = 3, deadline, signal: given, isSafe = true, note } = how;
  const stop = new AbortController();
  const end = deadline ? performance.now() + deadline : Infinity;
  const timer = deadline && setTimeout(() => stop.abort(new DOMException("", "TimeoutError")), deadline);
  const both = () => AbortSignal.any?.([given, stop.signal]) ?? (given.addEventListener("abort", () => stop.abort(given.reason)), stop.signal);
  const signal = given ? both() : stop.signal;
  try {
    const send = prepare(signal);
    for (let tries = 0; ; tries += 1) {
      /** @type {any} */
      let cause;
      given?.throwIfAborted();
      const [answer, said] = await within(send(), signal).catch((caught) => ((cause = caught), []));
      given?.throwIfAborted();
      if (cause?.reason) throw cause;
      const wait = Math.max(wished(answer), Math.random() * Math.min(8000, 300 * 2 ** tries));
      // What the gateway was too busy for has had no effect, so it may be sent again whatever it is.
      const isPassing = isSafe ? (answer ? PASSING.test(`${answer.status}`) : cause.name !== "TimeoutError") : /busy|overloaded|shutting/.test(said?.reason);
      if (!isPassing || tries >= retry || performance.now() + wait > end) {
        if (answer) return [answer, said];
        throw await (await trouble()).fault(url, { ...how, cause });
      }
      note?.("again", { status: answer?.status, wait });
      answer?.body?.cancel();
      await pause(wait, signal);
    }
  } finally {
    clearTimeout(timer);
  }
}
