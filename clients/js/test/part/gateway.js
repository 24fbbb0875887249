// The real gateway on a free port, with a data folder of its own.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const program = process.env.DOORWARD ?? join(root, "target/debug/doorward");

/** @returns {Promise<number>} */
export const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });

/** Waits until something is so; fails after half a minute. */
export async function until(question, what = "it") {
  for (const end = Date.now() + 30000; Date.now() < end; ) {
    const found = await question();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 40));
  }
  throw new Error(`${what} did not come about`);
}

/** Starts the program and waits for its health. @param {{ port?: number, settings?: Record<string, string>, words?: string[] }} [how] */
export async function startGateway({ port, settings = {}, words = [] } = {}) {
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build -p doorward`);
  const own = port ?? (await freePort());
  const place = mkdtempSync(join(tmpdir(), "doorward-client-"));
  const data = join(place, "data");
  const env = { ENVIRONMENT: "development", LOG_LEVEL: "warn", DOORWARD_SERVER__PRIVATE_LISTEN: `127.0.0.1:${await freePort()}`, ...settings };
  let log = "";
  const run = () => {
    const child = spawn(program, ["serve", "--listen", `127.0.0.1:${own}`, "--data", data, ...words], { cwd: place, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (log += text));
    return child;
  };
  let child = run();
  const origin = `http://localhost:${own}`;
  const live = () => fetch(`http://127.0.0.1:${own}/health/live`).then((answer) => answer.ok, () => false);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
  };
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the gateway ended:\n${log}`);
    return live();
  }, "the gateway");
  const [email, password] = readFileSync(join(data, "initial-admin.txt"), "utf8").trim().split("\n").map((line) => line.split(": ")[1]);
  return {
    origin,
    port: own,
    data,
    email,
    password,
    log: () => log,
    stop,
    restart: async () => {
      await stop();
      child = run();
      await until(live, "the gateway");
    },
    end: async () => {
      await stop();
      rmSync(place, { recursive: true, force: true });
    },
    /** Runs a command on the data folder. @param {string[]} words */
    command: (words) =>
      new Promise((done, stop) => {
        let out = "";
        const other = spawn(program, [...words, "--data", data], { cwd: place, env });
        other.stdout.on("data", (text) => (out += text));
        other.stderr.on("data", (text) => (out += text));
        other.on("exit", (code) => (code === 0 ? done(out) : stop(new Error(out))));
      }),
  };
}

/** A `fetch` with cookies and the fields that a browser sends: Node has neither. @param {string} origin */
export function browserFetch(origin, site = "same-origin") {
  const jar = new Map();
  /** @type {{ url: string, method: string, status: number, token: string | null, cookies: string }[]} */
  const seen = [];
  /** @type {any} */
  const run = async (input, init = {}) => {
    const asked = new Request(input, init);
    asked.headers.set("Origin", origin);
    asked.headers.set("Sec-Fetch-Site", site);
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    if (cookies && asked.credentials !== "omit") asked.headers.set("Cookie", cookies);
    const answer = await fetch(asked);
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /** @type {any} */ (line.match(/^([^=]+)=([^;]*)/));
      if (/max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    seen.push({ url: asked.url, method: asked.method, status: answer.status, token: asked.headers.get("X-CSRF-TOKEN"), cookies });
    return answer;
  };
  return Object.assign(run, { jar, seen });
}

/** A code of RFC 6238 for a key in base32. @param {string} secret */
export function totp(secret, at = Date.now()) {
  const bits = [...secret.replace(/=+$/, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const mac = createHmac("sha1", key).update(step).digest();
  const start = mac[19] & 15;
  return String((mac.readUInt32BE(start) & 0x7fffffff) % 1e6).padStart(6, "0");
}
