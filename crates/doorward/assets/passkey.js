// Passkeys on the pages: which button asks for what, and where its words are shown.

import { createClient } from "./client.js";
import { tellTabs } from "./doorward.js";
import { DoorwardError } from "./error.js";
import { answer, create, isPossible, prove } from "./webauthn.js";

const places = document.querySelectorAll("[data-passkey]");
// A question is good for five minutes, and whoever is asked needs some of them.
const renewal = 3 * 60 * 1000;
const freshFor = 90 * 1000;

const token = document.querySelector('input[name="csrf_token"]')?.value;
const client = createClient({ baseUrl: location.origin + document.body.dataset.base, token });

let running = new AbortController();

/** Whether an answer is on its way: then nothing more is asked. */
let isAnswering = false;
addEventListener("pageshow", () => (isAnswering = false));

/** The last question, until it has been answered. */
let last = { begin: "", since: 0, asked: null };

/** A question is good for one answer, so the button takes the one that the browser already has, while it is fresh. */
function question(begin) {
  if (!last.asked || last.begin !== begin || Date.now() - last.since > freshFor) {
    const mine = { begin, since: Date.now(), asked: client.request(begin, {}) };
    mine.asked.catch(() => (mine.asked = null));
    last = mine;
  }
  return last.asked;
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
  const ask = async (options) => {
    const credential = await (kind === "new" ? create(options, signal) : prove(options, signal, mediation));
    last.asked = null;
    isAnswering = true;
    return credential;
  };
  try {
    await answer(client.request, await question(begin), { finish, run: ask, beside: () => beside(kind) });
  } catch (error) {
    isAnswering = false;
    throw error;
  }
  tellTabs();
  location.assign(next);
}

/** What is said to the person, or nothing where the page itself has stopped it. */
function words(place, error) {
  if (error.name === "AbortError") return "";
  if (error.name === "NotAllowedError") return place.dataset.cancelled;
  if (error.name === "InvalidStateError") return place.dataset.known ?? place.dataset.failed;
  return error instanceof DoorwardError ? error.message : place.dataset.failed;
}

function tell(place, text) {
  const notice = place.querySelector("[data-told]");
  notice.firstElementChild.textContent = text;
  notice.hidden = text === "";
}

async function press(place, button) {
  if (isAnswering || button.getAttribute("aria-disabled")) return;
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
    // What somebody has begun at the button is not stopped by asking anew.
    clearTimeout(again);
    if (error.name === "AbortError") return;
    // Nobody has asked for anything yet, so only an answer that was refused is worth words.
    if (error.reason?.startsWith("factor.")) {
      tell(place, words(place, error));
      offer(place);
    }
  }
}

if (isPossible()) {
  for (const place of places) {
    const button = place.querySelector("button");
    place.hidden = false;
    button.addEventListener("click", () => press(place, button));
    if (place.dataset.passkey === "sign-in") offer(place);
  }
}
