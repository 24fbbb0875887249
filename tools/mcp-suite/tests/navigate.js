// Going to addresses, back and forward.

export default [
  { name: "an address is opened and told as documented", run: async (t) => {
    const text = await t.show("<title>Hello</title><h1>World</h1>");
    const url = t.site.url(t.path);
    t.holds(text, `### Ran Playwright code\n\`\`\`js\nawait page.goto('${url}');\n\`\`\``, `### Page state\n- Page URL: ${url}\n- Page Title: Hello\n- Page Snapshot:\n\`\`\`yaml\n`, 'heading "World" [level=1] [ref=e');
    t.lacks(text, "### Open tabs", "### Result");
  } },
  { name: "a page of an error is a page", run: async (t) => {
    for (const code of [404, 403, 500]) t.holds(await t.ok("browser_navigate", { url: t.site.url(`/status?code=${code}`) }), "Status page");
  } },
  { name: "nobody there is an error with the reason", run: async (t) => {
    t.holds(await t.bad("browser_navigate", { url: "http://127.0.0.1:1/" }), /ERR_(CONNECTION_REFUSED|UNSAFE_PORT)/);
    t.holds(await t.bad("browser_navigate", { url: "http://no-such-host.invalid/" }), "ERR_");
    t.holds(await t.bad("browser_navigate", { url: t.site.url("/drop") }), "ERR_EMPTY_RESPONSE");
    t.holds(await t.show("<p>well again"), "well again");
  } },
  { name: "what is no address is an error", run: async (t) => {
    for (const url of ["nonsense", "", "http://", "http://[::bad"]) await t.bad("browser_navigate", { url });
    t.holds(await t.show("<p>well again"), "well again");
  } },
  { name: "redirects are followed", run: async (t) => {
    const end = t.site.put("/end", "<title>End</title>there");
    const text = await t.ok("browser_navigate", { url: t.site.url(`/to?where=${encodeURIComponent(`/to?where=${encodeURIComponent(end)}`)}`) });
    t.holds(text, `Page URL: ${end}`, "Page Title: End");
  } },
  { name: "redirects without end are an error", run: async (t) => {
    t.site.put("/loop", "", { status: 302, headers: { Location: "/loop" } });
    t.holds(await t.bad("browser_navigate", { url: t.site.url("/loop") }), "ERR_TOO_MANY_REDIRECTS");
  } },
  { name: "back and forward walk the history", run: async (t) => {
    await t.show("<title>One</title>1");
    await t.show("<title>Two</title>2");
    t.holds(await t.ok("browser_navigate_back"), "Page Title: One", "await page.goBack();");
    t.holds(await t.ok("browser_navigate_forward"), "Page Title: Two", "await page.goForward();");
    t.holds(await t.ok("browser_navigate_forward"), "Page Title: Two");
  } },
  { name: "parts of a page and the history of a script are addresses too", run: async (t) => {
    await t.show("<title>App</title><a href=#part>Part</a><button onclick=\"history.pushState({}, '', '/app/next'); document.title = 'Next'\">Next</button><script>onpopstate = () => document.title = 'App again'</script>");
    t.holds(await t.on("browser_click", "Part"), "#part");
    t.holds(await t.on("browser_click", "Next"), "Page URL: " + t.site.url("/app/next"), "Page Title: Next");
    t.holds(await t.ok("browser_navigate_back"), "#part", "Page Title: App again");
  } },
  { name: "a page that leads elsewhere by script is followed", run: async (t) => {
    const end = t.site.put("/end", "<title>End</title>there");
    await t.show(`<script>setTimeout(() => { location = ${JSON.stringify(end)} }, 100)</script>leaving`);
    await t.ok("browser_wait_for", { text: "there" });
    t.holds(await t.ok("browser_snapshot"), "Page Title: End");
  } },
  { name: "data: and about:blank are opened", run: async (t) => {
    t.holds(await t.ok("browser_navigate", { url: "data:text/html,<title>Data</title><h1>In%20line</h1>" }), "Page Title: Data", 'heading "In line"');
    t.holds(await t.ok("browser_navigate", { url: "about:blank" }), "Page URL: about:blank");
  } },
  { name: "a picture that never comes does not hold the page", run: async (t) => {
    const begun = Date.now();
    t.holds(await t.show(`<h1>There</h1><img src=${t.site.url("/hang")}>`), "There");
    t.assert(Date.now() - begun < 12_000);
  } },
  { name: "an answer without content is an error and leaves the page", run: async (t) => {
    await t.show("<h1>Stays</h1>");
    await t.bad("browser_navigate", { url: t.site.url("/status?code=204") });
    t.holds(await t.ok("browser_snapshot"), "Stays");
  } },
  { name: "characters of other scripts stand in addresses and titles", run: async (t) => {
    t.site.put("/%C3%BC/%E6%97%A5%E6%9C%AC", "<title>日本 ü 🦀</title><p>ok");
    t.holds(await t.ok("browser_navigate", { url: t.site.url("/ü/日本?q=ä b#ö") }), "Page Title: 日本 ü 🦀", "%C3%BC");
  } },
  { name: "a frameset, plain text, JSON and a picture are pages", run: async (t) => {
    for (const [type, body] of [["text/plain", "plain words"], ["application/json", '{"plain": "words"}']]) {
      t.site.put("/other", body, { headers: { "Content-Type": type } });
      t.holds(await t.ok("browser_navigate", { url: t.site.url("/other") }), "words");
    }
    await t.ok("browser_navigate", { url: t.site.url("/pixel.png") });
    await t.show("<frameset cols=50%,50%><frame src=/a><frame src=/b></frameset>");
  } },
  { name: "the browser is closed and comes back", run: async (t) => {
    await t.show("<p>x");
    t.holds(await t.ok("browser_close"), "No open tabs", "page.close()");
    t.holds(await t.show("<h1>Again</h1>"), "Again");
  } },
];
