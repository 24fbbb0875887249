// SvelteKit: who asks, on the server; who is signed in, and forms that carry the token, in the browser.

// @ts-ignore: an optional peer, which is there where this module is used
import { error, redirect } from "@sveltejs/kit";

import { createVerifier } from "./identity.js";

const COOKIE = /(?:^|; )((?:__Host-)?doorward)=([^;]+)/;

/** The `locals` of requests of which nobody could say who sends them. @type {WeakSet<object>} */
const unasked = new WeakSet();

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
    const answer = await fetch(`${gateway}/api/v1/auth/me`, asked);
    if (answer.status === 401 || answer.status === 403) return null;
    if (!answer.ok) throw new Error(`the gateway answered ${answer.status}`);
    const { user, acr } = await answer.json();
    return { ...user, acr };
  };

  return async (/** @type {any} */ { event, resolve }) => {
    event.locals.user = await who(event.request).catch((cause) => {
      console.error(`doorward: nobody could say who asks for ${event.url.pathname}:`, cause);
      unasked.add(event.locals);
      return null;
    });
    if (isProtected(event.url.pathname)) requireUser(event);
    const answer = await resolve(event);
    // What one person may see is for no cache, and "Back" after signing out shows nothing of it.
    if (!event.locals.user || answer.headers.has("cache-control")) return answer;
    // The headers of a redirect, or of an answer passed on from elsewhere, cannot be changed; those of a copy can.
    const own = new Response(answer.body, answer);
    own.headers.set("cache-control", "private, no-store");
    return own;
  };
}

/**
 * For `load` and actions: the user. A stranger who reads is led to the sign-in and back; a form of a stranger is
 * refused, so that its page can keep what was typed. Where the gateway does not answer nobody is taken for a stranger.
 * @param {any} event
 */
export function requireUser({ locals, url, request }) {
  if (locals.user) return locals.user;
  if (unasked.has(locals)) error(503, { message: "Who you are could not be found out. Please try again in a minute.", reason: "client.gateway_failed" });
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

/** Whether the page still belongs to whom it was shown: nothing is sent a second time in the name of another. @param {import("./index.js").Client} client */
async function isSame(client) {
  const { status, user } = client.state.current;
  const now = await client.me().catch(() => undefined);
  return status !== "unknown" && now !== undefined && user?.id === now?.user.id;
}

/**
 * For `use:enhance`: a form whose token was refused goes out once more with a fresh one; other refusals of the gateway,
 * and faults on the way to it, go to `told`, and what was typed stays; everything else is SvelteKit's.
 * @param {import("./index.js").Client} client
 * @param {(error: import("./index.js").DoorwardError) => void} told
 * @param {(outcome: any) => void | Promise<void>} [done]
 */
export function createSubmit(client, told, done) {
  /** Forms on their second way. */
  const second = new WeakSet();
  return (/** @type {any} */ { submitter } = {}) =>
    async (/** @type {any} */ outcome) => {
      const { result, update, formElement } = outcome;
      const isSecond = second.delete(formElement);
      // SvelteKit knows no status where no answer came, or none that it can read.
      const isFault = result.type === "error" && !result.status;
      const said = result.reason ? result : result.error?.reason ? { status: result.status, ...result.error } : null;
      if (!said && !isFault) return done ? done(outcome) : update();
      const refused = await client.errorOf(said ? Response.json(said, { status: said.status || 500 }) : result.error);
      if (said?.retryable && said.reason.startsWith("csrf.")) {
        client.csrf.drop();
        if (!isSecond && (await isSame(client))) {
          second.add(formElement);
          return formElement.requestSubmit(submitter);
        }
      }
      if (refused.kind === "session") await client.me().catch(() => null);
      told(refused);
    };
}
