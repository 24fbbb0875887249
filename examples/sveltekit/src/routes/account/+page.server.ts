import { requireUser } from "@doorward/client/sveltekit";

export const load = (event) => ({ user: requireUser(event) });
