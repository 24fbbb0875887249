// Typing and keys.

const KEYS = "<input id=i aria-label=Field onkeydown=\"document.title = [event.key, event.code, event.ctrlKey, event.shiftKey, event.altKey, event.metaKey].join()\">";

export default [
  { name: "text is filled in and only the code is told", run: async (t) => {
    await t.show("<label>Name <input value=old oninput=\"document.title = this.value\"></label>");
    const text = await t.on("browser_type", "Name", { text: "it's \"new\"" });
    t.assert.equal(text, "### Ran Playwright code\n```js\nawait page.getByRole('textbox', { name: 'Name' }).fill('it\\'s \"new\"');\n```\n");
    t.assert.equal(await t.value("() => document.title"), "it's \"new\"");
  } },
  { name: "typed slowly every key is pressed", run: async (t) => {
    await t.show("<script>const keys = []</script><input aria-label=Slow onkeydown=\"keys.push(event.key)\" onkeyup=\"keys.push('up')\" oninput=\"keys.push('in')\">");
    const text = await t.on("browser_type", "Slow", { text: "aB1 é🦀", slowly: true });
    t.holds(text, "pressSequentially('aB1 é🦀')", "### Page state");
    const all = await t.value("() => keys");
    t.assert.deepEqual(all.slice(0, 6), ["a", "in", "up", "B", "in", "up"]);
    t.assert.equal(await t.value("() => document.querySelector('input').value"), "aB1 é🦀");
  } },
  { name: "sent with Enter", run: async (t) => {
    t.site.put("/sent", "<title>Sent</title>ok");
    await t.show("<form action=/sent><input name=q aria-label=Query></form>");
    t.holds(await t.on("browser_type", "Query", { text: "a b&c", submit: true }), "Page Title: Sent", "q=a+b%26c", ".press('Enter')");
  } },
  { name: "many lines, other scripts, and nothing", run: async (t) => {
    await t.show("<textarea aria-label=Area>old</textarea>");
    for (const text of ["one\ntwo\n\nfour", "日本語 עברית 👩‍👩‍👧", "\\n 'quoted' ${x} `tick`", "x".repeat(20_000), ""]) {
      await t.on("browser_type", "Area", { text });
      t.assert.equal(await t.value("() => document.querySelector('textarea').value"), text);
    }
  } },
  { name: "rich text is written", run: async (t) => {
    await t.show("<div id=r contenteditable aria-label=Rich role=textbox>old <b>bold</b></div><div id=s contenteditable><p>para</p></div>");
    await t.on("browser_type", "Rich", { text: "new text" });
    t.assert.equal(await t.value("() => r.textContent"), "new text");
    await t.on("browser_type", "para", { text: "other" });
    t.assert.equal(await t.value("() => s.textContent.trim()"), "other");
  } },
  { name: "every kind of field takes its value", run: async (t) => {
    const values = { email: "a@b.test", number: "-1.5", tel: "+49 1", url: "http://x.test/", search: "s", password: "p w", date: "2026-11-30", time: "13:45", "datetime-local": "2026-11-30T13:45", month: "2026-11", week: "2026-W48", color: "#12ab34", range: "70" };
    await t.show(Object.keys(values).map((type) => `<input type=${type} id=f-${type} aria-label="Kind ${type}." onchange="document.title += '${type} '">`).join(""));
    for (const [type, text] of Object.entries(values)) {
      await t.on("browser_type", `Kind ${type}.`, { text });
      t.assert.equal(await t.value(`() => document.getElementById('f-${type}').value`), text, type);
    }
    await t.badOn("browser_type", "Kind date.", { text: "tomorrow" });
    await t.badOn("browser_type", "Kind number.", { text: "many" });
    await t.badOn("browser_type", "Kind color.", { text: "reddish" });
  } },
  { name: "what cannot be written into is an error", run: async (t) => {
    await t.show("<input readonly aria-label=Fixed><input disabled aria-label=Off><button>Button</button><input type=checkbox aria-label=Box><input type=file aria-label=File>");
    t.holds(await t.badOn("browser_type", "Button", { text: "x" }), "Element is not an <input>");
    t.holds(await t.badOn("browser_type", "Box", { text: "x" }), "cannot be filled");
    t.holds(await t.badOn("browser_type", "Fixed", { text: "x" }), "TimeoutError");
    await t.badOn("browser_type", "Off", { text: "x" });
  } },
  { name: "fields that a program holds hear of it", run: async (t) => {
    await t.show("<input id=i aria-label=Held><p id=p></p><script>let state = ''; const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value'); let last = ''; Object.defineProperty(i, 'value', { get() { return own.get.call(this) }, set(to) { last = to; own.set.call(this, to) } }); i.addEventListener('input', () => { if (i.value !== last) { last = state = i.value; p.textContent = 'state ' + state } })</script>");
    await t.on("browser_type", "Held", { text: "known" });
    t.holds(await t.ok("browser_snapshot"), "state known");
  } },
  { name: "a field that allows few characters and one that refuses some", run: async (t) => {
    await t.show("<input maxlength=3 aria-label=Short id=a><input aria-label=Digits id=b oninput=\"this.value = this.value.replace(/\\D/g, '')\">");
    await t.on("browser_type", "Short", { text: "abcdef", slowly: true });
    await t.on("browser_type", "Digits", { text: "a1b2" });
    t.assert.deepEqual(await t.value("() => [a.value, b.value]"), ["abc", "12"]);
  } },
  { name: "keys have their names and codes", run: async (t) => {
    await t.show(KEYS);
    await t.on("browser_click", "Field");
    const rows = [["a", "a,KeyA,false,false,false,false"], ["A", "A,KeyA"], ["Shift+a", "A,KeyA,false,true"], ["1", "1,Digit1"], ["!", "!,Digit1"], ["Shift+1", "!,Digit1,false,true"], ["Enter", "Enter,Enter"], ["Escape", "Escape,Escape"], ["ArrowLeft", "ArrowLeft,ArrowLeft"], ["F2", "F2,F2"],
      ["Control+b", "b,KeyB,true"], ["Alt+x", "x,KeyX,false,false,true"], ["Control+Shift+K", "K,KeyK,true,true"], ["Delete", "Delete,Delete"], ["Home", "Home,Home"], ["+", "+,Equal"], ["Space", ",Space"], ["Backspace", "Backspace,Backspace"], ["PageDown", "PageDown,PageDown"], ["KeyQ", "q,KeyQ"], ["Digit5", "5,Digit5"], ["Meta+z", "z,KeyZ,false,false,false,true"], ["Shift", "Shift,ShiftLeft"]];
    for (const [key, title] of rows) t.holds(await t.ok("browser_press_key", { key }), `Page Title: ${title}`, `// Press ${key}\nawait page.keyboard.press('${key}');`);
  } },
  { name: "an unknown key is an error", run: async (t) => {
    await t.show(KEYS);
    for (const key of ["Nope", "", "Control+Nope"]) t.holds(await t.bad("browser_press_key", { key }), /Unknown key/);
  } },
  { name: "keys edit as on a keyboard", run: async (t) => {
    await t.show("<input id=i aria-label=Field value='one two'>");
    await t.on("browser_click", "Field");
    const press = async (...keys) => { for (const key of keys) await t.ok("browser_press_key", { key }); };
    const now = () => t.value("() => i.value");
    await press("End", "Backspace");
    t.assert.equal(await now(), "one tw");
    await press("Home", "Delete", "X");
    t.assert.equal(await now(), "Xne tw");
    await press("Control+a", "z");
    t.assert.equal(await now(), "z");
    await press("a", "b", "Shift+ArrowLeft", "Shift+ArrowLeft", "Delete");
    t.assert.equal(await now(), "z");
  } },
  { name: "cut, copied, pasted and undone", isNew: true, run: async (t) => {
    await t.show("<input id=i aria-label=Field value=word>");
    await t.on("browser_click", "Field");
    for (const key of ["Control+a", "Control+c", "End", "Control+v"]) await t.ok("browser_press_key", { key });
    t.assert.equal(await t.value("() => i.value"), "wordword");
    await t.ok("browser_press_key", { key: "Control+z" });
    t.assert.equal(await t.value("() => i.value"), "word");
  } },
  { name: "Tab walks, Space and Enter act, Escape closes", run: async (t) => {
    await t.show("<input aria-label=First autofocus><input type=checkbox id=c aria-label=Box><button onclick=\"d.showModal()\">Open</button><dialog id=d>Inside</dialog>");
    await t.on("browser_click", "First");
    t.holds(await t.ok("browser_press_key", { key: "Tab" }), 'checkbox "Box" [active]');
    t.holds(await t.ok("browser_press_key", { key: "Space" }), 'checkbox "Box" [checked] [active]');
    t.holds(await t.ok("browser_press_key", { key: "Tab" }), 'button "Open" [active]');
    t.holds(await t.ok("browser_press_key", { key: "Enter" }), "Inside");
    t.lacks(await t.ok("browser_press_key", { key: "Escape" }), "Inside");
    t.holds(await t.ok("browser_press_key", { key: "Shift+Tab" }), 'checkbox "Box" [checked] [active]');
  } },
  { name: "keys move lists, sliders and radios, and scroll", run: async (t) => {
    await t.show("<select id=s aria-label=List><option>a<option>b<option>c</select><input type=range id=r aria-label=Slide value=50><input type=radio name=n id=n1 aria-label=R1><input type=radio name=n id=n2 aria-label=R2><input type=number id=n aria-label=Num value=4><div style=height:4000px></div>");
    await t.value("() => s.focus()");
    await t.ok("browser_press_key", { key: "ArrowDown" });
    await t.value("() => r.focus()");
    await t.ok("browser_press_key", { key: "ArrowRight" });
    await t.on("browser_click", "R1");
    await t.ok("browser_press_key", { key: "ArrowDown" });
    await t.value("() => document.getElementById('n').focus()");
    await t.ok("browser_press_key", { key: "ArrowUp" });
    t.assert.deepEqual(await t.value("() => [s.value, r.value, n2.checked, document.getElementById('n').value]"), ["b", "51", true, "5"]);
    await t.value("() => document.activeElement.blur()");
    await t.ok("browser_press_key", { key: "PageDown" });
    t.assert(await t.until(() => t.value("() => scrollY > 100")));
  } },
  { name: "Enter sends a form once, and its handler may keep it", run: async (t) => {
    await t.show("<script>let count = 0</script><form onsubmit=\"count++; document.title = 'count ' + count; return false\"><input aria-label=Field></form>");
    await t.on("browser_click", "Field");
    t.holds(await t.ok("browser_press_key", { key: "Enter" }), "Page Title: count 1");
  } },
];
