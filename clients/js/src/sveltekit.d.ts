import type { Client, DoorwardError, User } from "./index.js";

/** What `locals.user` is. In `app.d.ts`: `interface Locals { user: LocalUser | null }`. */
export interface LocalUser extends User {
  /** `aal1` for one factor, `aal2` for two. */
  acr: string;
}

export interface HandleOptions {
  /** Where this server reaches Doorward. `http://127.0.0.1:8000` unless it is said. */
  gateway?: string;
  /** The `name` of this app in `[[app]]`: needed behind the gateway, where the signed header says who asks. */
  app?: string;
  /** `public_url` of the gateway; `gateway` unless it is said. */
  issuer?: string;
  /** Which paths need a signed-in user. */
  isProtected?: (pathname: string) => boolean;
}

interface Event {
  locals: { user: LocalUser | null };
  url: URL;
  request?: Request;
}

/** The `handle` of `hooks.server`. */
export function doorward(options?: HandleOptions): (input: { event: any; resolve: (event: any) => Response | Promise<Response> }) => Promise<Response>;

/** The user. Strangers who read are led to the sign-in and back; the form of a stranger is refused with 401. Where the
 * gateway does not answer, it is 503 for everybody. */
export function requireUser(event: Event): LocalUser;

/** The address of the sign-in that leads back to this one. */
export function signInUrl(url: { pathname: string; search: string }): string;

/** A store of the user, for the browser. */
export function createUserStore(client: Client): { subscribe(run: (user: User | null) => void): () => void };

/** `<form method="POST" use:token>`: the form carries a fresh token. */
export function createToken(client: Client): (form: HTMLFormElement) => { destroy(): void };

/** For `use:enhance`: a refused token is replaced and the form sent once more; other refusals, and faults on the way, go to
 * `told`, and what was typed stays. */
export function createSubmit(
  client: Client,
  told: (error: DoorwardError) => void,
  done?: (outcome: any) => void | Promise<void>,
): (input?: { submitter?: HTMLElement | null }) => (outcome: any) => Promise<void>;
