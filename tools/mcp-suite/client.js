// A client of the tools over standard input and output, with nothing between it and the lines.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Client {
  constructor(command) {
    const [program, ...args] = command;
    this.process = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.waiting = new Map();
    this.others = [];
    this.next = 1;
    this.errors = "";
    this.ended = new Promise((done) => this.process.on("exit", (code, signal) => done({ code, signal })));
    this.process.on("error", (error) => { this.errors += error; });
    this.process.stderr.on("data", (data) => { this.errors = (this.errors + data).slice(-4000); });
    this.process.stdin.on("error", () => {});
    createInterface({ input: this.process.stdout }).on("line", (line) => this.take(line));
    this.ended.then(() => this.waiting.forEach((done) => done({ error: { code: 0, message: `the server ended: ${this.errors}` } })));
  }

  take(line) {
    const message = JSON.parse(line);
    const done = !Array.isArray(message) && this.waiting.get(message.id);
    if (!done) return void this.others.push(message);
    this.waiting.delete(message.id);
    done(message);
  }

  write(text) {
    this.process.stdin.write(text + "\n");
  }

  notify(method, params) {
    this.write(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  // The whole answer, with `result` or `error`.
  ask(method, params, id = this.next++) {
    const answer = new Promise((done) => this.waiting.set(id, done));
    this.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return answer;
  }

  // The first message that answers no question of ours and fits.
  async other(fits, milliseconds = 5000) {
    const until = Date.now() + milliseconds;
    while (Date.now() < until) {
      const found = this.others.find(fits);
      if (found) return found;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`no such message came: ${JSON.stringify(this.others).slice(0, 500)}`);
  }

  async begin(protocolVersion = "2025-06-18") {
    const answer = await this.ask("initialize", { protocolVersion, capabilities: {}, clientInfo: { name: "suite", version: "1" } });
    this.notify("notifications/initialized");
    return answer.result;
  }

  async call(name, args = {}) {
    const answer = await this.ask("tools/call", { name, arguments: args });
    if (answer.error) throw new Error(`${name}: ${JSON.stringify(answer.error)}`);
    const { content, isError } = answer.result;
    const text = content.filter((one) => one.type === "text").map((one) => one.text).join("\n");
    return { text, isError, images: content.filter((one) => one.type === "image"), result: answer.result };
  }

  async end() {
    this.process.stdin.end();
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 10_000);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }
}
