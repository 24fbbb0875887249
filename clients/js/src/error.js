// The one class of errors, and the way to what makes them out of answers and faults.

/** A refusal or a fault. It is a TypeError because that is what `fetch` rejects with where nothing answers. */
export class DoorwardError extends TypeError {
  /**
   * @param {string} reason
   * @param {Record<string, any>} [told]
   * @param {unknown} [cause]
   */
  constructor(reason, told = {}, cause) {
    super(told.message || reason, { cause });
    this.name = "DoorwardError";
    this.reason = reason;
    this.hint = told.hint;
    this.status = told.status ?? 0;
    this.requestId = told.request_id;
    this.retryable = !!told.retryable;
    this.loginUrl = told.login_url;
    /** What the person can do about it: sign in (`session`), nothing (`permission`), wait (`network`), or look at
     * what they typed (`input`). */
    this.kind = /** @type {"session" | "network" | "permission" | "input"} */ (/^(session|token)\./.test(reason)
      ? "session"
      : /^client\./.test(reason) || this.status > 499
        ? "network"
        : this.status === 403
          ? "permission"
          : "input");
  }
}

/** The JSON of an answer, or nothing where it is something else. @param {Response} answer */
export const told = async (answer) =>
  /\bjson\b/.test(answer.headers.get("content-type") ?? "")
    ? answer.json().catch((error) => {
        // A body that does not come to its end is no answer.
        if (error.name !== "SyntaxError") throw error;
      })
    : null;

/** What is said where even the texts cannot be loaded: what the answer itself says. */
const bare = {
  /** @type {typeof import("./trouble.js").explain} */
  explain: async (reason, said, { cause } = {}) => new DoorwardError(reason, said, cause),
  /** @type {typeof import("./trouble.js").refusal} */
  refusal: async (answer) => {
    const said = await told(answer.clone()).catch(() => null);
    return new DoorwardError(said?.reason ?? "client.gateway_failed", { status: answer.status, ...said });
  },
  /** @type {typeof import("./trouble.js").fault} */
  fault: async (_, { cause }) => new DoorwardError("client.unreachable", {}, cause),
};

/** Finds causes and words. Loaded after the first token, so that they are there when the network is not. */
export const trouble = () => import("./trouble.js").catch(() => bare);
