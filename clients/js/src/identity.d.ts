/** What Doorward says of whoever sent a request. */
export interface Claims {
  iss: string;
  aud: string;
  /** The id of the user, `usr_…`. */
  sub: string;
  email: string;
  name: string;
  groups: string[];
  iat: number;
  exp: number;
  auth_time: number;
  /** `aal1` for one factor, `aal2` for two. */
  acr: string;
  amr: string[];
}

export interface VerifierOptions {
  /** `public_url` of the gateway. */
  issuer: string;
  /** The `name` of this app in `[[app]]`. */
  audience: string;
  /** Where the keys are published: `…/.well-known/jwks.json` of the gateway. */
  keysUrl: string;
  fetch?: typeof fetch;
  now?: () => number;
}

/** Gives null for what is not to be believed, and rejects where the keys of the gateway do not come. */
export type Verifier = (jwt: string | null | undefined) => Promise<Claims | null>;

export function createVerifier(options: VerifierOptions): Verifier;
