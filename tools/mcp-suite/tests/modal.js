// Dialogs.

export default [
  { name: "an alert is told and accepted", run: async (t) => {
    await t.show("<button onclick=\"alert('Careful'); document.title = 'after'\">Warn</button>");
    const text = await t.on("browser_click", "Warn");
    t.holds(text, '### Modal state\n- ["alert" dialog with message "Careful"]: can be handled by the "browser_handle_dialog" tool');
    t.lacks(text, "Page Snapshot");
    t.holds(await t.ok("browser_handle_dialog", { accept: true }), "Page Title: after", "### Page state");
  } },
  { name: "a question is answered with yes and no", run: async (t) => {
    await t.show("<button onclick=\"document.title = confirm('Sure?')\">Ask</button>");
    t.holds(await t.on("browser_click", "Ask"), '"confirm" dialog with message "Sure?"');
    t.holds(await t.ok("browser_handle_dialog", { accept: true }), "Page Title: true");
    await t.on("browser_click", "Ask");
    t.holds(await t.ok("browser_handle_dialog", { accept: false }), "Page Title: false");
  } },
  { name: "a prompt gets its text", run: async (t) => {
    await t.show("<button onclick=\"document.title = prompt('Name?', 'preset')\">Ask</button>");
    for (const [args, title] of [[{ accept: true, promptText: "Ada ü" }, "Ada ü"], [{ accept: true, promptText: "" }, ""], [{ accept: false, promptText: "x" }, "null"]]) {
      t.holds(await t.on("browser_click", "Ask"), '"prompt" dialog with message "Name?"');
      t.holds(await t.ok("browser_handle_dialog", args), `Page Title: ${title}\n`);
    }
  } },
  { name: "one dialog after another", run: async (t) => {
    await t.show("<button onclick=\"document.title = [confirm('one'), confirm('two'), confirm('three')]\">Ask</button>");
    t.holds(await t.on("browser_click", "Ask"), '"one"');
    t.holds(await t.ok("browser_handle_dialog", { accept: true }), '"two"');
    t.holds(await t.ok("browser_handle_dialog", { accept: false }), '"three"');
    t.holds(await t.ok("browser_handle_dialog", { accept: true }), "Page Title: true,false,true");
  } },
  { name: "other tools say what stands in the way", run: async (t) => {
    await t.show("<button onclick=\"alert('held')\">Warn</button>");
    await t.on("browser_click", "Warn");
    for (const [tool, args] of [["browser_press_key", { key: "a" }], ["browser_evaluate", { function: "() => 1" }], ["browser_take_screenshot", {}], ["browser_click", { element: "x", ref: "e1" }], ["browser_resize", { width: 300, height: 300 }]])
      t.holds(await t.bad(tool, args), `Tool "${tool}" does not handle the modal state.`, '"held"');
    t.holds(await t.ok("browser_snapshot"), "### Modal state");
    await t.ok("browser_tab_list");
    await t.ok("browser_handle_dialog", { accept: true });
  } },
  { name: "without a dialog there is nothing to answer", run: async (t) => {
    await t.show("<p>x");
    t.holds(await t.bad("browser_handle_dialog", { accept: true }), 'The tool "browser_handle_dialog" can only be used when there is related modal state present.', "There is no modal state present");
  } },
  { name: "a dialog while the page loads", run: async (t) => {
    const text = await t.show("<script>alert('at once')</script><h1>Behind</h1>");
    t.holds(text, '"at once"');
    t.holds(await t.ok("browser_handle_dialog", { accept: true }), "Behind");
  } },
  { name: "a dialog out of a timer, from a frame, and out of evaluate", run: async (t) => {
    t.site.put("/warns", "<button onclick=\"alert('framed')\">Inner</button>");
    await t.show("<button onclick=\"setTimeout(() => alert('later'), 300)\">Later</button><iframe src=/warns></iframe>");
    await t.on("browser_click", "Later");
    t.assert(await t.until(async () => (await t.ok("browser_snapshot")).includes('"later"')));
    await t.ok("browser_handle_dialog", { accept: true });
    t.holds(await t.on("browser_click", "Inner"), '"framed"');
    await t.ok("browser_handle_dialog", { accept: true });
    t.holds(await t.ok("browser_evaluate", { function: "() => confirm('from outside')" }), '"from outside"');
    await t.ok("browser_handle_dialog", { accept: true });
    t.holds(await t.ok("browser_snapshot"), "Later");
  } },
  { name: "a page that does not want to be left asks", run: async (t) => {
    const target = t.site.put("/target", "<title>Target</title>there");
    await t.show("<script>onbeforeunload = (event) => { event.preventDefault(); event.returnValue = 'x' }</script><button>Touch</button><a href=/target>Away</a>");
    await t.on("browser_click", "Touch");
    const text = await t.on("browser_click", "Away");
    t.holds(text, '"beforeunload" dialog');
    t.holds(await t.ok("browser_handle_dialog", { accept: false }), "Touch");
    await t.on("browser_click", "Away");
    await t.ok("browser_handle_dialog", { accept: true });
    t.assert(await t.until(async () => (await t.ok("browser_snapshot")).includes(`Page URL: ${target}`)));
  } },
  { name: "a page that does not want to be left can be left by address and by closing", isNew: true, run: async (t) => {
    const leaving = "<script>onbeforeunload = (event) => { event.preventDefault(); event.returnValue = 'x' }</script><button>Touch</button>";
    await t.show(leaving);
    await t.on("browser_click", "Touch");
    const text = await t.ok("browser_navigate", { url: t.site.put("/target", "<title>Target</title>there") });
    if (text.includes("beforeunload")) t.holds(await t.ok("browser_handle_dialog", { accept: true }), "Target");
    await t.show(leaving);
    await t.on("browser_click", "Touch");
    const begun = Date.now();
    await t.ok("browser_close");
    t.assert(Date.now() - begun < 10_000);
    t.holds(await t.show("<h1>Again</h1>"), "Again");
  } },
  { name: "messages of many lines and of odd characters", run: async (t) => {
    await t.show("<button onclick=\"alert('one\\ntwo \\u0022quoted\\u0022 🦀')\">Warn</button>");
    t.holds(await t.on("browser_click", "Warn"), '🦀"]: can be handled');
    await t.ok("browser_handle_dialog", { accept: true });
  } },
  { name: "print and permission questions hold nothing", run: async (t) => {
    await t.show("<button onclick=\"navigator.geolocation.getCurrentPosition(() => {}, (e) => { document.title = 'no ' + e.code }); Notification.requestPermission()\">Where</button>");
    await t.on("browser_click", "Where");
    t.holds(await t.ok("browser_snapshot"), "Where");
  } },
];
