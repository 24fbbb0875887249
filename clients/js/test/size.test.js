// What is shipped: a core that stays small, minified and compressed, and everything that belongs to the package.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const MOST = 4096;

/** @param {string[]} external */
async function measured(external) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../src/index.js", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    external,
    write: false,
  });
  const bytes = outputFiles[0].contents;
  return { minified: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
}

test("the core is under 4 KiB minified and compressed", async () => {
  const core = await measured(["./trouble.js", "./steps.js", "./bearer.js"]);
  const whole = await measured([]);
  console.log(`core: ${JSON.stringify(core)} bytes, limit ${MOST}; with causes and texts, the steps of a sign-in and access tokens, which load on demand: ${JSON.stringify(whole)}`);
  assert.ok(core.gzip < MOST && core.brotli < MOST, JSON.stringify(core));
});

test("the package holds its licences, and what its README leads to", () => {
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: fileURLToPath(new URL("../", import.meta.url)), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const names = files.map(({ path }) => path);
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CAUSES.md", "src/index.js", "src/steps.js"]) assert.ok(names.includes(name), name);
});
