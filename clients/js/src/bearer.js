// Access tokens for apps that cannot use cookies: kept in a storage, renewed ahead of time, by one tab for all.

/**
 * @param {import("./index.js").Storage} given
 * @param {(path: string, content: any, init?: any) => Promise<any>} call
 * @param {(error: any) => void} ended
 * @param {string} name
 */
export function createBearer(given, call, ended, name) {
  const key = `doorward ${name}`;
  /** @type {any} */
  let memory = null;
  let place = "kept";
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

  /** Only one tab asks; the others wait for the lock and find what it has got. @param {string | undefined} old */
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

  const renew = () => {
    const old = read()?.access;
    if (!old) return Promise.resolve(false);
    const locks = globalThis.navigator?.locks;
    renewal ??= /** @type {Promise<boolean>} */ (locks ? locks.request(key, () => exchange(old)) : exchange(old)).finally(() => {
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
      if (!found || renewal) return found?.access;
      const age = Date.now() - found.since;
      if (age < 0 || age > found.life * 0.8) {
        const fresh = renew();
        if (age < 0 || age > found.life) await fresh;
        else fresh.catch(() => {});
      }
      return read()?.access;
    },
  };
}
