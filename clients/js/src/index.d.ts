/** Who somebody is. */
export interface User {
  /** `usr_…`. */
  id: string;
  email: string;
  name: string;
  groups: string[];
}

/** What stands for a second factor. */
export type Method = "totp" | "email" | "recovery_code" | "passkey";

/** How far a sign-in has come. */
export type Status =
  | "signed_in"
  | "second_factor_required"
  | "recovery_mail_required"
  | "password_change_required"
  | "recovery_required"
  | "enrolment_required";

/** The answer to a step of a sign-in. */
export interface SignIn {
  status: Status;
  user?: User;
  methods?: Method[];
  /** By when a second factor must be set up, where one must be and none is. */
  enrolment_due?: { by: number; days: number };
}

/** A session, as the list of sessions names it. Times are unix seconds. */
export interface Session {
  id: string;
  kind: "browser" | "api";
  device: string;
  address: string;
  created_at: number;
  last_seen: number;
  acr: string;
  amr: string[];
  stage: string;
  is_current: boolean;
}

/** Who is signed in, how strongly, and in which session. */
export interface Me {
  user: User;
  /** `aal1` for one factor, `aal2` for two. */
  acr: string;
  amr: string[];
  auth_time: number;
  session: Session;
}

/** A browser that its owner trusts. Times are unix seconds. */
export interface Device {
  id: string;
  name: string;
  address: string;
  created_at: number;
  last_used_at: number;
  expires_at: number;
}

/** What the page knows of the sign-in. */
export interface State {
  status: "unknown" | "signed_out" | Status;
  user: User | null;
  methods: Method[];
}

/** What proves a second factor. */
export interface Proof {
  /** `totp` unless it is said. */
  method?: Exclude<Method, "passkey">;
  code: string;
  /** Whether this browser shall be trusted from now on, where that is allowed. */
  trustDevice?: boolean;
}

/** Where access tokens are kept: `sessionStorage`, `localStorage`, or anything of the same shape. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Options {
  /** Where Doorward answers. Left out: the origin of the page. */
  baseUrl?: string;
  /** Left out: `same-origin`, and `include` where `baseUrl` is another origin. */
  credentials?: RequestCredentials;
  /** Given, the client signs in for access tokens instead of a cookie, and keeps them here: `() => localStorage`, say.
   * Where a browser keeps nothing of this address the tokens live as long as the page. */
  storage?: Storage | (() => Storage);
  /** How often a request that is safe to repeat is sent again. 3 unless it is said. */
  retry?: number;
  /** Milliseconds until a request without an answer is given up. 30,000 unless it is said; none for uploads. */
  deadline?: number;
  /** Called once when the session is over, in this tab or another. */
  onSessionEnd?: (error: DoorwardError) => void;
  /** Asked for the proof after the password. Without it, `login` answers `second_factor_required`. */
  onSecondFactor?: (answer: SignIn) => Proof | undefined | void | Promise<Proof | undefined | void>;
  /** `console`, for example. No line holds a token. */
  logger?: { debug?: (message: string, facts: unknown) => void };
  /** `en` or `de`. Left out: the language of the page. */
  language?: string;
  /** Whether errors carry hints for developers. Left out: on localhost. */
  development?: boolean;
  /** The path of the token endpoint; on the host of an app it is `/.doorward/csrf-token`. */
  tokenPath?: string;
  /** The token that came with the page, where there is one. It saves the first request, and is used while the page is fresh. */
  token?: string;
  /** Another `fetch`, for tests and servers. */
  fetch?: typeof fetch;
}

export type Init = RequestInit & {
  /** Milliseconds for all tries together; 0 for none. */
  deadline?: number;
};

