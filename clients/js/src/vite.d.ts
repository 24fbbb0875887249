export interface ProxyOptions {
  /** Where Doorward listens. `$DOORWARD_URL`, or `http://127.0.0.1:8000`, unless it is said: `localhost` may lead to an address where it does not. */
  target?: string;
  /** What is led there: `/api/v1/auth/`, `/api/v1/admin/`, `/.doorward/` and `/.well-known/jwks.json` unless it is said. */
  paths?: string[];
  /** The port of the development server. 3000 unless it is said here or in `server.port`. */
  port?: number;
  /** For a gateway elsewhere that serves only its own name. The gateway must then list the origin of the page. */
  rewriteHost?: boolean;
  /** Whether the certificate of an https target is checked. */
  secure?: boolean;
}

/** The development proxy, and warnings about what breaks sign-in in development. */
export function doorward(options?: ProxyOptions): any;
