import { requireUser } from "@doorward/client/sveltekit";
import { fail } from "@sveltejs/kit";

// A real app has a database here.
const notes = new Map<string, string[]>();

export const load = (event) => ({ notes: notes.get(requireUser(event).id) ?? [] });

export const actions = {
  write: async (event) => {
    const user = requireUser(event);
    const text = String((await event.request.formData()).get("text") ?? "").trim();
    if (!text) return fail(400, { problem: "Write something first." });
    notes.set(user.id, [...(notes.get(user.id) ?? []), text]);
  },
  upload: async (event) => {
    requireUser(event);
    const file = (await event.request.formData()).get("file");
    if (!(file instanceof File) || file.size === 0) return fail(400, { problem: "Choose a file first." });
    return { uploaded: `${file.name}, ${file.size} bytes` };
  },
};
