// What the tools must never do.

export default [
  { name: "files of the disk are not opened, however they are written", isNew: true, run: async (t) => {
    await t.show("<h1>Here</h1>");
    for (const url of ["file:///etc/passwd", "FILE:///etc/passwd", " file:///etc/passwd", "\u0001file:///etc/passwd", "fi\nle:///etc/passwd", "\tf\tile:/etc/passwd", "file:/etc/passwd", "view-source:file:///etc/passwd", "file://localhost/etc/passwd", "filesystem:file:///etc/passwd", "blob:file:///x"]) {
      for (const [tool, args] of [["browser_navigate", { url }], ["browser_tab_new", { url }], ["browser_tabs", { action: "new", url }]]) {
        const answer = await t.call(tool, args);
        t.lacks(answer.text, "root:");
        t.assert.equal(answer.isError, true, `${JSON.stringify(url)} ${tool} ${answer.text}`);
      }
    }
  } },
  { name: "pages of the browser itself are not opened", isNew: true, run: async (t) => {
    await t.show("<h1>Here</h1>");
    for (const url of ["chrome://version", "CHROME://settings", "about:version", "about:settings", "devtools://devtools/bundled/inspector.html", "chrome-untrusted://new-tab-page/", "view-source:chrome://version", "\u0000chrome://version", "chrome-extension://abc/x.html", "view-source:view-source:chrome://version", "chrome://crash", "about:crash"])
      await t.bad("browser_navigate", { url });
    t.holds(await t.show("<p>well"), "well");
  } },
  { name: "no page gets there by script, link, frame, window or redirect", run: async (t) => {
    t.site.put("/to-file", "", { status: 302, headers: { Location: "file:///etc/passwd" } });
    t.site.put("/to-chrome", "", { status: 302, headers: { Location: "chrome://version" } });
    for (const url of ["file:///etc/passwd", "chrome://version", "/to-file", "/to-chrome"]) {
      await t.show(`<a href='${url}'>Link</a><a href='${url}' target=_blank>Window</a><iframe src='${url}'></iframe><object data='${url}'></object><button onclick="location = '${url}'">Script</button><button onclick="window.open('${url}')">Open</button>`);
      for (const sign of ["Link", "Window", "Script", "Open"]) {
        await t.call("browser_click", { element: sign, ref: (await t.ok("browser_navigate", { url: t.site.url(t.path) }), t.find(sign)) });
        await t.ok("browser_wait_for", { time: 0.2 });
        const text = (await t.call("browser_tab_list")).text + (await t.call("browser_snapshot")).text;
        t.lacks(text, "root:x:", "(file:///", "(chrome://version", "Page URL: file:", "Page URL: chrome:");
        for (let count = (text.match(/^- \d+:/gm) || []).length; count > 1; count--) await t.call("browser_tab_close", { index: count - 1 });
      }
      await t.call("browser_evaluate", { function: `() => fetch('${url}').then((one) => one.text())` }).then(({ text }) => t.lacks(text, "root:x:"));
    }
  } },
  { name: "from an empty tab no file is reached", run: async (t) => {
    await t.ok("browser_tab_new");
    for (const source of ["() => { location = 'file:///etc/passwd' }", "() => { open('file:///etc/passwd') }", "() => { const one = document.createElement('iframe'); one.src = 'file:///etc/passwd'; document.documentElement.append(one) }", "() => fetch('file:///etc/passwd').then((one) => one.text())"]) {
      const told = await t.call("browser_evaluate", { function: source });
      await t.ok("browser_wait_for", { time: 0.3 });
      t.lacks(told.text + (await t.call("browser_snapshot")).text, "root:x:");
    }
    await t.ok("browser_close");
  } },
  { name: "only allowed origins are asked, by whatever way", isNew: true, run: async (t) => {
    const evil = `localhost:${t.site.port}`;
    const client = t.start("--allowed-origins", `http://127.0.0.1:${t.site.port}`);
    await client.begin();
    t.site.put("/evil", "evil");
    t.site.put("/leads-to-evil", "", { status: 302, headers: { Location: `http://${evil}/evil?redirect` } });
    t.site.put("/sw.js", `oninstall = () => { skipWaiting(); fetch('http://${evil}/evil?service', { mode: 'no-cors' }).catch(() => {}) }; onactivate = (event) => event.waitUntil(clients.claim())`, { headers: { "Content-Type": "text/javascript" } });
    t.site.put("/shared.js", `fetch('http://${evil}/evil?shared', { mode: 'no-cors' }).catch(() => {})`, { headers: { "Content-Type": "text/javascript" } });
    t.site.put("/guarded", `<title>Guarded</title><link rel=prefetch href=http://${evil}/evil?prefetch><link rel=preload as=image href=http://${evil}/evil?preload><img src=http://${evil}/evil?image><iframe src=http://${evil}/evil?frame></iframe><link rel=stylesheet href=http://${evil}/evil?style>
      <script type=speculationrules>{"prefetch":[{"urls":["http://${evil}/evil?speculative"]}],"prerender":[{"urls":["/evil?prerender-own"]}]}</script>
      <script>const quiet = () => {}; fetch('http://${evil}/evil?fetch', { mode: 'no-cors' }).catch(quiet); fetch('/leads-to-evil', { mode: 'no-cors' }).catch(quiet); navigator.sendBeacon('http://${evil}/evil?beacon', 'x'); fetch('http://${evil}/evil?keep', { mode: 'no-cors', keepalive: true }).catch(quiet);
      try { new WebSocket('ws://${evil}/ws') } catch {} ; new Worker(URL.createObjectURL(new Blob(["fetch('http://${evil}/evil?worker', { mode: 'no-cors' }).catch(() => {}); new WebSocket('ws://${evil}/ws-worker')"])));
      new SharedWorker('/shared.js'); navigator.serviceWorker.register('/sw.js'); new EventSource('http://${evil}/evil?events'); open('http://${evil}/evil?window'); const f = document.createElement('form'); f.action = 'http://${evil}/evil?form'; f.target = '_blank'; document.documentElement.append(f); f.submit()</script>`);
    const sockets = [];
    const hear = (request) => { if (request.headers.host === evil) sockets.push(request.url); };
    t.site.server.on("upgrade", hear);
    t.site.seen.length = 0;
    t.holds((await client.call("browser_navigate", { url: t.site.url("/guarded") })).text, "Guarded");
    await client.call("browser_wait_for", { time: 2 });
    t.assert.equal((await client.call("browser_navigate", { url: `http://${evil}/evil?direct` })).isError, true);
    await client.call("browser_navigate", { url: t.site.url("/leads-to-evil") });
    t.site.server.off("upgrade", hear);
    const reached = t.site.seen.filter((one) => one.headers.host === evil).map((one) => one.path);
    t.assert.equal(reached.length + sockets.length, 0, `reached: ${reached} ${sockets}`);
    t.assert(t.site.seen.some((one) => one.path === "/guarded"));
  } },
  { name: "blocked origins are not asked, others are", isNew: true, run: async (t) => {
    const client = t.start("--blocked-origins", `http://localhost:${t.site.port}`);
    await client.begin();
    t.site.put("/open", `<title>Open</title><script>fetch('http://localhost:${t.site.port}/blocked', { mode: 'no-cors' }).then(() => { document.title = 'reached' }, () => { document.title = 'blocked' }); new WebSocket('ws://localhost:${t.site.port}/ws-blocked')</script>`);
    const sockets = [];
    const hear = (request) => sockets.push(request.url);
    t.site.server.on("upgrade", hear);
    await client.call("browser_navigate", { url: t.site.url("/open") });
    await client.call("browser_wait_for", { time: 1 });
    t.site.server.off("upgrade", hear);
    t.holds((await client.call("browser_snapshot")).text, "Page Title: blocked");
    t.assert.deepEqual(sockets, []);
  } },
  { name: "secrets stay out of what is told of requests", isNew: true, run: async (t) => {
    t.site.put("/secretive", JSON.stringify({ access_token: "s3cret-a", user: { name: "ada", password: "s3cret-b" }, list: [{ csrf_token: "s3cret-c" }] }), { headers: { "Content-Type": "application/json", "Set-Cookie": ["sid=s3cret-d; Path=/", "bad=s3cret-e; Secure; Domain=other.test"] } });
    await t.show(`<script>const form = new FormData(); form.set('password', 's3cret-f'); form.set('plain', 'visible'); document.cookie = 'own=s3cret-g';
      Promise.all([fetch('/secretive', { method: 'POST', body: form, headers: { Authorization: 'Bearer s3cret-h', 'X-CSRFToken': 's3cret-i', 'X-Access-Token': 's3cret-j' } }), fetch('/secretive', { method: 'POST', body: JSON.stringify({ variables: { password: 's3cret-k', name: 'visible' } }) }), fetch('/secretive', { method: 'POST', body: new URLSearchParams({ password: 's3cret-l' }) })]).then((all) => Promise.all(all.map((one) => one.text()))).then(() => document.body.append('done'))</script>`);
    await t.ok("browser_wait_for", { text: "done" });
    let all = "";
    for (const index of [2, 3, 4])
      for (const part of [undefined, "request-headers", "request-body", "response-headers", "response-body"]) all += await t.ok("browser_network_request", { index, part });
    for (const tool of ["browser_cookies", "browser_issues"]) all += await t.ok(tool, { raw: true });
    t.lacks(all, "s3cret");
    t.holds(all, "visible", "ada", "sid=****");
  } },
  { name: "a password that a page holds is not read out", isNew: true, run: async (t) => {
    await t.show("<label>Password <input type=password id=p value=s3cret-preset></label><label>Email <input value=ada@example.com></label><p aria-labelledby=p role=note>n</p>");
    t.holds(t.snapshot, "ada@example.com");
    t.lacks(await t.ok("browser_snapshot"), "s3cret");
    t.lacks(await t.ok("browser_find", { regex: "Password|s3" }), "s3cret-preset");
  } },
  { name: "values of cookies stay out of the jar's list", isNew: true, run: async (t) => {
    t.site.put("/jar", "<title>Jar</title>x", { headers: { "Set-Cookie": ["good=s3cret; Path=/; HttpOnly", "lost=s3cret; Secure; Domain=other.test"] } });
    await t.ok("browser_navigate", { url: t.site.url("/jar") });
    const text = await t.ok("browser_cookies");
    t.holds(text, "good=****", "HttpOnly", "lost");
    t.lacks(text, "s3cret");
  } },
];
