// Functions in the page.

export default [
  { name: "answers come as JSON", run: async (t) => {
    await t.show("<title>Here</title>");
    for (const [source, value] of [["() => 1 + 1", 2], ["() => 'text'", "text"], ["() => null", null], ["() => ({ b: 1, a: [1, { c: true }] })", { b: 1, a: [1, { c: true }] }], ["() => [undefined, null]", [null, null]], ["async () => { await null; return 'later' }", "later"], ["() => document.title", "Here"], ["function () { return 7 }", 7], ["() => new Promise((done) => setTimeout(done, 50, 'waited'))", "waited"], ["() => ''", ""], ["() => 0", 0], ["() => false", false]])
      t.assert.deepEqual(await t.value(source), value, source);
    t.assert.equal(await t.value("() => undefined"), undefined);
    t.assert.equal(await t.value("() => {}"), undefined);
  } },
  { name: "the order of keys and the form of the text", run: async (t) => {
    await t.show("<p>x");
    t.holds(await t.ok("browser_evaluate", { function: "() => ({ z: 1, a: 'x' })" }), '### Result\n{\n  "z": 1,\n  "a": "x"\n}\n\n### Ran Playwright code', "await page.evaluate('() => ({ z: 1, a: \\'x\\' })');");
  } },
  { name: "an element is given", run: async (t) => {
    await t.show("<button id=b data-x=y>Press</button>");
    const text = await t.on("browser_evaluate", "Press", { function: "(one) => one.id + one.dataset.x" });
    t.holds(text, '"by"', "await page.getByRole('button', { name: 'Press' }).evaluate(");
  } },
  { name: "what is thrown is an error with its words", run: async (t) => {
    await t.show("<p>x");
    t.holds(await t.bad("browser_evaluate", { function: "() => { throw new RangeError('too far') }" }), "too far");
    t.holds(await t.bad("browser_evaluate", { function: "() => nothing.there" }), "nothing is not defined");
    t.holds(await t.bad("browser_evaluate", { function: "() => Promise.reject(new Error('refused'))" }), "refused");
    t.holds(await t.bad("browser_evaluate", { function: "() => { throw 'a word' }" }), "a word");
    await t.bad("browser_evaluate", { function: "() => {" });
    t.assert.equal(await t.value("() => 3"), 3);
  } },
  { name: "an expression is taken as well, and a semicolon does no harm", isNew: true, run: async (t) => {
    await t.show("<title>Here</title>");
    t.holds(await t.ok("browser_evaluate", { function: "document.title" }), '"Here"');
    t.holds(await t.ok("browser_evaluate", { function: "() => 5;" }), "### Result\n5");
    t.holds(await t.ok("browser_evaluate", { function: "  () => 6 // six" }), "### Result\n6");
  } },
  { name: "values that are no JSON do no harm", run: async (t) => {
    await t.show("<p>x");
    for (const source of ["() => document.body", "() => window", "() => { const a = {}; a.a = a; return a }", "() => NaN", "() => Infinity", "() => Symbol('s')", "() => () => 1", "() => new Map([[1, 2]])", "() => new Date(0)", "() => /x/g", "() => new Error('given')", "() => new Uint8Array([1, 2])", "() => document.querySelectorAll('p')", "() => 10n"])
      await t.call("browser_evaluate", { function: source });
    t.assert.equal(await t.value("() => 3"), 3);
  } },
  { name: "a page of its own mind cannot falsify answers", isNew: true, run: async (t) => {
    await t.show("<script>JSON.stringify = () => 'false'; Array.isArray = () => { throw 1 }; Object.keys = () => ['fake']; window.Promise = null; Element.prototype.matches = () => { throw 2 }; document.querySelectorAll = () => []</script><button onclick=\"document.title = 'clicked'\">Press</button>");
    t.holds(await t.on("browser_click", "Press"), "Page Title: clicked");
    await t.ok("browser_snapshot");
  } },
  { name: "a long answer comes whole", run: async (t) => {
    await t.show("<p>x");
    t.assert.equal((await t.value("() => 'ä'.repeat(500000)")).length, 500_000);
  } },
  { name: "a strict content policy stands in no way", run: async (t) => {
    await t.show("<title>Strict</title><button>Press</button>", { headers: { "Content-Security-Policy": "default-src 'none'; sandbox allow-scripts" } });
    t.assert.equal(await t.value("() => document.title"), "Strict");
    await t.on("browser_click", "Press");
  } },
  { name: "what the function begins is waited for", run: async (t) => {
    t.site.put("/after", "<title>After</title>");
    await t.show("<p>x");
    await t.call("browser_evaluate", { function: "() => { location = '/after' }" });
    t.assert(await t.until(async () => (await t.ok("browser_snapshot")).includes("Page Title: After")));
  } },
  { name: "the answer goes to a file on request", isNew: true, run: async (t) => {
    await t.show("<p>x");
    await t.ok("browser_evaluate", { function: "() => ({ a: 1 })", filename: "answer.json" });
    t.assert.deepEqual(JSON.parse(t.read(t.file("answer.json"))), { a: 1 });
  } },
];
