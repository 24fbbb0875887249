// Everything of `@doorward/client`.

export { createClient } from "./client.js";
export { fetchCsrfToken } from "./csrf.js";
export { DoorwardError } from "./error.js";
