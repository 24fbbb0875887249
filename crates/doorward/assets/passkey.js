// Passkeys: asks the server, has the browser ask its owner, and answers the server. All words come from the page.

const places = document.querySelectorAll("[data-passkey]");
const renewal = 4 * 60 * 1000;

let header = "X-CSRF-TOKEN";
let running = new AbortController();

class Refused extends Error {
  constructor(told) {
    super(told.detail ?? "");
    this.reason = told.reason ?? "";
  }
}

function decode(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function encode(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Sends JSON with the token of the page. A token that is too old is followed by the one that the refusal brings. */
async function send(path, body, isFirst = true) {
  const fields = document.querySelectorAll('input[name="csrf_token"]');
  const answer = await fetch(path, {
    method: "POST",
    credentials: "same-origin",
    cache: "no-store",
    headers: { Accept: "application/json", "Content-Type": "application/json", [header]: fields[0]?.value ?? "" },
    body: JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  header = told.header_name ?? header;
  const token = told.csrf_token ?? answer.headers.get(header);
  if (token) for (const field of fields) field.value = token;
  if (answer.ok) return told;
  if (isFirst && told.csrf_token) return send(path, body, false);
  throw new Refused(told);
}

const named = (list = []) => list.map((one) => ({ ...one, id: decode(one.id) }));

/** Has the browser make a key. */
function create(options, signal) {
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: named(options.excludeCredentials),
  };
  return navigator.credentials.create({ publicKey, signal });
}

/** Has the browser prove a key. */
function prove(options, signal, mediation) {
  const challenge = decode(options.challenge);
  const publicKey = { ...options, challenge, allowCredentials: named(options.allowCredentials) };
  return navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) });
}

/** The credential as `toJSON()` writes it, which not every browser has. */
function written(credential) {
  const { response } = credential;
  const text = (buffer) => (buffer ? encode(buffer) : null);
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

/** What the page says beside the credential. */
function beside(kind) {
  if (kind === "sign-in") return { stay: document.getElementById("stay")?.checked ?? false };
  if (kind === "new") return { name: document.getElementById("passkey_name")?.value || null };
  return { trust_device: document.getElementById("trust")?.checked ?? false };
}

async function run(place, mediation) {
  const { passkey: kind, begin, finish, next } = place.dataset;
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const { challenge, options } = await send(begin, {});
  const made = await (kind === "new" ? create(options, signal) : prove(options, signal, mediation));
  const credential = written(made);
  try {
    await send(finish, { challenge, credential, ...beside(kind) });
  } catch (error) {
    // A browser that knows how hides a passkey that is no longer known here.
    if (error.reason === "factor.passkey_unknown") {
      const gone = { rpId: options.rpId, credentialId: credential.id };
      await PublicKeyCredential.signalUnknownCredential?.(gone).catch(() => null);
    }
    throw error;
  }
  location.assign(next);
}

/** What is said to the person, or nothing where the page itself has stopped it. */
function words(place, error) {
  if (error.name === "AbortError") return "";
  if (error.name === "NotAllowedError") return place.dataset.cancelled;
  if (error.name === "InvalidStateError") return place.dataset.known ?? place.dataset.failed;
  return (error instanceof Refused && error.message) || place.dataset.failed;
}

function tell(place, text) {
  const notice = place.querySelector("[data-told]");
  notice.firstElementChild.textContent = text;
  notice.hidden = text === "";
}

async function press(place, button) {
  if (button.getAttribute("aria-disabled")) return;
  const label = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.dataset.busy;
  tell(place, "");
  try {
    await run(place);
  } catch (error) {
    tell(place, words(place, error));
    button.textContent = label;
    button.removeAttribute("aria-disabled");
    if (place.dataset.passkey === "sign-in") offer(place);
  }
}

/** Offers passkeys among what the browser fills in, where it does that, and asks anew before the question is too old. */
async function offer(place) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const again = setTimeout(() => offer(place), renewal);
  try {
    await run(place, "conditional");
  } catch (error) {
    if (error.name === "AbortError") return;
    clearTimeout(again);
    // Nobody has asked for anything yet, so only an answer that was refused is worth words.
    if (error instanceof Refused && error.reason.startsWith("factor.")) {
      tell(place, words(place, error));
      offer(place);
    }
  }
}

const isNamed = !/^[\d.]+$|:/.test(location.hostname);
if (isSecureContext && isNamed && globalThis.PublicKeyCredential) {
  for (const place of places) {
    const button = place.querySelector("button");
    place.hidden = false;
    button.addEventListener("click", () => press(place, button));
    if (place.dataset.passkey === "sign-in") offer(place);
  }
}
