// Pages that are out of the ordinary, and trouble.
import { readdirSync, readFileSync } from "node:fs";

const parentOf = (id) => { try { return Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`))[1]); } catch { return 0; } };
const lineOf = (id) => { try { return readFileSync(`/proc/${id}/cmdline`).toString().replaceAll("\0", " "); } catch { return ""; } };

// The processes below one.
function below(root) {
  const all = readdirSync("/proc").filter((one) => /^\d+$/.test(one)).map(Number);
  return all.filter((id) => {
    for (let at = id; at > 1; at = parentOf(at)) if (at === root) return id !== root;
    return false;
  });
}

export default [
  { name: "a renderer that dies is told, and the next page works", run: async (t) => {
    await t.show("<h1>Before</h1>");
    const server = (await t.client()).process.pid;
    const renderers = below(server).filter((id) => lineOf(id).includes("--type=renderer"));
    t.assert(renderers.length > 0);
    renderers.forEach((id) => { try { process.kill(id, "SIGKILL"); } catch { /* It is gone. */ } });
    await new Promise((done) => setTimeout(done, 500));
    await t.call("browser_snapshot");
    await t.call("browser_click", { element: "x", ref: "e1" });
    const next = await t.until(async () => { const answer = await t.call("browser_navigate", { url: t.site.put("/after", "<h1>After</h1>") }); return !answer.isError && answer.text; }, 20_000);
    t.holds(next, "After");
  }, isNew: true },
  { name: "a browser that is killed comes back", isNew: true, run: async (t) => {
    await t.show("<h1>Before</h1>");
    const server = (await t.client()).process.pid;
    below(server).filter((id) => lineOf(id).includes("--user-data-dir")).forEach((id) => { try { process.kill(id, "SIGKILL"); } catch { /* It is gone. */ } });
    await new Promise((done) => setTimeout(done, 500));
    await t.bad("browser_click", { element: "x", ref: "e1" });
    t.holds(await t.show("<h1>After</h1>"), "After");
  } },
  { name: "a server that is killed leaves no browser", isNew: true, run: async (t) => {
    const client = t.start();
    await client.begin();
    await client.call("browser_navigate", { url: t.site.put("/plain", "<p>x") });
    const all = below(client.process.pid);
    t.assert(all.length > 1);
    client.process.kill("SIGKILL");
    t.assert(await t.until(() => all.every((id) => !/--user-data-dir|--type=/.test(lineOf(id))), 15_000), all.map(lineOf).join("\n"));
  } },
  { name: "a service worker answers for the site", run: async (t) => {
    t.site.put("/worker.js", "onfetch = (event) => { if (event.request.url.endsWith('/made-up')) event.respondWith(new Response('from the worker')) }; oninstall = () => skipWaiting(); onactivate = (event) => event.waitUntil(clients.claim())", { headers: { "Content-Type": "text/javascript" } });
    await t.show("<script>navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => new Promise((done) => navigator.serviceWorker.controller ? done() : navigator.serviceWorker.oncontrollerchange = done)).then(() => fetch('/made-up')).then((one) => one.text()).then((text) => document.body.append(text))</script>");
    t.holds(await t.ok("browser_wait_for", { text: "from the worker" }), "from the worker");
    await t.value("() => navigator.serviceWorker.getRegistrations().then((all) => Promise.all(all.map((one) => one.unregister()))).then(() => 1)");
  } },
  { name: "a WebSocket and an event source stay open and hold nothing", run: async (t) => {
    t.site.put("/events", "data: told\n\n", { headers: { "Content-Type": "text/event-stream" } });
    await t.show("<button onclick=\"const s = new WebSocket(location.origin.replace('http', 'ws') + '/ws'); s.onopen = () => s.send('hello'); s.onmessage = (event) => document.body.append('socket says ' + event.data); new EventSource('/events').onmessage = (event) => document.body.append(event.data)\">Connect</button>");
    const begun = Date.now();
    await t.on("browser_click", "Connect");
    t.assert(Date.now() - begun < 8000);
    await t.ok("browser_wait_for", { text: "socket says hello" });
  } },
  { name: "a worker works", run: async (t) => {
    await t.show("<script>const w = new Worker(URL.createObjectURL(new Blob(['fetch(' + JSON.stringify(location.origin + '/echo') + ').then((one) => one.json()).then((one) => { console.log(\"in the worker\"); postMessage(one.method) })']))); w.onmessage = (event) => document.body.append('worker got ' + event.data)</script>");
    t.holds(await t.ok("browser_wait_for", { text: "worker got GET" }), "worker got GET");
  } },
  { name: "a request without end does not hold a click for ever", run: async (t) => {
    await t.show("<button onclick=\"fetch('/hang'); this.textContent = 'asked'\">Hang</button>");
    const begun = Date.now();
    t.holds(await t.on("browser_click", "Hang"), "asked");
    t.assert(Date.now() - begun < 15_000);
  } },
  { name: "a page that is busy for seconds is waited for", run: async (t) => {
    await t.show("<button onclick=\"const until = Date.now() + 1500; while (Date.now() < until); document.title = 'free'\">Busy</button>");
    t.holds(await t.on("browser_click", "Busy"), "Page Title: free");
  } },
  { name: "a form in a page that redraws itself all the time", run: async (t) => {
    await t.show("<p id=p></p><button onclick=\"document.title = 'sent'\">Send</button><input aria-label=Field><script>setInterval(() => { p.textContent = Math.random() }, 10)</script>");
    await t.on("browser_type", "Field", { text: "calm" });
    t.holds(await t.on("browser_click", "Send"), "Page Title: sent");
  } },
  { name: "a page deep as a well", run: async (t) => {
    await t.show("<script>let at = document.body; for (let i = 0; i < 3000; i++) { const one = document.createElement('div'); at.append(one); at = one } at.innerHTML = '<button>Bottom</button>'</script>");
    const answer = await t.call("browser_snapshot");
    t.assert(answer.text.length > 10);
    t.holds(await t.show("<p>well"), "well");
  } },
  { name: "names of properties that shadow those of elements", run: async (t) => {
    await t.show("<form id=f><input name=tagName aria-label=A><input name=parentElement><input name=nodeName><input name=attributes><input name=children><input name=matches><button name=submit>Go</button></form><script>f.onsubmit = () => { document.title = 'sent'; return false }</script>");
    t.holds(await t.on("browser_click", "Go"), "Page Title: sent");
  } },
  { name: "a sign-in with cookies, a redirect and a sign-out", run: async (t) => {
    t.site.put("/login", "<title>Login</title><form method=post action=/enter2><label>Email <input name=email type=email></label><label>Password <input name=password type=password></label><button>Sign in</button></form>");
    t.site.put("/enter2", "", { status: 303, headers: { Location: "/account", "Set-Cookie": "session=abc; Path=/; HttpOnly; SameSite=Lax" } });
    t.site.put("/account", "<title>Account</title><p id=who></p><a href=/leave>Sign out</a><script>fetch('/echo').then((one) => one.json()).then((one) => { who.textContent = one.cookie ? 'signed in' : 'nobody' })</script>");
    t.site.put("/leave", "", { status: 303, headers: { Location: "/login", "Set-Cookie": "session=; Path=/; Max-Age=0" } });
    await t.ok("browser_navigate", { url: t.site.url("/login") });
    await t.on("browser_type", "Email", { text: "ada@example.com" });
    await t.on("browser_type", "Password", { text: "correct horse", submit: true });
    t.holds(await t.ok("browser_wait_for", { text: "signed in" }), "Page Title: Account");
    t.assert.match(t.site.seen.findLast((one) => one.path === "/enter2").body, /email=ada%40example.com&password=correct\+horse/);
    t.holds(await t.on("browser_click", "Sign out"), "Page Title: Login");
  } },
];
