// The signed identity header, checked with the published keys.

const text = new TextEncoder();

/** Node 18 has it in a module alone, whose name is for no bundler to follow. @returns {Promise<SubtleCrypto>} */
const subtle = async (builtin = "node:crypto") =>
  (globalThis.crypto ?? (await import(/* @vite-ignore */ builtin)).webcrypto).subtle;

/** @param {string} part */
const bytes = (part) => Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
/** @param {string} part */
const parsed = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));

/**
 * Makes a function that checks the value of `X-Doorward-Jwt` and gives its claims, or null where it is not to be
 * believed. Only Ed25519, only keys of the gateway, only for this app, only now.
 * @param {import("./identity.js").VerifierOptions} options
 * @returns {import("./identity.js").Verifier}
 */
export function createVerifier({ issuer, audience, keysUrl, fetch: fetcher = fetch, now = Date.now }) {
  /** @type {Map<string, CryptoKey>} */
  let keys = new Map();
  let asked = -Infinity;

  /** @param {string} kid */
  const keyOf = async (kid) => {
    // An unknown key asks again, but not for everybody who makes names of keys up.
    if (!keys.has(kid) && now() - asked > 10000) {
      asked = now();
      const answer = await fetcher(keysUrl, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(`the keys of the gateway did not come: ${answer.status}`);
      const found = new Map();
      for (const key of (await answer.json()).keys) {
        if (key.kty !== "OKP" || key.crv !== "Ed25519") continue;
        const { kty, crv, x } = key;
        found.set(key.kid, await (await subtle()).importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]));
      }
      keys = found;
    }
    return keys.get(kid);
  };

  return async (jwt) => {
    try {
      const [head, body, signature, ...more] = (jwt ?? "").split(".");
      const { alg, kid, crit } = parsed(head);
      if (alg !== "EdDSA" || crit || more.length || typeof kid !== "string") return null;
      const key = await keyOf(kid);
      if (!key || !(await (await subtle()).verify({ name: "Ed25519" }, key, bytes(signature), text.encode(`${head}.${body}`)))) return null;
      const claims = parsed(body);
      const second = now() / 1000;
      const isNow = claims.exp > second - 5 && claims.iat < second + 60;
      return claims.iss === issuer && claims.aud === audience && isNow ? claims : null;
    } catch {
      return null;
    }
  };
}
