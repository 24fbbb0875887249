// The signed identity header, checked with the published keys.

const text = new TextEncoder();

/** Node 18 has it in a module alone, whose name is for no bundler to follow. @returns {Promise<SubtleCrypto>} */
const subtle = async (builtin = "node:crypto") =>
  (globalThis.crypto ?? (await import(/* @vite-ignore */ builtin)).webcrypto).subtle;

/** What base64url stands for, or null. @param {string} [part] */
function bytes(part = "") {
  try {
    return Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/** The JSON in a part, or null. @param {string} part */
function parsed(part) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes(part) ?? undefined));
  } catch {
    return null;
  }
}

/** Milliseconds that keys are believed, so that one that is withdrawn is soon forgotten. */
const LIFE = 5 * 60 * 1000;

/** Milliseconds until an unknown key asks again: names of keys are made up easily. */
const PAUSE = 10 * 1000;

/**
 * Makes a function that checks the value of `X-Doorward-Jwt` and gives its claims, or null where it is not to be
 * believed. Only Ed25519, only keys of the gateway, only for this app, only now. It rejects where the keys do not come.
 * @param {import("./identity.js").VerifierOptions} options
 * @returns {import("./identity.js").Verifier}
 */
export function createVerifier({ issuer, audience, keysUrl, fetch: fetcher = fetch, now = Date.now }) {
  /** @type {Map<string, CryptoKey>} */
  let keys = new Map();
  let since = -Infinity;
  /** @type {Promise<void> | null} */
  let pending = null;

  const ask = async () => {
    const answer = await fetcher(keysUrl, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`the keys of the gateway did not come: ${answer.status}`);
    const found = new Map();
    for (const key of (await answer.json()).keys) {
      if (key.kty !== "OKP" || key.crv !== "Ed25519") continue;
      const { kty, crv, x } = key;
      found.set(key.kid, await (await subtle()).importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]));
    }
    keys = found;
    since = now();
  };

  /** Whoever needs keys while they are on their way waits for the same ones. @param {string} kid */
  const keyOf = async (kid) => {
    const age = now() - since;
    if (age > LIFE || (!keys.has(kid) && age > PAUSE)) {
      pending ??= ask().finally(() => {
        pending = null;
      });
      await pending;
    }
    return keys.get(kid);
  };

  return async (jwt) => {
    const [head, body, signature, ...more] = (jwt ?? "").split(".");
    const { alg, kid, crit } = parsed(head) ?? {};
    if (alg !== "EdDSA" || crit || more.length || typeof kid !== "string") return null;
    const key = await keyOf(kid);
    const sealed = bytes(signature);
    if (!key || !sealed || !(await (await subtle()).verify({ name: "Ed25519" }, key, sealed, text.encode(`${head}.${body}`)))) return null;
    const claims = parsed(body);
    const second = now() / 1000;
    const isNow = claims?.exp > second - 5 && claims.iat < second + 60;
    return claims?.iss === issuer && claims.aud === audience && isNow ? claims : null;
  };
}
