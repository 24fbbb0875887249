// What the Model Context Protocol and JSON-RPC promise, whatever the tools do.

const CLASSIC = ["navigate", "navigate_back", "navigate_forward", "snapshot", "take_screenshot", "click", "type", "press_key",
  "select_option", "console_messages", "network_requests", "evaluate", "wait_for", "tab_new", "tab_close", "tab_select", "tab_list"];
const OTHERS = ["close", "resize", "handle_dialog", "file_upload", "hover", "drag", "install"];
const NEWER = ["tabs", "fill_form", "find", "drop", "emulate_media", "network_request"];
const NEEDED = {
  browser_navigate: ["url"], browser_click: ["element", "ref"], browser_type: ["element", "ref", "text"], browser_press_key: ["key"],
  browser_select_option: ["element", "ref", "values"], browser_evaluate: ["function"], browser_tab_select: ["index"],
  browser_resize: ["width", "height"], browser_drag: ["startElement", "startRef", "endElement", "endRef"], browser_handle_dialog: ["accept"],
};
const TAKEN = {
  browser_click: ["target", "doubleClick", "button", "modifiers"], browser_type: ["target", "submit", "slowly"],
  browser_take_screenshot: ["type", "filename", "element", "ref", "target", "fullPage", "scale"], browser_snapshot: ["target", "filename", "depth", "boxes"],
  browser_console_messages: ["level", "all", "filename"], browser_network_requests: ["static", "filter", "filename"],
  browser_wait_for: ["time", "text", "textGone"], browser_tabs: ["action", "index", "url"], browser_network_request: ["index", "part", "filename"],
  browser_evaluate: ["element", "ref", "target", "filename"], browser_drop: ["element", "target", "paths", "data"], browser_find: ["text", "regex", "filename"],
};
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export default [
  { name: "initialize answers with the asked version, a name and tools", run: async (t) => {
    for (const version of ["2024-11-05", "2025-03-26", "2025-06-18"]) {
      const result = await t.start().begin(version);
      t.assert.equal(result.protocolVersion, version);
      t.assert(result.serverInfo.name && result.serverInfo.version);
      t.assert.equal(typeof result.capabilities.tools, "object");
    }
  } },
  { name: "an unknown version gets one that is spoken", run: async (t) => {
    const result = await t.start().begin("1999-01-01");
    t.assert.match(result.protocolVersion, /^20\d\d-\d\d-\d\d$/);
  } },
  { name: "initialize is answered soon", isNew: true, run: async (t) => {
    const begun = Date.now();
    await t.start().begin();
    t.assert(Date.now() - begun < 1000);
  } },
  { name: "the classic tools are listed with schemas", run: async (t) => {
    const { tools } = (await (await t.client()).ask("tools/list")).result;
    const names = tools.map((tool) => tool.name);
    for (const name of [...CLASSIC, ...OTHERS]) t.assert(names.includes(`browser_${name}`), name);
    t.assert.equal(new Set(names).size, names.length);
    for (const tool of tools) {
      t.assert(tool.description.length > 3, tool.name);
      t.assert.equal(tool.inputSchema.type, "object", tool.name);
    }
  } },
  { name: "schemas name what is required", run: async (t) => {
    const { tools } = (await (await t.client()).ask("tools/list", {})).result;
    for (const [name, needed] of Object.entries(NEEDED)) {
      const schema = tools.find((tool) => tool.name === name).inputSchema;
      for (const one of needed) {
        t.assert(schema.required.includes(one), `${name}.${one}`);
        t.assert(schema.properties[one], `${name}.${one}`);
      }
    }
  } },
  { name: "the newer tools and parameters are listed", isNew: true, run: async (t) => {
    const { tools } = (await (await t.client()).ask("tools/list", {})).result;
    const of = (name) => tools.find((tool) => tool.name === name);
    for (const name of NEWER) t.assert(of(`browser_${name}`), name);
    for (const [name, taken] of Object.entries(TAKEN))
      for (const one of taken) t.assert(of(name).inputSchema.properties[one], `${name}.${one}`);
    t.assert(!of("browser_run_code_unsafe"));
  } },
  { name: "annotations tell what only looks", run: async (t) => {
    const { tools } = (await (await t.client()).ask("tools/list", {})).result;
    const of = (name) => tools.find((tool) => tool.name === name).annotations;
    t.assert.equal(of("browser_snapshot").readOnlyHint, true);
    t.assert.equal(of("browser_click").readOnlyHint, false);
    t.assert(of("browser_click").title);
  } },
  { name: "ping is answered with nothing", run: async (t) => {
    t.assert.deepEqual((await (await t.client()).ask("ping")).result, {});
  } },
  { name: "ids come back as they went", run: async (t) => {
    const client = await t.client();
    for (const id of ["text", 0, 987654321, "ü-1"]) t.assert.equal((await client.ask("ping", {}, id)).id, id);
  } },
  { name: "an unknown method is an error of the protocol", run: async (t) => {
    t.assert.equal((await (await t.client()).ask("tools/nope", {})).error.code, -32601);
  } },
  { name: "an unknown tool is an error of the tool", run: async (t) => {
    t.holds(await t.bad("browser_nope"), "browser_nope", "not found");
  } },
  { name: "wrong arguments are an error of the tool and name the argument", run: async (t) => {
    t.holds(await t.bad("browser_navigate", {}), "url");
    t.holds(await t.bad("browser_navigate", { url: 5 }), "url", "string");
    t.holds(await t.bad("browser_resize", { width: "a", height: 4 }), "width", "number");
    t.holds(await t.bad("browser_take_screenshot", { type: "gif" }), "type", "png");
    t.holds(await t.bad("browser_evaluate", {}), "function");
    t.holds(await t.bad("browser_wait_for", { time: "1" }), "time");
  } },
  { name: "unknown arguments are passed by", run: async (t) => {
    await t.ok("browser_navigate", { url: t.site.put("/plain", "<title>Plain</title>x"), nonsense: [1] });
  } },
  { name: "a call without arguments is a call with none", run: async (t) => {
    const client = await t.client();
    for (const args of [undefined, {}]) {
      const answer = await client.ask("tools/call", { name: "browser_tab_list", arguments: args });
      t.holds(answer.result.content[0].text, "### Open tabs");
    }
  } },
  { name: "before the first page tools say what to do", run: async (t) => {
    const client = t.start();
    await client.begin();
    for (const name of ["browser_click", "browser_press_key", "browser_navigate_back", "browser_take_screenshot", "browser_console_messages"]) {
      const answer = await client.call(name, { element: "x", ref: "e1", key: "a" });
      t.assert.equal(answer.isError, true, name);
      t.holds(answer.text, "browser_navigate");
    }
  } },
  { name: "broken lines are answered and the next one works", isNew: true, run: async (t) => {
    const client = t.start();
    await client.begin();
    client.write("{ broken");
    t.assert.equal((await client.other((one) => one.error)).error.code, -32700);
    for (const line of ["", "   ", "[]", "17", "null", '"text"', '{"jsonrpc":"2.0"}', "\u0000"]) client.write(line);
    t.assert.deepEqual((await client.ask("ping")).result, {});
  } },
  { name: "a line of twenty megabytes does no harm", isNew: true, run: async (t) => {
    const client = t.start();
    await client.begin();
    client.write(`{"jsonrpc":"2.0","id":"big","method":"ping","params":{"x":"${"x".repeat(20_000_000)}"}}`);
    t.assert.deepEqual((await client.ask("ping")).result, {});
  } },
  { name: "several messages in a list are answered in a list", isNew: true, run: async (t) => {
    const client = t.start();
    await client.begin("2025-03-26");
    client.write(JSON.stringify([{ jsonrpc: "2.0", id: "a", method: "ping" }, { jsonrpc: "2.0", method: "notifications/x" }, { jsonrpc: "2.0", id: "b", method: "tools/list" }]));
    const answers = await client.other(Array.isArray);
    t.assert.deepEqual(answers.map((one) => one.id).sort(), ["a", "b"]);
  } },
  { name: "notifications get no answer", run: async (t) => {
    const client = t.start();
    await client.begin();
    client.notify("notifications/roots/list_changed");
    client.notify("notifications/unheard_of", { a: 1 });
    await client.ask("ping");
    t.assert.equal(client.others.length, 0, JSON.stringify(client.others));
  } },
  { name: "initialize twice does no harm", run: async (t) => {
    const client = t.start();
    await client.begin();
    await client.begin();
    t.assert((await client.ask("tools/list")).result.tools.length > 10);
  } },
  { name: "ping is answered while a tool works", run: async (t) => {
    const client = await t.client();
    await t.show("<p>x");
    const waiting = client.call("browser_wait_for", { time: 2 });
    const begun = Date.now();
    await client.ask("ping");
    t.assert(Date.now() - begun < 1000);
    await waiting;
  } },
  { name: "a cancelled call makes way for the next", isNew: true, run: async (t) => {
    const client = await t.client();
    await t.show("<p>x");
    client.ask("tools/call", { name: "browser_wait_for", arguments: { time: 25 } }, "long");
    await pause(300);
    client.notify("notifications/cancelled", { requestId: "long", reason: "no longer needed" });
    const begun = Date.now();
    await t.ok("browser_snapshot");
    t.assert(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
    client.notify("notifications/cancelled", { requestId: "never was" });
    t.assert.deepEqual((await client.ask("ping")).result, {});
  } },
  { name: "calls at the same time are all answered", run: async (t) => {
    await t.show("<p>x");
    const client = await t.client();
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => client.call("browser_evaluate", { function: `() => ${number} * 100` })));
    all.forEach((answer, index) => t.holds(answer.text, String((index + 1) * 100)));
  } },
  { name: "a progress token is taken", run: async (t) => {
    await t.show("<p>x");
    const answer = await (await t.client()).ask("tools/call", { name: "browser_snapshot", arguments: {}, _meta: { progressToken: "p" } });
    t.assert.equal(answer.result.isError, undefined);
  } },
  { name: "the server ends with its input, and its browser with it", run: async (t) => {
    const client = t.start();
    await client.begin();
    await client.call("browser_navigate", { url: t.site.put("/plain", "<title>Plain</title>x") });
    const begun = Date.now();
    const { code, signal } = await client.end();
    t.assert(Date.now() - begun < 9000 && signal === null && (code === 0 || code === null), `${code} ${signal}`);
  } },
];
