// The SvelteKit example with the packed client, in a folder of its own.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { until } from "./gateway.js";

const client = fileURLToPath(new URL("../../", import.meta.url));
const example = fileURLToPath(new URL("../../../../examples/sveltekit/", import.meta.url));
const npm = (folder, ...words) => execFileSync("npm", [...words, "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Packs the client, and gives the path of the tarball. @param {string} place */
export const packed = (place) => join(place, npm(client, "pack", "--silent", "--pack-destination", place).trim().split("\n").at(-1));

/** Copies the example and installs the tarball into it. */
export function install() {
  const place = mkdtempSync(join(tmpdir(), "doorward-sveltekit-"));
  const tarball = packed(place);
  const folder = join(place, "app");
  cpSync(example, folder, { recursive: true, filter: (path) => !/\/(node_modules|\.svelte-kit|build|doorward-data)$/.test(path) });
  npm(folder, "install", "--prefer-offline", tarball);
  const run = (...words) => execFileSync("npx", words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  /** Starts a program of the app and waits until it answers. @param {string[]} words @param {Record<string, string>} env @param {string} url */
  const start = async (words, env, url) => {
    let log = "";
    const child = spawn(words[0], words.slice(1), { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (log += text));
    await until(() => {
      if (child.exitCode !== null) throw new Error(`${words.join(" ")} ended:\n${log}`);
      return fetch(url).then(() => true, () => false);
    }, url);
    return { log: () => log, stop: () => new Promise((done) => (child.once("exit", done), child.kill("SIGKILL"))) };
  };
  return { folder, run, start, end: () => rmSync(place, { recursive: true, force: true }) };
}
