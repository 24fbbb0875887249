// SvelteKit: who asks, on the server; who is signed in, and forms that carry the token, in the browser.

// @ts-ignore: an optional peer, which is there where this module is used
import { error, redirect } from "@sveltejs/kit";

import { trouble } from "./error.js";
import { createVerifier } from "./identity.js";

const COOKIE = /(?:^|; )((?:__Host-)?doorward)=([^;]+)/;

/** The page that signs in and leads back. @param {{ pathname: string, search: string }} url */
export const signInUrl = ({ pathname, search }) => `/.doorward/sign-in?return_to=${encodeURIComponent(pathname + search)}`;

/**
 * The `handle` of `hooks.server`: sets `locals.user`, and leads strangers to the sign-in where a page is protected.
 * Behind the gateway the signed header says who asks; in development, beside it, the gateway is asked.
 * @param {import("./sveltekit.js").HandleOptions} [options]
 * @returns {any}
 */
export function doorward({ gateway = "http://127.0.0.1:8000", app, issuer, isProtected = () => false } = {}) {
  const verify = app && createVerifier({ issuer: issuer ?? gateway, audience: app, keysUrl: `${gateway}/.well-known/jwks.json` });

  /** @param {Request} request @returns {Promise<import("./sveltekit.js").LocalUser | null>} */
  const who = async ({ headers }) => {
    const pass = headers.get("x-doorward-jwt");
    if (pass) {
      const claims = verify ? await verify(pass) : null;
      return claims && { id: claims.sub, email: claims.email, name: claims.name, groups: claims.groups, acr: claims.acr };
    }
    const cookie = (headers.get("cookie") ?? "").match(COOKIE);
    if (!cookie) return null;
    const asked = { headers: { Cookie: `${cookie[1]}=${cookie[2]}`, Accept: "application/json" }, signal: AbortSignal.timeout(5000) };
    const answer = await fetch(`${gateway}/api/v1/auth/me`, asked).catch(() => null);
    if (!answer?.ok) return null;
    const { user, acr } = await answer.json();
    return { ...user, acr };
  };

  return async (/** @type {any} */ { event, resolve }) => {
    event.locals.user = await who(event.request);
    if (isProtected(event.url.pathname)) requireUser(event);
    const answer = await resolve(event);
    // What one person may see is for no cache, and "Back" after signing out shows nothing of it.
    if (event.locals.user && !answer.headers.has("cache-control")) answer.headers.set("cache-control", "private, no-store");
    return answer;
  };
}

/**
 * For `load` and actions: the user. A stranger who reads is led to the sign-in and back; a form of a stranger is
 * refused, so that its page can keep what was typed.
 * @param {any} event
 */
export function requireUser({ locals, url, request }) {
  if (locals.user) return locals.user;
  if (!request || request.method === "GET") redirect(303, signInUrl(url));
  return error(401, { message: "Please sign in again.", reason: "session.missing" });
}

/**
 * A store of the user for the browser. On the server it stays empty: there, one store would serve all visitors.
 * @param {import("./index.js").Client} client
 */
export const createUserStore = (client) => ({
  /** @param {(user: import("./index.js").User | null) => void} run */
  subscribe: (run) => client.state.subscribe(({ user }) => run(user)),
});

/**
 * An action for forms: `<form method="POST" use:token>` has a fresh token whenever it is sent, by a script or without.
 * @param {import("./index.js").Client} client
 */
export const createToken = (client) => (/** @type {HTMLFormElement} */ form) => {
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "csrf_token" });
  // Before any file, where the gateway looks for it.
  form.prepend(field);
  const fill = async () => (field.value = await client.csrf.token());
  let isFilled = false;
  const submit = async (/** @type {SubmitEvent} */ event) => {
    if (isFilled) {
      isFilled = false;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    // Where no token comes the form goes on its way all the same: whoever answers it says why.
    await fill().catch(() => {});
    // A form that is still telling its listeners of one submission ignores the next.
    await new Promise((done) => setTimeout(done));
    isFilled = true;
    form.requestSubmit(/** @type {HTMLElement} */ (event.submitter));
  };
  form.addEventListener("submit", submit, { capture: true });
  return {
    destroy: () => {
      form.removeEventListener("submit", submit, { capture: true });
      field.remove();
    },
  };
};

/**
 * For `use:enhance`: refusals of the gateway go to `told`, and what was typed stays; everything else is SvelteKit's.
 * @param {import("./index.js").Client} client
 * @param {(error: import("./index.js").DoorwardError) => void} told
 * @param {(outcome: any) => void | Promise<void>} [done]
 */
export const createSubmit = (client, told, done) => () => async (/** @type {any} */ outcome) => {
  const { result, update } = outcome;
  const said = result.reason ? result : result.error?.reason ? result.error : null;
  if (!said) return done ? done(outcome) : update();
  const refused = await (await trouble()).explain(said.reason, { status: result.status, ...said });
  if (refused.kind === "session") await client.me().catch(() => null);
  told(refused);
};
