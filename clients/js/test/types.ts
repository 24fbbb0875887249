// The declarations say what the modules are: checked by the compiler, never run.

import { DoorwardError, createClient, fetchCsrfToken } from "@doorward/client";
import type { Client, Me, SignIn, State } from "@doorward/client";
import * as declared from "../src/index.js";
import { createClient as written } from "../src/client.js";
import { DoorwardError as thrown } from "../src/error.js";

const client: Client = createClient({ onSecondFactor: async ({ methods }) => ({ code: String(methods?.length) }), logger: console });
const other: ReturnType<typeof written> = client;
const answer: Response = await client.fetch("/api", { method: "POST", deadline: 1000 });
const signIn: SignIn = await client.login({ email: "ada@example.com", password: "x" });
const me: Me | null = await client.me();
const stop: () => void = client.state.subscribe((state: State) => state.user?.email);
const { csrf_token }: { csrf_token: string } = await fetchCsrfToken();
const error: DoorwardError = await client.errorOf(answer);
const kind: "session" | "permission" | "network" | "input" = new thrown("x.y").kind;
// @ts-expect-error: a password is needed
client.login({ email: "ada@example.com" });
// @ts-expect-error: passkeys are proven by `passkey.get`
client.verifySecondFactor({ method: "passkey", code: "1" });
export { csrf_token, declared, error, kind, me, other, signIn, stop };
