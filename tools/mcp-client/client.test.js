// Clients by others use every tool of `doorward mcp`: the official SDK over standard input and output and over HTTP, and
// the command line of the inspector (the newest that stands alone). DOORWARD names the program.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { serve } from "./site.js";

const PROGRAM = process.env.DOORWARD;
const FLAGS = ["mcp", "--isolated", "--caps", "vision,pdf", "--timeout-action", "5000"];
const INSPECTOR = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "node_modules/.bin/mcp-inspector-cli");

// What a call says.
async function call(client, name, given = {}) {
  const result = await client.callTool({ name, arguments: given });
  const text = result.content.map((part) => part.text ?? `[${part.type}]`).join("\n");
  return { text, isError: result.isError === true };
}

// Uses every tool that is listed, each with a result that can only come from the page.
async function useEverything(client, site, folder) {
  const used = new Set();
  const does = async (name, given, sign) => {
    const { text, isError } = await call(client, name, given);
    assert.ok(!isError && sign.test(text), `${name}: ${text}`);
    used.add(name);
    return text;
  };
  const ref = async (sign) => {
    const { text } = await call(client, "browser_snapshot");
    const line = text.split("\n").find((one) => one.includes(sign) && one.includes("[ref="));
    return { element: sign, ref: /\[ref=(\w+)\]/.exec(line)[1] };
  };
  await writeFile(path.join(folder, "photo.txt"), "x");
  await does("browser_install", {}, /nothing has to be installed/);
  await does("browser_navigate", { url: `${site}/other` }, /The other page/);
  await does("browser_navigate", { url: `${site}/` }, /Page Title: Form/);
  await does("browser_snapshot", {}, /heading "Form"/);
  await does("browser_navigate_back", {}, /The other page/);
  await does("browser_navigate_forward", {}, /heading "Form"/);
  await does("browser_type", { ...(await ref('textbox "Email"')), text: "ada" }, /fill\('ada'\)/);
  await does("browser_press_key", { key: "Control+a" }, /Control\+a/);
  await does("browser_select_option", { ...(await ref('combobox "City"')), values: ["Oslo"] }, /option "Oslo" \[selected\]/);
  const { ref: email } = await ref('textbox "Email"');
  await does("browser_fill_form", { fields: [{ name: "Email", type: "textbox", ref: email, value: "bob" }] }, /bob/);
  await does("browser_click", await ref('button "Press"'), /Page Title: clicked/);
  await does("browser_hover", await ref('link "Other"'), /hover\(\)/);
  await does("browser_evaluate", { function: "() => document.querySelector('input').value" }, /"bob"/);
  await does("browser_find", { text: "oslo" }, /Oslo/);
  await does("browser_wait_for", { text: "Place" }, /Waited for Place/);
  await does("browser_click", await ref('button "Ask"'), /"confirm" dialog with message "Sure\?"/);
  await does("browser_handle_dialog", { accept: true }, /Page URL/);
  await does("browser_click", await ref('button "Photo"'), /File chooser/);
  await does("browser_file_upload", { paths: ["photo.txt"] }, /photo\.txt/);
  const [from, to] = [await ref('button "Source"'), await ref('button "Place"')];
  await does("browser_drag", { startElement: "Source", startRef: from.ref, endElement: "Place", endRef: to.ref }, /dropped/);
  await does("browser_drop", { target: "#b", data: { "text/plain": "x" } }, /dropped/);
  await does("browser_mouse_move_xy", { element: "x", x: 10, y: 10 }, /10/);
  await does("browser_mouse_click_xy", { element: "x", x: 10, y: 10 }, /10/);
  await does("browser_mouse_drag_xy", { element: "x", startX: 10, startY: 10, endX: 20, endY: 20 }, /20/);
  await does("browser_resize", { width: 900, height: 700 }, /900/);
  await does("browser_emulate_media", { colorScheme: "dark" }, /dark/);
  await does("browser_take_screenshot", {}, /\[image\]/);
  await does("browser_pdf_save", { filename: "page.pdf" }, /page\.pdf/);
  await does("browser_console_messages", {}, /hello from the page/);
  await does("browser_network_requests", {}, /\[GET\] http.*=> \[200\]/);
  await does("browser_network_request", { index: 1 }, /Hop 1: GET/);
  await does("browser_cookies", {}, /./);
  await does("browser_issues", {}, /./);
  const added = await does("browser_authenticator_add", {}, /./);
  await does("browser_authenticator_list", {}, /0 passkeys/);
  await does("browser_authenticator_remove", { id: added.trim().split(/\s+/).pop() }, /./);
  await does("browser_tab_new", { url: `${site}/other` }, /The other page/);
  await does("browser_tab_list", {}, /- 1: \(current\)/);
  await does("browser_tab_select", { index: 0 }, /- 0: \(current\)/);
  await does("browser_tab_close", { index: 1 }, /heading "Form"/);
  await does("browser_tabs", { action: "list" }, /- 0: \(current\)/);
  const login = { url: `${site}/login`, username: "ada", password: "hunter2hunter2" };
  const told = await does("browser_diagnose_login", login, /cookie\.domain_mismatch|cookie\.domain_invalid/);
  assert.ok(!told.includes("hunter2"), told);
  await does("doctor_run", { url: `${site}/` }, /\S/);
  await does("doctor_explain", { what: "cookie.domain_mismatch" }, /hint: /);
  await does("browser_close", {}, /No open tabs/);
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).filter((name) => !used.has(name)), []);
  const missing = await call(client, "browser_click", {});
  assert.ok(missing.isError && missing.text.includes("Required"), missing.text);
}

