import { doorward } from "@doorward/client/vite";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

// The app on port 3000; sign-in and API come from Doorward on port 8000, through the same port.
export default defineConfig({ plugins: [doorward(), sveltekit()] });
