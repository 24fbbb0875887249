// Access tokens for apps that cannot use cookies: kept in a storage, renewed ahead of time, by one tab for all.

/** Milliseconds after which a tab that has the turn is taken to be gone. */
const LONGEST_TURN = 10000;

/** Milliseconds until what one tab has written is read by all: browsers run tabs in processes of their own. */
const SPREADING = 200;

/** @param {number} time */
const pause = (time) => new Promise((done) => setTimeout(done, time));

/**
 * @param {import("./index.js").Storage | (() => import("./index.js").Storage)} storage
 * @param {(path: string, content: any, init?: any) => Promise<any>} call
 * @param {(error: any) => void} ended
 * @param {string} name
 */
export function createBearer(storage, call, ended, name) {
  const key = `doorward ${name}`;
  /** @type {any} */
  let memory = null;
  let place = "kept";
  /** @type {any} */
  let given = storage;
  try {
    // A browser that keeps nothing of this address refuses even the name of the storage.
    if (typeof storage === "function") given = storage();
  } catch {
    place = "blocked";
  }
  /** @type {Promise<boolean> | null} */
  let renewal = null;

  const read = () => {
    try {
      const text = place === "kept" ? given.getItem(key) : null;
      if (place === "kept") memory = text ? JSON.parse(text) : null;
    } catch {
      place = "blocked";
    }
    return memory;
  };

  /** @param {any} answer */
  const keep = (answer) => {
    memory = answer?.access_token
      ? { access: answer.access_token, refresh: answer.refresh_token, life: answer.expires_in * 1000, since: Date.now() }
      : null;
    try {
      if (memory) given.setItem(key, JSON.stringify(memory));
      else given.removeItem(key);
    } catch {
      place = "blocked";
    }
  };

  /** Only one tab asks; the others wait and find what it has got. @param {string | undefined} old */
  const exchange = async (old) => {
    const found = read();
    if (!found || found.access !== old) return !!found;
    try {
      keep(await call("jwt/refresh", { refresh_token: found.refresh }, { isBare: true }));
      return true;
    } catch (caught) {
      const error = /** @type {any} */ (caught);
      if (error.kind !== "session") throw error;
      keep(null);
      ended(error);
      return false;
    }
  };

  /**
   * Lets one tab run at a time, and the next one only when all tabs can read what this one has kept. Browsers have locks at
   * secure addresses alone; elsewhere the turn is whose name stays in the storage for a moment.
   * @param {() => Promise<boolean>} run
   * @returns {Promise<boolean>}
   */
  const alone = async (run) => {
    const locks = globalThis.navigator?.locks;
    if (place !== "kept" || !globalThis.document) return run();
    if (locks) {
      return new Promise((done, stop) => {
        locks.request(key, () => run().then(done, stop).then(() => pause(SPREADING))).catch(stop);
      });
    }
    const name = `${key} turn`;
    const mine = `${Math.random()}`;
    try {
      for (;;) {
        const [whose, until] = (given.getItem(name) ?? "").split(" ");
        if (whose === mine) break;
        const left = +until - Date.now();
        if (!(left > 0 && left <= LONGEST_TURN)) given.setItem(name, `${mine} ${Date.now() + LONGEST_TURN}`);
        await pause(SPREADING);
      }
    } catch {
      return run();
    }
    return run().finally(() => void pause(SPREADING).then(() => given.removeItem(name)));
  };

  /** @param {string | undefined} old the token that is over */
  const renew = (old) => {
    if (!old || !read()) return Promise.resolve(false);
    renewal ??= alone(() => exchange(old)).finally(() => {
      renewal = null;
    });
    return renewal;
  };

  return {
    keep,
    renew,
    storage: () => place,
    /** The access token, renewed where a fifth of its life is left. A clock that was set back counts as the end. */
    access: async () => {
      const found = read();
      if (!found) return;
      const age = Date.now() - found.since;
      if (age < 0 || age > found.life) await renew(found.access);
      else if (age > found.life * 0.8 && !renewal) renew(found.access).catch(() => {});
      return read()?.access;
    },
  };
}
