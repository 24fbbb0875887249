// Choosing options, and whole forms.

const LIST = "<select id=s aria-label=City onchange=\"document.title = 'changed ' + this.value\"><option value=r>Rome<option value=o>Oslo<option value=d disabled>Dubai<optgroup label=Asia><option value=t>Tokyo</optgroup></select>";

export default [
  { name: "by value, by label, in a group", run: async (t) => {
    await t.show(LIST);
    const text = await t.on("browser_select_option", "City", { values: ["o"] });
    t.holds(text, "selectOption(['o'])", "Page Title: changed o", 'option "Oslo" [selected]');
    t.holds(await t.on("browser_select_option", "City", { values: ["Rome"] }), "changed r");
    t.holds(await t.on("browser_select_option", "City", { values: ["Tokyo"] }), "changed t");
  } },
  { name: "several at once, or none", run: async (t) => {
    await t.show("<select id=s multiple aria-label=Many><option>a<option selected>b<option>c<option>d</select>");
    await t.on("browser_select_option", "Many", { values: ["a", "c"] });
    t.assert.deepEqual(await t.value("() => [...s.selectedOptions].map((one) => one.value)"), ["a", "c"]);
    await t.on("browser_select_option", "Many", { values: [] });
    t.assert.deepEqual(await t.value("() => [...s.selectedOptions].map((one) => one.value)"), []);
  } },
  { name: "what is not there is an error", run: async (t) => {
    await t.show(`${LIST}<button>Button</button>`);
    t.holds(await t.badOn("browser_select_option", "City", { values: ["Atlantis"] }), "TimeoutError", "did not find some options");
    t.holds(await t.badOn("browser_select_option", "Button", { values: ["x"] }), "not a <select>");
    await t.badOn("browser_select_option", "City", { values: "Rome" });
    await t.badOn("browser_select_option", "City", { values: [1] });
    t.assert.equal(await t.value("() => s.value"), "r");
  } },
  { name: "an option that comes later is waited for", run: async (t) => {
    await t.show(LIST);
    await t.value("() => { setTimeout(() => s.append(new Option('Late', 'l')), 1000) }");
    t.holds(await t.on("browser_select_option", "City", { values: ["Late"] }), "changed l");
  } },
  { name: "a form is filled at once", isNew: true, run: async (t) => {
    await t.show(`<label>Name <input id=n></label><label>Agree <input type=checkbox id=a></label><label>News <input type=checkbox id=w checked></label><label>Free <input type=radio name=p id=f></label><label>Paid <input type=radio name=p id=p></label>${LIST}<label>Loud <input type=range id=l></label><div role=switch id=x tabindex=0 aria-checked=false onclick="this.ariaChecked = this.ariaChecked !== 'true'">Air</div>`);
    const field = (name, type, value) => ({ name, type, value, ref: t.find(name) });
    const fields = [field("Name", "textbox", "Ada"), field("Agree", "checkbox", "true"), field("News", "checkbox", "false"), field("Paid", "radio", "true"), field("City", "combobox", "Oslo"), field("Loud", "slider", "80"), field("Air", "checkbox", "true")];
    t.holds(await t.ok("browser_fill_form", { fields }), ".fill('Ada')", ".setChecked(true)", ".setChecked(false)", ".selectOption('Oslo')");
    t.assert.deepEqual(await t.value("() => [n.value, a.checked, w.checked, p.checked, s.value, l.value, x.ariaChecked]"), ["Ada", true, false, true, "o", "80", "true"]);
    await t.ok("browser_fill_form", { fields: [field("Agree", "checkbox", "true"), field("Air", "checkbox", "false")] });
    t.assert.deepEqual(await t.value("() => [a.checked, x.ariaChecked]"), [true, "false"]);
    await t.ok("browser_fill_form", { fields: [{ name: "N", type: "textbox", target: "#n", value: "by selector" }] });
    t.assert.equal(await t.value("() => n.value"), "by selector");
  } },
  { name: "a form that is told wrongly is an error", isNew: true, run: async (t) => {
    await t.show("<label>Name <input id=n></label>");
    const ref = t.find("Name");
    for (const fields of [undefined, "x", [5], [{}], [{ name: "a", type: "textbox", ref }], [{ name: "a", type: "wheel", ref, value: "x" }], [{ name: "a", type: "textbox", ref: "e9999", value: "x" }], [{ name: "a", type: "textbox", value: "x" }], [{ name: "a", type: "textbox", ref, value: 5 }]])
      await t.bad("browser_fill_form", { fields });
    t.assert.equal(await t.value("() => n.value"), "");
  } },
];
