// Passkeys: what the server asks as the browser wants it, and what the browser says as the server wants it.

import { trouble } from "./error.js";

/** @param {string} text */
function decode(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function encode(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {any[]} [list] */
const named = (list = []) => list.map((one) => ({ ...one, id: decode(one.id) }));

/** Whether this browser can use passkeys at this address: they need https or localhost, and a name. */
export const isPossible = () =>
  isSecureContext && !/^[\d.]+$|:/.test(location.hostname) && !!globalThis.PublicKeyCredential;

/** Has the browser make a key. @param {any} options @param {AbortSignal} [signal] */
export function create(options, signal) {
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: named(options.excludeCredentials),
  };
  return navigator.credentials.create({ publicKey, signal });
}

/** Has the browser prove a key. @param {any} options @param {AbortSignal} [signal] @param {any} [mediation] */
export function prove(options, signal, mediation) {
  const challenge = decode(options.challenge);
  const publicKey = { ...options, challenge, allowCredentials: named(options.allowCredentials) };
  return navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) });
}

/** The credential as `toJSON()` writes it, which not every browser has. @param {any} credential */
export function written(credential) {
  const { response } = credential;
  const text = (/** @type {any} */ buffer) => (buffer ? encode(buffer) : null);
  const parts = response.attestationObject
    ? { attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] }
    : {
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        userHandle: text(response.userHandle),
      };
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: text(response.clientDataJSON), ...parts },
  };
}

/**
 * Has the browser ask its owner, and answers the server.
 * @param {(path: string, content: any) => Promise<any>} call
 * @param {{ challenge: string, options: any }} question
 * @param {{ finish: string, run: (options: any) => Promise<any>, beside: () => any }} way
 */
export async function answer(call, { challenge, options }, { finish, run, beside }) {
  const credential = written(await run(options));
  try {
    return await call(finish, { challenge, credential, ...beside() });
  } catch (error) {
    // A browser that knows how hides a passkey that is no longer known here.
    if (/** @type {any} */ (error).reason === "factor.passkey_unknown") {
      const gone = { rpId: options.rpId, credentialId: credential.id };
      await /** @type {any} */ (PublicKeyCredential).signalUnknownCredential?.(gone).catch(() => null);
    }
    throw error;
  }
}

/** What the browser or its owner said instead of a key, by its name. @param {any} cause @param {any} how */
async function unproven(cause, how) {
  const names = /** @type {Record<string, string>} */ ({ NotAllowedError: "client.passkey_cancelled", InvalidStateError: "client.passkey_known" });
  throw cause.name === "AbortError" || cause.reason ? cause : await (await trouble()).explain(names[cause.name] ?? "client.passkey_failed", {}, { ...how, cause });
}

/** @param {any} call @param {any} how @param {any} way */
async function pass(call, how, way) {
  if (!isPossible()) throw await (await trouble()).explain("client.passkey_impossible", {}, how);
  const question = await call(way.begin, {});
  return answer(call, question, way).catch((cause) => unproven(cause, how));
}

/** Adds a passkey to who is signed in. @param {any} call @param {any} how @param {{ name?: string, signal?: AbortSignal }} wish */
export const enrol = (call, how, { name, signal }) =>
  pass(call, how, {
    begin: "2fa/passkeys/new/begin",
    finish: "2fa/passkeys/new/finish",
    run: (/** @type {any} */ options) => create(options, signal),
    beside: () => ({ name: name ?? null }),
  });

/**
 * Signs in by a passkey, or proves one as the second factor.
 * @param {any} call
 * @param {any} how
 * @param {{ secondFactor?: boolean, stay?: boolean, trustDevice?: boolean, mediation?: string, signal?: AbortSignal, tokens?: boolean }} wish
 */
export const signIn = (call, how, { secondFactor, stay = false, trustDevice = false, tokens = false, mediation, signal }) =>
  pass(call, how, {
    begin: secondFactor ? "2fa/passkeys/begin" : "passkey/begin",
    finish: secondFactor ? "2fa/passkeys/finish" : "passkey/finish",
    run: (/** @type {any} */ options) => prove(options, signal, mediation),
    beside: () => (secondFactor ? { trust_device: trustDevice } : { stay, tokens }),
  });
