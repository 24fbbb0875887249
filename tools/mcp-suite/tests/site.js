// What real sites do.

export default [
  { name: "a dialog on the way down of the button holds nothing afterwards", run: async (t) => {
    await t.show("<title>z</title><button onmousedown=\"if (!window.k) { window.k = 1; alert('down') }\" onclick=\"document.title += 'c'\">B</button><div onmousemove=\"document.title += event.buttons ? 'DRAG' : ''\">Area</div>");
    t.holds(await t.on("browser_click", "B"), '"down"');
    await t.ok("browser_handle_dialog", { accept: true });
    t.holds(await t.on("browser_click", "B"), /Page Title: zc+\n/);
    t.lacks(await t.on("browser_hover", "Area"), "DRAG");
  } },
  { name: "long addresses are opened", run: async (t) => {
    t.site.put("/long", "<title>Long</title>ok");
    t.holds(await t.ok("browser_navigate", { url: t.site.url("/long?" + "q".repeat(12_000)) }), "Page Title: Long");
  } },
  { name: "a dialog in another tab waits there", run: async (t) => {
    await t.ok("browser_close");
    await t.show("<title>A</title><button onclick=\"setTimeout(() => alert('behind'), 600)\">Later</button>");
    await t.on("browser_click", "Later");
    await t.ok("browser_tab_new", { url: t.site.put("/b", "<title>B</title><p>b") });
    await t.ok("browser_wait_for", { time: 1 });
    t.holds(await t.ok("browser_snapshot"), "Page Title: B");
    t.holds(await t.ok("browser_tab_select", { index: 0 }), '"behind"');
    await t.ok("browser_handle_dialog", { accept: true });
    t.holds(await t.ok("browser_tab_close", { index: 1 }), "Page Title: A");
  } },
  { name: "a form inside a shadow tree is filled and sent", run: async (t) => {
    await t.show("<x-f></x-f><script>customElements.define('x-f', class extends HTMLElement { connectedCallback() { this.attachShadow({ mode: 'open' }).innerHTML = '<form><label>Mail <input></label><select aria-label=S><option>a<option>b</select><button>Send</button></form>'; this.shadowRoot.querySelector('form').onsubmit = (event) => { event.preventDefault(); document.title = this.shadowRoot.querySelector('input').value + this.shadowRoot.querySelector('select').value } } })</script>");
    await t.on("browser_type", "Mail", { text: "m" });
    await t.on("browser_select_option", '"S"', { values: ["b"] });
    t.holds(await t.on("browser_click", "Send"), "Page Title: mb");
  } },
  { name: "a box whose state the page keeps itself", isNew: true, run: async (t) => {
    await t.show("<input type=checkbox id=c aria-label=Kept><script>let kept = false; c.addEventListener('click', (event) => { event.preventDefault(); kept = !kept; setTimeout(() => { c.checked = kept }, 30) })</script>");
    await t.ok("browser_fill_form", { fields: [{ name: "Kept", type: "checkbox", ref: await t.ref("Kept"), value: "true" }] });
    t.assert.equal(await t.value("() => c.checked"), true);
  } },
  { name: "smooth scrolling below a bar that stays", run: async (t) => {
    await t.show("<style>html { scroll-behavior: smooth } header { position: sticky; top: 0; height: 100px; background: #ccc } .s { height: 200px; overflow: auto; scroll-behavior: smooth }</style><header>H</header><div style=height:1500px></div><div class=s><div style=height:800px></div><button onclick=\"document.title = 'got'\">Deep</button><div style=height:800px></div></div><div style=height:1500px></div>");
    t.holds(await t.on("browser_click", "Deep"), "Page Title: got");
  } },
  { name: "an entry of a menu that opens under the mouse", run: async (t) => {
    await t.show("<style>.m ul { display: none } .m:hover ul { display: block }</style><div class=m style=width:200px>Menu<ul><li><button onclick=\"document.title = 'sub'\">Sub</button></ul></div>");
    await t.on("browser_hover", "Menu");
    t.holds(await t.on("browser_click", "Sub"), "Page Title: sub");
  } },
  { name: "fields that format what is typed, and boxes that pass the focus on", run: async (t) => {
    await t.show("<input id=i aria-label=Card oninput=\"this.value = this.value.replace(/\\D/g, '').replace(/(.{4})(?=.)/g, '$1 ')\">" +
      [1, 2, 3, 4].map((number) => `<input class=o maxlength=1 aria-label="Digit ${number}" oninput="this.nextElementSibling?.focus()">`).join(""));
    await t.on("browser_type", "Card", { text: "4242424242424242", slowly: true });
    t.assert.equal(await t.value("() => i.value"), "4242 4242 4242 4242");
    await t.on("browser_click", "Digit 1");
    for (const key of "1234") await t.ok("browser_press_key", { key });
    t.assert.equal(await t.value("() => [...document.querySelectorAll('.o')].map((one) => one.value).join('')"), "1234");
  } },
  { name: "a list of suggestions", run: async (t) => {
    await t.show("<input aria-label=City oninput=\"setTimeout(() => { l.innerHTML = ['Rome', 'Romford'].filter((one) => one.startsWith(this.value)).map((one) => '<li role=option onclick=\\'document.title=this.textContent\\'>' + one).join('') }, 100)\"><ul id=l role=listbox></ul>");
    await t.on("browser_type", "City", { text: "Rom", slowly: true });
    await t.ok("browser_wait_for", { text: "Romford" });
    t.holds(await t.on("browser_click", "Romford"), "Page Title: Romford");
  } },
  { name: "a sign-in that comes back from another site by a form", run: async (t) => {
    t.site.put("/callback", "<title>Callback</title>back");
    t.site.put("/idp", `<title>IdP</title><form method=post action=${t.site.url("/callback")}><input name=code value=abc type=hidden></form><script>document.forms[0].submit()</script>`);
    await t.show(`<a href=${t.site.elsewhere("/idp")}>Login</a>`);
    await t.on("browser_click", "Login");
    t.assert(await t.until(async () => (await t.ok("browser_snapshot")).includes("Page Title: Callback")));
    t.holds(await t.ok("browser_network_requests"), `[POST] ${t.site.url("/callback")} => [200]`, "/idp => [200]");
  } },
  { name: "a page that asks for a password by HTTP is no trap", run: async (t) => {
    t.site.put("/basic", "x", { status: 401, headers: { "WWW-Authenticate": "Basic realm=x" } });
    const begun = Date.now();
    await t.call("browser_navigate", { url: t.site.url("/basic") });
    t.assert(Date.now() - begun < 10_000);
    await t.until(async () => !(await t.call("browser_navigate", { url: t.site.put("/plain", "<title>Plain</title>well") })).isError);
    t.holds(await t.ok("browser_snapshot"), "well");
  } },
  { name: "a frame that goes to another site and back", run: async (t) => {
    t.site.put("/near", `<a href=${t.site.elsewhere("/far")}>Away</a>`);
    t.site.put("/far", `<a href=${t.site.url("/near")}>Home</a>`);
    await t.show("<iframe src=/near></iframe>");
    for (const [sign, next] of [["Away", "Home"], ["Home", "Away"], ["Away", "Home"]]) {
      await t.on("browser_click", sign);
      t.assert(await t.until(async () => (await t.ok("browser_snapshot")).includes(next)), next);
    }
  } },
];
