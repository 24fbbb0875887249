// Tests of browser tools over standard input and output, as a stranger writes them who knows their documentation alone:
//
//   node tools/mcp-suite/suite.js [--only PATTERN] [--classic] PROGRAM ARGUMENTS…
//
// `{output}` in an argument stands for a fresh folder for files. `--classic` leaves out what `@playwright/mcp` 0.0.34 does not promise,
// so that the suite itself can be tried against that program.
import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "./client.js";
import { Site } from "./site.js";

const PARTS = ["protocol", "navigate", "snapshot", "click", "write", "choose", "move", "modal", "tabs", "record", "evaluate", "picture", "site", "odd", "guard"];
const PATIENCE = 60_000;

const given = process.argv.slice(2);
const take = (name) => {
  const at = given.indexOf(name);
  return at < 0 ? undefined : given.splice(at, 1)[0];
};
const isClassic = Boolean(take("--classic"));
const onlyAt = given.indexOf("--only");
const only = onlyAt < 0 ? /./ : new RegExp(given.splice(onlyAt, 2)[1], "i");
const output = mkdtempSync(join(tmpdir(), "mcp-suite-"));
const command = given.map((one) => one.replace("{output}", output));

// What a test works with.
class Desk {
  constructor(site) {
    Object.assign(this, { site, assert, output, snapshot: "", pages: 0, own: [] });
  }

  async client() {
    if (!this.shared) {
      this.shared = new Client(command);
      await this.shared.begin();
    }
    return this.shared;
  }

  // A server of its own, for tests of the protocol and of flags.
  start(...more) {
    const client = new Client([...command, ...more]);
    this.own.push(client);
    return client;
  }

  async call(tool, args) {
    const answer = await (await this.client()).call(tool, args);
    const yaml = /```yaml\n([^]*?)\n```/.exec(answer.text);
    if (yaml) this.snapshot = yaml[1];
    return answer;
  }

  async ok(tool, args) {
    const answer = await this.call(tool, args);
    assert.equal(answer.isError, undefined, `${tool} is an error: ${answer.text}`);
    return answer.text;
  }

  async bad(tool, args) {
    const answer = await this.call(tool, args);
    assert.equal(answer.isError, true, `${tool} is no error: ${answer.text}`);
    return answer.text;
  }

  // Puts a page there and opens it.
  async show(body, options) {
    this.pages += 1;
    this.path = `/page-${this.pages}`;
    const whole = /<title>/.test(body) ? body : `<title>Page</title>${body}`;
    return this.ok("browser_navigate", { url: this.site.put(this.path, `<!doctype html><link rel=icon href=data:,>${whole}`, options) });
  }

  // The reference on the first line of the last snapshot that holds the text.
  find(sign) {
    const line = this.snapshot.split("\n").find((one) => one.includes(sign) && /\[ref=\w+\]/.test(one));
    assert(line, `nothing like ${sign} in\n${this.snapshot}`);
    return /\[ref=(\w+)\]/.exec(line)[1];
  }

  async ref(sign) {
    await this.ok("browser_snapshot");
    return this.find(sign);
  }

  async on(tool, sign, more = {}) {
    return this.ok(tool, { element: sign, ref: await this.ref(sign), ...more });
  }

  async badOn(tool, sign, more = {}) {
    return this.bad(tool, { element: sign, ref: await this.ref(sign), ...more });
  }

  async value(source) {
    const text = await this.ok("browser_evaluate", { function: source });
    const told = /### Result\n([^]*?)\n\n###/.exec(text);
    assert(told, text);
    return told[1] === "undefined" ? undefined : JSON.parse(told[1]);
  }

  holds(text, ...signs) {
    for (const sign of signs)
      assert(sign instanceof RegExp ? sign.test(text) : text.includes(sign), `${sign} is missing in\n${text}`);
  }

  lacks(text, ...signs) {
    for (const sign of signs)
      assert(!(sign instanceof RegExp ? sign.test(text) : text.includes(sign)), `${sign} should not be in\n${text}`);
  }

  // Tries until it is so.
  async until(work, milliseconds = 5000) {
    for (const until = Date.now() + milliseconds; ; ) {
      const got = await work();
      if (got || Date.now() > until) return got;
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  file(name, content) {
    const path = join(output, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  }

  read(path) {
    return readFileSync(path);
  }

  has(path) {
    return existsSync(path);
  }

  files() {
    return existsSync(output) ? readdirSync(output) : [];
  }

  // After a test: no dialog, no second tab, and a new server where this one hangs.
  async tidy(isWell) {
    await Promise.all(this.own.splice(0).map((client) => client.end()));
    if (!this.shared || isWell) return;
    const old = this.shared;
    this.shared = undefined;
    old.process.kill("SIGKILL");
    await old.ended;
  }
}

const site = new Site();
await site.start();
const desk = new Desk(site);
let [well, wrong, left] = [0, [], 0];
for (const part of PARTS) {
  const { default: tests } = await import(`./tests/${part}.js`);
  for (const { name, run, isNew } of tests) {
    if (!only.test(`${part}: ${name}`)) continue;
    if (isNew && isClassic) {
      left += 1;
      continue;
    }
    let timer;
    const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error("it takes too long")), PATIENCE); });
    const begun = Date.now();
    try {
      await Promise.race([run(desk), late]);
      well += 1;
      console.log(`ok    ${part}: ${name} (${Date.now() - begun} ms)`);
      await desk.tidy(true);
    } catch (error) {
      wrong.push(`${part}: ${name}`);
      console.log(`WRONG ${part}: ${name}\n      ${String(error.message || error).slice(0, 3000).replace(/\n/g, "\n      ")}`);
      await desk.tidy(false);
    }
    clearTimeout(timer);
  }
}
if (desk.shared) await desk.shared.end();
site.stop();
rmSync(output, { recursive: true, force: true });
console.log(`${well} well, ${wrong.length} wrong${left ? `, ${left} left out` : ""}`);
for (const name of wrong) console.log(`  wrong: ${name}`);
process.exit(wrong.length ? 1 : 0);
