import { createClient } from "@doorward/client";

/** One client for the whole page. */
export const client = createClient();
