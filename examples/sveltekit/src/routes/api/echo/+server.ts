import { requireUser } from "@doorward/client/sveltekit";
import { json } from "@sveltejs/kit";

export const POST = async (event) => {
  const user = requireUser(event);
  return json({ from: user.email, ...(await event.request.json()) });
};
