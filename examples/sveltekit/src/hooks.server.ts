import { doorward } from "@doorward/client/sveltekit";
import type { Handle } from "@sveltejs/kit";
import { env } from "$env/dynamic/private";

export const handle: Handle = doorward({
  gateway: env.DOORWARD_URL || "http://127.0.0.1:8000",
  // The name of this app in doorward.toml, and the address that people open.
  app: "notes",
  issuer: env.DOORWARD_PUBLIC_URL || "http://localhost:8000",
  isProtected: (path) => path.startsWith("/notes") || path.startsWith("/account"),
});
