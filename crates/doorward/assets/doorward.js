// Makes the pages more comfortable. Everything works without this file; all words come from the page.

import { createClient } from "./client.js";

const freshFor = 5 * 60;

const fields = () => document.querySelectorAll('input[name="csrf_token"]');

const token = fields()[0]?.value;
const client = createClient({ baseUrl: location.origin + document.body.dataset.base, token, deadline: 4000 });

/** Fetches a fresh token into every form, and says whether it came. A failure changes nothing. */
async function refreshToken() {
  try {
    const token = await client.csrf.token();
    for (const field of fields()) field.value = token;
    return true;
  } catch {
    return false;
  }
}

/** Has the other tabs ask anew who is signed in. */
export function tellTabs() {
  try {
    const channel = new BroadcastChannel(`doorward ${client.inspect().baseUrl}`);
    channel.postMessage("changed");
    channel.close();
  } catch {
    // Where nothing may be shared between tabs, each finds out by itself.
  }
}

/** Shows that a form is on its way. The button stays focusable, so that a screen reader keeps its place. */
function setBusy(form, button) {
  form.dataset.busy = "";
  // Whoever stops the loading of the answer may try again.
  setTimeout(setIdle, 15000);
  if (!button) return;
  button.setAttribute("aria-disabled", "true");
  if (button.dataset.busy) {
    button.dataset.words ??= button.textContent;
    button.textContent = button.dataset.busy;
  }
}

function setIdle() {
  for (const form of document.querySelectorAll("form[data-busy]")) delete form.dataset.busy;
  for (const button of document.querySelectorAll("button[aria-disabled]")) {
    button.removeAttribute("aria-disabled");
    if (button.dataset.words) button.textContent = button.dataset.words;
  }
}

/** Whether a form has gone out, which may have signed somebody in or out. */
let isSent = false;

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if ("busy" in form.dataset) {
    event.preventDefault();
    return;
  }
  for (const field of form.querySelectorAll('input[type="text"][autocomplete$="password"]')) field.type = "password";
  isSent = true;
  // Another tab that has signed in or out has made the client forget its token.
  if (client.inspect().token?.ageSeconds < freshFor) {
    setBusy(form, event.submitter);
    return;
  }
  event.preventDefault();
  setBusy(form, event.submitter);
  await refreshToken();
  // `submit()` asks no listener and no validation again: both are done.
  form.submit();
});

// The page goes when the answer to its form is there: only then do other tabs learn who is signed in now.
addEventListener("pagehide", () => {
  if (isSent) tellTabs();
  isSent = false;
});

// A page from the back/forward cache has old tokens and buttons that still look busy.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  setIdle();
  if (fields().length) refreshToken();
});

function announce(words) {
  const region = document.createElement("p");
  region.className = "unseen";
  region.setAttribute("role", "status");
  document.body.append(region);
  setTimeout(() => (region.textContent = words), 50);
  setTimeout(() => region.remove(), 5000);
}

for (const button of document.querySelectorAll("button[data-show]")) {
  const field = document.getElementById(button.dataset.show);
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = field.type === "password";
    field.type = isShown ? "text" : "password";
    button.textContent = isShown ? button.dataset.on : button.dataset.off;
    button.setAttribute("aria-label", isShown ? button.dataset.onLabel : button.dataset.offLabel);
    field.focus();
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!(await copy(source))) return;
    const words = button.textContent;
    if (words === button.dataset.done) return;
    button.textContent = button.dataset.done;
    announce(button.dataset.done);
    setTimeout(() => (button.textContent = words), 2000);
  });
}

/** Copies; where the clipboard is closed, as over plain http, it selects the text for the visitor to copy. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return false;
  }
}

const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  time.title = time.textContent;
  time.textContent = format.format(moment);
}

// The server may see another address than the visitor does, behind a proxy that rewrites Host.
const right = document.body.dataset.address;
if (right && !document.querySelector("[data-wrong-address]")) {
  const { protocol, hostname } = new URL(right);
  const banner = document.querySelector("[data-other-address]");
  if (banner && (protocol !== location.protocol || hostname !== location.hostname)) banner.hidden = false;
}

// The token cookie is readable by scripts on purpose: its absence, after the server has just set it, tells that
// this browser keeps no cookies of this address.
const warning = document.querySelector("[data-no-cookies]");
if (warning && client.inspect().cookie === "absent") {
  client.csrf.drop();
  refreshToken().then((isFresh) => {
    warning.hidden = !isFresh || client.inspect().cookie !== "absent";
  });
}
