// Doorward's tools beside those of @playwright/mcp, one after the other on the same pages: node bench.js PROGRAM ROUND [BROWSER].
// Prints rows of name, median, minimum, maximum and unit between tabs; the order turns with the round.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const [PROGRAM, ROUND = "1", BROWSER = "/usr/bin/chromium"] = process.argv.slice(2);
const TIMES = 10;
const STARTS = 3;

const PAGE = `<title>Bench</title><h1>Sign in</h1><form><label>Email <input name=email></label>
<label>Password <input type=password></label><label><input type=checkbox> Remember me</label>
<button type=button onclick="this.dataset.count = 1 + Number(this.dataset.count || 0)">Press</button></form>
<ul>${"<li><a href='#x'>An entry of a list</a></li>".repeat(40)}</ul>`;

const CONTENDERS = {
  doorward: (folder) => [PROGRAM, ["mcp", "--isolated", "--headless", "--executable-path", BROWSER, "--output-dir", folder]],
  npm: (folder) => [process.execPath, ["node_modules/@playwright/mcp/cli.js", "--isolated", "--headless", "--no-sandbox", "--executable-path", BROWSER, "--output-dir", folder]],
};

function serve() {
  const server = http.createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(PAGE));
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

const now = () => performance.now();

class Client {
  #waiting = new Map();
  #next = 1;

  constructor(name, folder) {
    const [command, given] = CONTENDERS[name](folder);
    this.child = spawn(command, given, { stdio: ["pipe", "pipe", "ignore"] });
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      const message = JSON.parse(line);
      this.#waiting.get(message.id)?.(message);
    });
  }

  ask(method, params) {
    const id = this.#next++;
    this.child.stdin.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n");
    return new Promise((done) => this.#waiting.set(id, done));
  }

  async initialize() {
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
    await this.ask("initialize", params);
    this.child.stdin.write(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }) + "\n");
  }

  async call(name, given = {}) {
    const { result, error } = await this.ask("tools/call", { name, arguments: given });
    if (error || result.isError) throw new Error(`${name}: ${JSON.stringify(error ?? result.content)}`);
    return result.content[0].text;
  }

  // Proportional set size of the server alone, in MiB.
  memory() {
    const told = readFileSync(`/proc/${this.child.pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+)/m.exec(told)[1]) / 1024;
  }

  end() {
    this.child.stdin.end();
    return new Promise((done) => this.child.on("exit", done));
  }
}

async function timed(work) {
  const begun = now();
  await work();
  return now() - begun;
}

async function several(times, work) {
  const all = [];
  for (let count = 0; count < times; count++) all.push(await timed(work));
  return all;
}

async function measure(name, url) {
  const rows = {};
  const folder = await mkdtemp(path.join(os.tmpdir(), "mcp-bench-"));
  rows.start = [];
  for (let count = 0; count < STARTS; count++) {
    let client;
    rows.start.push(await timed(() => (client = new Client(name, folder)).initialize()));
    await client.end();
  }
  const client = new Client(name, folder);
  await client.initialize();
  rows.first = [await timed(() => client.call("browser_navigate", { url }))];
  const text = await client.call("browser_snapshot");
  const of = (sign) => {
    const line = text.split("\n").find((one) => one.includes(sign));
    const ref = /\[ref=(\w+)\]/.exec(line)[1];
    return { element: sign, ref, target: ref };
  };
  const [button, field] = [of('button "Press"'), of('textbox "Email"')];
  rows.snapshot = await several(TIMES, () => client.call("browser_snapshot"));
  rows.evaluate = await several(TIMES, () => client.call("browser_evaluate", { function: "() => document.title" }));
  rows.click = await several(TIMES, () => client.call("browser_click", button));
  rows.type = await several(TIMES, () => client.call("browser_type", { ...field, text: "ada@example.com" }));
  rows.press = await several(TIMES, () => client.call("browser_press_key", { key: "a" }));
  rows.memory = [client.memory()];
  await client.call("browser_close");
  await client.end();
  await rm(folder, { recursive: true, force: true });
  return rows;
}

function print(name, values, unit) {
  values.sort((one, other) => one - other);
  const median = values[Math.floor(values.length / 2)];
  console.log([name, median, values[0], values.at(-1), unit].map((one) => (typeof one === "number" ? one.toFixed(3) : one)).join("\t"));
}

const server = await serve();
const order = Number(ROUND) % 2 ? ["doorward", "npm"] : ["npm", "doorward"];
for (const name of order) {
  const rows = await measure(name, `http://127.0.0.1:${server.address().port}/`);
  for (const [row, values] of Object.entries(rows)) print(`browser.${row}${name === "npm" ? ".npm" : ""}`, values, row === "memory" ? "MiB" : "ms");
}
server.close();