/** What the page can see of its own situation. No secrets. */
export interface Inspection {
  baseUrl: string;
  isForeign: boolean;
  credentials: RequestCredentials;
  token: { ageSeconds: number; lifeSeconds: number } | null;
  cookie: "present" | "absent" | "unreadable";
  lastRefusal: { reason: string; status: number; requestId?: string; at: string } | null;
  /** The clock of the page less that of the gateway; null until the gateway has told its own. */
  clockDifferenceSeconds: number | null;
  /** Whether the last token came out of a cache or a service worker. */
  isCached: boolean;
  isFramed: boolean;
  isSecure: boolean;
  hasServiceWorker: boolean;
  /** Whether tabs can tell one another. */
  tabs: boolean;
  storage: "none" | "kept" | "blocked";
  state: State["status"];
}

export interface Client {
  /** `fetch` with the token. Requests to other origins than `baseUrl` pass unchanged and never see it. */
  fetch(input: RequestInfo | URL, init?: Init): Promise<Response>;
  /** Calls the API below `/api/v1/auth/`: GET, or POST where there is content. Rejects with a `DoorwardError`. */
  request<T = any>(path: string, content?: unknown, init?: Init): Promise<T>;
  /** Why an answer of `fetch` was refused; of what another `fetch` rejected with, why none came. */
  errorOf(answer: Response | Error): Promise<DoorwardError>;
  /** Resolves once a token is there. May be called as often as one likes. */
  ready(): Promise<void>;
  csrf: {
    /** The token, fetched where none is fresh. */
    token(signal?: AbortSignal | null): Promise<string>;
    /** Forgets it, so that the next use fetches another. */
    drop(): void;
    /** The header that carries it. */
    readonly header: string;
  };
  login(credentials: { email: string; password: string; stay?: boolean }): Promise<SignIn>;
  verifySecondFactor(proof: Proof): Promise<SignIn>;
  passkey: {
    /** Adds a passkey to who is signed in. */
    create(wish?: { name?: string; signal?: AbortSignal }): Promise<SignIn>;
    /** Signs in by a passkey, or proves one as second factor. */
    get(wish?: {
      secondFactor?: boolean;
      stay?: boolean;
      trustDevice?: boolean;
      mediation?: CredentialMediationRequirement;
      signal?: AbortSignal;
    }): Promise<SignIn>;
  };
  logout(): Promise<void>;
  /** Who is signed in, or null. */
  me(): Promise<Me | null>;
  sessions: {
    list(): Promise<Session[]>;
    end(id: string): Promise<null>;
    endOthers(): Promise<{ ended: number }>;
  };
  devices: {
    list(): Promise<Device[]>;
    trust(name: string): Promise<null>;
    rename(id: string, name: string): Promise<null>;
    remove(id: string): Promise<null>;
  };
  /** A store: calls the listener at once and after each change. */
  state: {
    readonly current: State;
    subscribe(listener: (state: State) => void): () => void;
  };
  inspect(): Inspection;
  /** Lets go of the page: tabs and "Back" are no longer listened to. For clients that do not live as long as it. */
  close(): void;
}

/** Why something did not happen. */
export class DoorwardError extends TypeError {
  constructor(reason: string, told?: Record<string, unknown>, cause?: unknown);
  /** The stable code, `family.detail`. */
  reason: string;
  /** For the person, in the language of the page. */
  message: string;
  /** For developers, in development. */
  hint?: string;
  /** The HTTP status, 0 where there was no answer. */
  status: number;
  /** For `doorward explain`. */
  requestId?: string;
  /** Whether the same may succeed when it is tried again. */
  retryable: boolean;
  /** Where signing in is possible. */
  loginUrl?: string;
  /** `session`: sign in again. `permission`: this account may not. `network`: nothing of ours answered. `input`: look
   * at what was typed. */
  kind: "session" | "permission" | "network" | "input";
}

export function createClient(options?: Options): Client;

/** One token for a page that wants nothing else. Requests at the same time share one answer. */
export function fetchCsrfToken(
  url?: string | URL,
  how?: { credentials?: RequestCredentials; fetch?: typeof fetch; language?: string; retry?: number; deadline?: number },
): Promise<{ csrf_token: string; header_name: string; cookie_name: string; expires_in: number }>;