async function place(context) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "doorward-client-"));
  const site = await serve();
  context.after(async () => (await site.close(), rm(folder, { recursive: true, force: true })));
  return { folder, site };
}

// Starts the server over HTTP and gives what it tells to set a client up with.
async function startHttp(context, folder) {
  const child = spawn(PROGRAM, [...FLAGS, "--port", "0", "--output-dir", folder], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  context.after(() => child.kill());
  let told = "";
  for await (const piece of child.stderr) {
    told += piece;
    const line = told.split("\n").slice(0, -1).find((one) => one.startsWith("{"));
    if (line) return { child, server: JSON.parse(line).mcpServers.browser };
  }
  throw new Error(`the server ended: ${told}`);
}

test("the SDK uses every tool over standard input and output", async (context) => {
  const { folder, site } = await place(context);
  const client = new Client({ name: "test", version: "1" });
  const options = { command: PROGRAM, args: [...FLAGS, "--output-dir", folder], cwd: folder };
  await client.connect(new StdioClientTransport(options));
  await useEverything(client, site.url, folder);
  await client.close();
});

test("the SDK uses every tool over HTTP and ends its session", async (context) => {
  const { folder, site } = await place(context);
  const { child, server } = await startHttp(context, folder);
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: server.headers } });
  await client.connect(transport);
  await useEverything(client, site.url, folder);
  await transport.terminateSession();
  await assert.rejects(client.listTools());
  await client.close();
  child.kill();
  assert.equal(await new Promise((done) => child.on("exit", done)), 0);
});

test("the inspector's command line lists and calls tools both ways", async (context) => {
  const { folder, site } = await place(context);
  const { server } = await startHttp(context, folder);
  const run = promisify(execFile);
  const ways = [[PROGRAM, ...FLAGS], [server.url, "--transport", "http", "--header", `Authorization: ${server.headers.Authorization}`]];
  for (const target of ways) {
    const inspect = async (...given) => JSON.parse((await run(INSPECTOR, ["--cli", ...target, ...given], { cwd: folder })).stdout);
    const { tools } = await inspect("--method", "tools/list");
    assert.ok(tools.some((tool) => tool.name === "browser_diagnose_login"));
    const called = await inspect("--method", "tools/call", "--tool-name", "browser_navigate", "--tool-arg", `url=${site.url}/`);
    assert.match(called.content[0].text, /Page Title: Form/);
  }
});
