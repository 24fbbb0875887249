// Clicking.

const LOG = "<script>document.title = ''; const note = (what) => document.title += what + '.'</script>";

export default [
  { name: "a button is clicked and the code told", run: async (t) => {
    await t.show("<button onclick=\"this.textContent = 'done'\">Do it</button>");
    const text = await t.on("browser_click", "Do it");
    t.holds(text, "await page.getByRole('button', { name: 'Do it' }).click();", 'button "done"', "### Page state");
  } },
  { name: "twice, with the other buttons, in the right order", run: async (t) => {
    await t.show(`${LOG}<button onmousedown=note('down'+event.button) onmouseup=note('up') onclick=note('click'+event.detail) ondblclick=note('double') oncontextmenu="note('menu');return false" onauxclick=note('aux'+event.button)>Press</button>`);
    t.holds(await t.on("browser_click", "Press"), "Page Title: down0.up.click1.\n");
    await t.value("() => { document.title = '' }");
    t.holds(await t.on("browser_click", "Press", { doubleClick: true }), "click1.down0.up.click2.double", ".dblclick()");
    t.holds(await t.on("browser_click", "Press", { button: "right" }), "menu", "{ button: 'right' }");
    t.holds(await t.on("browser_click", "Press", { button: "middle" }), "aux1");
    await t.badOn("browser_click", "Press", { button: "fourth" });
  } },
  { name: "keys are held", isNew: true, run: async (t) => {
    await t.show(`${LOG}<button onclick="note([event.ctrlKey, event.shiftKey, event.altKey, event.metaKey])">Held</button>`);
    t.holds(await t.on("browser_click", "Held", { modifiers: ["Control", "Shift"] }), "true,true,false,false");
    t.holds(await t.on("browser_click", "Held", { modifiers: ["Alt"] }), "false,false,true,false");
    t.holds(await t.on("browser_click", "Held", { modifiers: ["ControlOrMeta"] }), "true,false,false,false");
    await t.badOn("browser_click", "Held", { modifiers: ["Hyper"] });
  } },
  { name: "a disabled button is waited for, and told at last", run: async (t) => {
    await t.show("<button disabled>Never</button><button id=b disabled onclick=\"document.title = 'clicked'\">Soon</button>");
    await t.value("() => { setTimeout(() => { b.disabled = false }, 1500) }");
    t.holds(await t.on("browser_click", "Soon"), "Page Title: clicked");
    const text = await t.badOn("browser_click", "Never");
    t.holds(text, "TimeoutError", "5000ms", "not enabled");
  } },
  { name: "what covers a button is told, and waited for", run: async (t) => {
    await t.show("<button onclick=\"document.title = 'clicked'\">Below</button><div id=c class=cover style='position:fixed;inset:0;background:#eee'>Cover</div>");
    await t.value("() => { setTimeout(() => { c.hidden = true; c.style.display = 'none' }, 1200) }");
    t.holds(await t.on("browser_click", "Below"), "Page Title: clicked");
    await t.value("() => { c.style.display = 'block' }");
    t.holds(await t.badOn("browser_click", "Below"), "intercepts pointer events", "class=\"cover\"");
  } },
  { name: "what moves is waited for", run: async (t) => {
    await t.show("<style>button { position: absolute; animation: go 1.2s linear forwards } @keyframes go { to { left: 500px; top: 300px } }</style><button onclick=\"document.title = 'caught'\">Runner</button>");
    t.holds(await t.on("browser_click", "Runner"), "Page Title: caught");
  } },
  { name: "what is out of sight is scrolled to", run: async (t) => {
    await t.show("<div style=height:3000px>tall</div><button onclick=\"document.title += 'far.'\">Far</button><div style='height:100px;width:200px;overflow:auto'><div style=height:900px;width:900px></div><button style=margin-left:700px onclick=\"document.title += 'inner.'\">Inner</button></div><div style='position:fixed;top:0;left:0;right:0;height:80px;background:#ccc'>Bar</div>");
    t.holds(await t.on("browser_click", "Far"), "far");
    t.holds(await t.on("browser_click", "Inner"), "inner");
  } },
  { name: "a link leads away and a new window is a tab", run: async (t) => {
    t.site.put("/led", "<title>Led</title><h1>Arrived</h1>");
    await t.show("<a href=/led>Go</a><a href=/led target=_blank>Window</a>");
    await t.on("browser_click", "Window");
    const tabs = await t.until(async () => { const text = await t.ok("browser_tab_list"); return text.includes("Led") && text; });
    t.holds(tabs, "- 0: (current) [Page]", "- 1: [Led]");
    await t.ok("browser_tab_close", { index: 1 });
    t.holds(await t.on("browser_click", "Go"), "Page Title: Led", "Arrived");
  } },
  { name: "old references are errors that say so", run: async (t) => {
    await t.show("<button>Gone</button><p id=p>x</p>");
    const ref = t.find("Gone");
    await t.value("() => { document.querySelector('button').remove() }");
    t.holds(await t.bad("browser_click", { element: "x", ref }), `Ref ${ref} not found in the current page snapshot. Try capturing new snapshot.`);
    t.holds(await t.bad("browser_click", { element: "x", ref: "e99999" }), "not found");
    t.holds(await t.bad("browser_hover", { element: "x", ref: "f9e1" }), "not found");
    t.holds(await t.bad("browser_type", { element: "x", ref: "", text: "y" }), /not found|Ref|ref/);
  } },
  { name: "labels, painted boxes and parts of buttons", run: async (t) => {
    await t.show("<label><input type=checkbox id=a style='position:absolute;opacity:0'><span>Painted</span></label><label for=b>Outside</label><input type=checkbox id=b><button onclick=\"document.title = 'icon'\"><span>Icon</span></button>");
    await t.on("browser_click", "Painted");
    await t.on("browser_click", "Outside");
    t.assert.deepEqual(await t.value("() => [a.checked, b.checked]"), [true, true]);
    t.holds(await t.on("browser_click", "Icon"), "Page Title: icon");
  } },
  { name: "turned, scaled and broken into lines", run: async (t) => {
    await t.show("<div style='transform:rotate(30deg) scale(.6);margin:200px;width:300px'><button onclick=\"document.title += 'turned '\">Turned</button></div><p style=width:120px>some words before <a href=#x onclick=\"document.title += 'lines '\">a link over several lines of this text</a></p>");
    t.holds(await t.on("browser_click", "Turned"), "turned");
    t.holds(await t.on("browser_click", "a link over"), "lines");
  } },
  { name: "what a click asks for is waited for", run: async (t) => {
    await t.show("<button onclick=\"fetch('/slow?ms=700').then((one) => one.json()).then(() => { document.body.append('came back') })\">Ask</button>");
    t.holds(await t.on("browser_click", "Ask"), "came back");
  } },
  { name: "what a click changes a moment later is seen", run: async (t) => {
    await t.show("<button onclick=\"Promise.resolve().then(() => { document.body.append('micro ') }); requestAnimationFrame(() => document.body.append('frame ')); setTimeout(() => document.body.append('timer'), 0)\">Later</button>");
    t.holds(await t.on("browser_click", "Later"), /micro.*frame.*timer|micro.*timer.*frame/);
  } },
  { name: "an element that is put anew when the mouse comes is still clicked", run: async (t) => {
    await t.show("<div id=d></div><script>const put = () => { d.innerHTML = '<button>Anew</button>'; d.firstChild.onmouseenter = () => setTimeout(put, 0); d.firstChild.onclick = () => { document.title = 'clicked' } }; put()</script>");
    await t.call("browser_click", { element: "Anew", ref: await t.ref("Anew") });
    await t.ok("browser_snapshot");
  } },
  { name: "selectors name an element as well", isNew: true, run: async (t) => {
    await t.show("<button id=one onclick=\"document.title += 'one.'\">One</button><button class=two data-testid=second onclick=\"document.title += 'two.'\">Two</button><p>Words <b>here</b></p><ul><li>a<li onclick=\"document.title += 'li.'\">b</ul>");
    const selectors = { "#one": "one", ".two": "two", "role=button[name=\"One\"]": "one", "text=Two": "two", "[data-testid=second]": "two", "ul > li:nth-child(2)": "li", "//button[@id='one']": "one", "xpath=//li[2]": "li",
      "getByRole('button', { name: 'Two' })": "two", "getByText('Two')": "two", "getByTestId('second')": "two", "button >> nth=0": "one", "ul >> text=b": "li", "li:has-text(\"b\")": "li", "locator('#one')": "one" };
    for (const [target, title] of Object.entries(selectors)) {
      await t.value("() => { document.title = '' }");
      const text = await t.ok("browser_click", { element: "it", target });
      t.holds(text, `Page Title: ${title}.\n`);
    }
    t.holds(await t.bad("browser_click", { target: "#none" }), "#none");
    await t.bad("browser_click", { target: "button" });
    await t.bad("browser_click", { target: "((" });
    await t.bad("browser_click", {});
  } },
  { name: "points of the screen, where they are asked for", run: async (t) => {
    const client = t.start("--caps", "vision");
    await client.begin();
    const url = t.site.put("/points", "<title>P</title><body style=margin:0><button style='position:absolute;left:100px;top:100px;width:100px;height:50px' onclick=\"document.title = event.clientX + ',' + event.clientY\">Here</button>");
    await client.call("browser_navigate", { url });
    const answer = await client.call("browser_mouse_click_xy", { element: "Here", x: 150, y: 120 });
    t.holds(answer.text, "Page Title: 150,120");
    t.holds((await client.call("browser_mouse_move_xy", { element: "x", x: 10, y: 10 })).text, "page.mouse.move(10, 10)");
    t.holds((await client.call("browser_mouse_drag_xy", { element: "x", startX: 10, startY: 10, endX: 20, endY: 20 })).text, "page.mouse.up()");
  } },
];
