// The table of causes is whole, and what it promises is shown by a test that exists.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test("each of the 76 causes that lies in the page is impossible or named, by a test", () => {
  const rows = readFileSync(here("../CAUSES.md"), "utf8").split("\n").filter((line) => /^\| \d/.test(line)).map((line) => line.split("|").map((cell) => cell.trim()).slice(1, -1));
  assert.deepEqual(rows.map(([number]) => Number(number)), Array.from({ length: 76 }, (_, index) => index + 1));
  const tests = readdirSync(here("./")).filter((name) => name.endsWith(".test.js") && !name.startsWith("causes")).map((name) => readFileSync(here(name), "utf8")).join("\n");
  const titles = [...tests.matchAll(/^ *test\([`"](.*?)[`"],/gm)].map(([, title]) => title);
  for (const [number, cause, place, how, shown] of rows) {
    assert.ok(cause, number);
    assert.ok(place === "page" || place === "server", number);
    if (place === "server") continue;
    assert.match(how, /^(impossible|named): ./, number);
    assert.ok(shown && titles.some((title) => title.includes(shown)), `${number}: no test says "${shown}"`);
  }
});
