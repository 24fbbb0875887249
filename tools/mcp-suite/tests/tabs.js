// Tabs, and windows that pages open.

const alone = async (t) => {
  await t.ok("browser_close");
  await t.show("<title>First</title><h1>First</h1>");
};

export default [
  { name: "opened, listed, chosen and closed", run: async (t) => {
    await alone(t);
    const url = t.site.put("/second", "<title>Second</title><h1>Second page</h1>");
    const opened = await t.ok("browser_tab_new", { url });
    t.holds(opened, "### Open tabs", "- 0: [First] (", `- 1: (current) [Second] (${url})`, "Second page");
    t.holds(await t.ok("browser_tab_list"), "- 0: [First]", "- 1: (current) [Second]");
    t.holds(await t.ok("browser_tab_select", { index: 0 }), "- 0: (current) [First]", 'heading "First"');
    t.holds(await t.ok("browser_tab_close", { index: 1 }), 'heading "First"');
    t.holds(await t.ok("browser_tab_list"), "### Open tabs\n- 0: (current) [First]");
    t.lacks(await t.ok("browser_snapshot"), "### Open tabs");
  } },
  { name: "an empty tab, and the current one closed", run: async (t) => {
    await alone(t);
    t.holds(await t.ok("browser_tab_new"), "- 1: (current) [] (about:blank)");
    t.holds(await t.ok("browser_tab_close"), 'heading "First"');
  } },
  { name: "the last tab closed leaves none", run: async (t) => {
    await alone(t);
    t.holds(await t.ok("browser_tab_close"), "No open tabs");
    t.holds(await t.bad("browser_press_key", { key: "a" }), "browser_navigate");
    t.holds(await t.show("<h1>Again</h1>"), "Again");
  } },
  { name: "tabs that are not there are errors", run: async (t) => {
    await alone(t);
    for (const index of [1, 9, -1, 1.5]) await t.bad("browser_tab_select", { index });
    await t.bad("browser_tab_close", { index: 7 });
    await t.bad("browser_tab_select", {});
    t.holds(await t.ok("browser_tab_list"), "- 0: (current) [First]");
  } },
  { name: "one tool for all of it", isNew: true, run: async (t) => {
    await alone(t);
    const url = t.site.put("/second", "<title>Second</title><h1>Second page</h1>");
    t.holds(await t.ok("browser_tabs", { action: "new", url }), "- 1: (current) [Second]");
    t.holds(await t.ok("browser_tabs", { action: "list" }), "- 0: [First]");
    t.holds(await t.ok("browser_tabs", { action: "select", index: 0 }), "- 0: (current) [First]");
    t.holds(await t.ok("browser_tabs", { action: "close", index: 1 }), "- 0: (current) [First]");
    await t.bad("browser_tabs", { action: "select" });
    await t.bad("browser_tabs", { action: "dance" });
    await t.bad("browser_tabs", {});
  } },
  { name: "each tab has its own console, requests and references", run: async (t) => {
    await alone(t);
    await t.ok("browser_tab_new", { url: t.site.put("/noisy", "<title>Noisy</title><script>console.log('only here')</script><button>There</button>") });
    t.holds(await t.ok("browser_console_messages"), "only here");
    await t.ok("browser_tab_select", { index: 0 });
    t.lacks(await t.ok("browser_console_messages"), "only here");
    t.lacks(await t.ok("browser_network_requests"), "/noisy");
    await t.ok("browser_tab_close", { index: 1 });
  } },
  { name: "windows of scripts are tabs that can speak to their opener", run: async (t) => {
    await alone(t);
    t.site.put("/child", "<title>Child</title><button onclick=\"opener.document.title = 'told'; window.close()\">Tell</button>");
    await t.show("<title>Parent</title><button onclick=\"window.open('/child')\">Open</button><button onclick=\"window.open('/child', 'named', 'width=300,height=200')\">Small</button>");
    await t.on("browser_click", "Open");
    t.assert(await t.until(async () => (await t.ok("browser_tab_list")).includes("[Child]")));
    t.holds(await t.ok("browser_tab_select", { index: 1 }), "- 1: (current) [Child]");
    await t.on("browser_click", "Tell");
    t.assert(await t.until(async () => !(await t.ok("browser_tab_list")).includes("[Child]")));
    t.holds(await t.ok("browser_snapshot"), "Page Title: told");
    await t.on("browser_click", "Small");
    t.assert(await t.until(async () => (await t.ok("browser_tab_list")).includes("[Child]")));
    await t.ok("browser_tab_close", { index: 1 });
  } },
  { name: "storage and cookies are shared by tabs", run: async (t) => {
    await alone(t);
    await t.value("() => { localStorage.setItem('k', 'v'); document.cookie = 'c=1' }");
    await t.ok("browser_tab_new", { url: t.site.url("/echo") });
    t.assert.deepEqual(await t.value("() => [localStorage.getItem('k'), document.cookie]"), ["v", "c=1"]);
    await t.ok("browser_tab_close");
  } },
  { name: "a hidden tab goes on and is read when it is chosen", run: async (t) => {
    await alone(t);
    await t.show("<title>Counting</title><p id=p></p><script>let i = 0; setInterval(() => { p.textContent = 'count ' + ++i }, 50)</script>");
    await t.ok("browser_tab_new");
    await t.ok("browser_wait_for", { time: 1 });
    t.holds(await t.ok("browser_tab_select", { index: 0 }), /count \d\d/);
    await t.ok("browser_tab_close", { index: 1 });
  } },
];
