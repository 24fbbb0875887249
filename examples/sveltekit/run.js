// `npm run dev`: the app on port 3000, Doorward beside it on 8000. `npm start`: Doorward on 8000, the built app behind it.

import { spawn } from "node:child_process";

const isBuilt = process.argv[2] === "built";
const gateway = process.env.DOORWARD_URL ?? "http://127.0.0.1:8000";
const port = new URL(gateway).port;
const children = [];

/** Whatever ends takes the rest with it. */
function start(command, words, env) {
  const child = spawn(command, words, { stdio: "inherit", env: { ...process.env, ...env } });
  child.on("error", ({ message }) => (console.error(`${command}: ${message}`), end(1)));
  child.on("exit", (code) => end(code ?? 1));
  children.push(child);
}

function end(code) {
  for (const child of children) child.kill();
  process.exit(code);
}

process.on("SIGINT", () => end(0));
process.on("SIGTERM", () => end(0));

const isThere = await fetch(`${gateway}/health/live`).then(({ ok }) => ok, () => false);
if (!isThere) {
  const words = ["serve", "--data", "./doorward-data", "--listen", `127.0.0.1:${port}`, ...(isBuilt ? ["--config", "gateway.toml"] : [])];
  start(process.env.DOORWARD ?? "doorward", words, { ENVIRONMENT: "development", LOG_LEVEL: "warn", CORS_ALLOWED_ORIGINS: "http://localhost:3000" });
}
if (isBuilt) {
  start("node", ["build"], { HOST: "127.0.0.1", PORT: "3000", PROTOCOL_HEADER: "x-forwarded-proto", HOST_HEADER: "x-forwarded-host", DOORWARD_URL: gateway, DOORWARD_PUBLIC_URL: `http://localhost:${port}` });
} else {
  start("npx", ["vite", "dev"], { DOORWARD_URL: gateway });
}
