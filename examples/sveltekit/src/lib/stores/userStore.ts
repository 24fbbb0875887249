import { createSubmit, createToken, createUserStore } from "@doorward/client/sveltekit";
import type { DoorwardError } from "@doorward/client";
import { writable } from "svelte/store";
import { client } from "$lib/api_client";

/** Who is signed in, in the browser. */
export const user = createUserStore(client);

/** For forms: `<form method="POST" use:token use:enhance={submit}>`. */
export const token = createToken(client);

/** What the gateway refused last, for people to read. */
export const refusal = writable<DoorwardError | null>(null);

export const submit = createSubmit(client, (error) => refusal.set(error), async ({ update }) => {
  refusal.set(null);
  await update();
});
