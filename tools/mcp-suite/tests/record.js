// Waiting, the console and the network.

export default [
  { name: "text that comes and text that goes", run: async (t) => {
    await t.show("<p id=p>Loading</p><script>setTimeout(() => { p.textContent = 'Ready now' }, 600)</script>");
    t.holds(await t.ok("browser_wait_for", { text: "ready NOW" }), "### Result\nWaited for ready NOW", "await page.getByText(\"ready NOW\").first().waitFor({ state: 'visible' });", "Ready now");
    t.holds(await t.ok("browser_wait_for", { textGone: "Loading" }), "Waited for Loading", "state: 'hidden'");
    t.holds(await t.ok("browser_wait_for", { text: "Ready", textGone: "Loading" }), "Waited for Ready");
  } },
  { name: "a time, and nothing at all", run: async (t) => {
    await t.show("<p>x");
    const begun = Date.now();
    t.holds(await t.ok("browser_wait_for", { time: 1 }), "Waited for 1", "setTimeout(f, 1 * 1000)");
    t.assert(Date.now() - begun >= 1000 && Date.now() - begun < 4000);
    t.holds(await t.bad("browser_wait_for", {}), "Either time, text or textGone must be provided");
  } },
  { name: "what never comes, is hidden, or stays is an error in time", run: async (t) => {
    await t.show("<p>stays</p><p style=display:none>hidden text</p>");
    const begun = Date.now();
    t.holds(await t.bad("browser_wait_for", { text: "never there" }), "TimeoutError", "5000ms");
    t.holds(await t.bad("browser_wait_for", { text: "hidden text" }), "TimeoutError");
    t.holds(await t.bad("browser_wait_for", { textGone: "stays" }), "TimeoutError");
    t.assert(Date.now() - begun < 25_000);
    await t.ok("browser_wait_for", { textGone: "hidden text" });
  } },
  { name: "waiting goes on over a change of page", run: async (t) => {
    t.site.put("/later", "<title>Later</title><p>Arrived</p>");
    await t.show("<script>setTimeout(() => { location = '/later' }, 500)</script>");
    t.holds(await t.ok("browser_wait_for", { text: "Arrived" }), "Page Title: Later");
  } },
  { name: "what a page writes is told with kind and place", run: async (t) => {
    await t.show("<script>console.log('one', 2, {a: 1}, [1, 'b'], null, undefined, true);\nconsole.warn('careful'); console.error('bad'); console.info('told'); console.debug('deep'); console.table([{x: 1}])</script>");
    const text = await t.ok("browser_console_messages");
    t.holds(text, "### Result", "[LOG] one 2 {a: 1} [1, b] null undefined true @ " + t.site.url(t.path) + ":0", "[WARNING] careful @", ":1", "[ERROR] bad @", "[INFO] told @", "[DEBUG] deep @", "[TABLE]");
  } },
  { name: "errors that nobody caught and files that are missing", run: async (t) => {
    await t.show("<script>setTimeout(() => { throw new TypeError('not caught') }); Promise.reject(new Error('not handled')); fetch('/nothing-here')</script>");
    const text = await t.until(async () => { const told = await t.ok("browser_console_messages"); return told.includes("404") && told.includes("not handled") && told; });
    t.holds(text, "TypeError: not caught", "Error: not handled", /\[ERROR\] Failed to load resource: .*404/);
  } },
  { name: "new lines are told with the action, short, once", run: async (t) => {
    await t.show("<button onclick=\"console.log('x'.repeat(300)); console.log('short')\">Write</button>");
    const text = await t.on("browser_click", "Write");
    t.holds(text, "### New console messages", `- [LOG] ${"x".repeat(94)}...\n`, "- [LOG] short @");
    t.lacks(await t.ok("browser_snapshot"), "### New console messages");
    t.holds(await t.ok("browser_console_messages"), "x".repeat(300));
  } },
  { name: "the console begins anew with each page", run: async (t) => {
    await t.show("<script>console.log('from before')</script>");
    await t.show("<p>silent");
    t.lacks(await t.ok("browser_console_messages"), "from before");
  } },
  { name: "levels of the console", isNew: true, run: async (t) => {
    await t.show("<script>console.log('a log'); console.warn('a warning'); console.error('an error'); console.debug('a detail'); setTimeout(() => { throw new Error('thrown') })</script>");
    await t.ok("browser_wait_for", { time: 0.2 });
    const of = (level) => t.ok("browser_console_messages", { level });
    const [error, warning, info, debug] = [await of("error"), await of("warning"), await of("info"), await of("debug")];
    t.holds(error, "an error", "thrown");
    t.lacks(error, "a warning", "a log");
    t.holds(warning, "an error", "a warning");
    t.lacks(warning, "a log");
    t.holds(info, "a log", "a warning");
    t.lacks(info, "a detail");
    t.holds(debug, "a detail", "an error");
    await t.bad("browser_console_messages", { level: "loud" });
    t.lacks(await t.ok("browser_console_messages", { level: "info", filename: "console.log" }), "a warning @");
    t.holds(t.read(t.file("console.log")).toString(), "a warning");
  } },
  { name: "older pages on request", isNew: true, run: async (t) => {
    await t.show("<script>console.log('from the page before')</script>");
    await t.show("<script>console.log('from this page')</script>");
    t.holds(await t.ok("browser_console_messages", { level: "info", all: true }), "from the page before", "from this page");
  } },
  { name: "requests are listed with method and status", run: async (t) => {
    await t.show("<script>Promise.all([fetch('/echo', { method: 'POST', body: 'x' }), fetch('/nothing-here'), fetch('/to?where=/echo'), fetch('/drop').catch(() => {})]).then(() => document.body.append('all done'))</script>");
    await t.ok("browser_wait_for", { text: "all done" });
    const text = await t.ok("browser_network_requests");
    t.holds(text, `[GET] ${t.site.url(t.path)} => [200] OK`, `[POST] ${t.site.url("/echo")} => [200] OK`, `[GET] ${t.site.url("/nothing-here")} => [404] Not Found`,
      `[GET] ${t.site.url("/to?where=/echo")} => [302] Found`, `[GET] ${t.site.url("/echo")} => [200] OK`, `[GET] ${t.site.url("/drop")}`);
    t.lacks(text, "favicon");
  } },
  { name: "a form that leads on is listed as it went", run: async (t) => {
    t.site.put("/enter", "", { status: 303, headers: { Location: "/home", "Set-Cookie": "sid=s3cret; Path=/; HttpOnly" } });
    t.site.put("/home", "<title>Home</title>in");
    await t.show("<form method=post action=/enter><input name=user aria-label=User><button>Enter</button></form>");
    t.holds(await t.on("browser_click", "Enter"), "Page Title: Home");
    t.holds(await t.ok("browser_network_requests"), `[POST] ${t.site.url("/enter")} => [303] See Other`, `[GET] ${t.site.url("/home")} => [200] OK`);
    t.assert.equal(await t.value("() => document.cookie.includes('sid')"), false);
    t.assert.match((await t.value("() => fetch('/echo').then((one) => one.json())")).cookie, /sid=s3cret/);
  } },
  { name: "the list begins anew with each page", run: async (t) => {
    const before = t.site.url((await t.show("<p>one"), t.path));
    await t.show("<p>two");
    t.lacks(await t.ok("browser_network_requests"), before);
  } },
  { name: "parts of a page are left out, others are filtered", isNew: true, run: async (t) => {
    await t.show("<img src=/pixel.png><img src=/missing.png><script>fetch('/echo?user=1').then(() => document.body.append('done'))</script>");
    await t.ok("browser_wait_for", { text: "done" });
    const short = await t.ok("browser_network_requests", { static: false });
    t.holds(short, "/echo?user=1", "/missing.png");
    t.lacks(short, "/pixel.png");
    t.holds(await t.ok("browser_network_requests", { static: true }), "/pixel.png");
    const filtered = await t.ok("browser_network_requests", { static: true, filter: "/ec.*user" });
    t.holds(filtered, "/echo?user=1");
    t.lacks(filtered, "/pixel.png");
    const number = /(\d+)\. \[GET\] \S*\/echo\?user=1/.exec(filtered);
    t.assert(number, filtered);
    t.holds(await t.ok("browser_network_request", { index: Number(number[1]) }), "/echo?user=1");
    await t.bad("browser_network_requests", { static: true, filter: "(" });
  } },
  { name: "one request with headers and bodies", isNew: true, run: async (t) => {
    await t.show("<script>fetch('/echo', { method: 'POST', headers: { 'X-Own': 'mine' }, body: 'sent body' }).then((one) => one.text()).then(() => document.body.append('done'))</script>");
    await t.ok("browser_wait_for", { text: "done" });
    const index = (await t.ok("browser_network_requests")).split("\n").filter((line) => line.includes("] http")).findIndex((line) => line.includes("[POST]")) + 1;
    t.holds(await t.ok("browser_network_request", { index }), "POST", "/echo", "200", /x-own: mine/i, /content-type: application\/json/i);
    t.holds(await t.ok("browser_network_request", { index, part: "request-headers" }), /x-own: mine/i);
    t.holds(await t.ok("browser_network_request", { index, part: "request-body" }), "sent body");
    t.holds(await t.ok("browser_network_request", { index, part: "response-headers" }), /content-type/i);
    t.holds(await t.ok("browser_network_request", { index, part: "response-body" }), '"method":"POST"');
    for (const wrong of [0, -1, 999, 1.5]) await t.bad("browser_network_request", { index: wrong });
    await t.bad("browser_network_request", {});
  } },
];
