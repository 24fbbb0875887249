// Pictures, sizes and paper.

const size = (png) => [png.readUInt32BE(16), png.readUInt32BE(20)];
const bytes = (answer) => Buffer.from(answer.images[0].data, "base64");
const isPng = (data) => data.subarray(1, 4).toString() === "PNG";
const isJpeg = (data) => data[0] === 0xff && data[1] === 0xd8;

export default [
  { name: "the viewport is taken, saved and shown", run: async (t) => {
    await t.show("<body style=background:red>");
    await t.ok("browser_resize", { width: 640, height: 480 });
    const answer = await t.call("browser_take_screenshot", {});
    t.assert.equal(answer.images[0].mimeType, "image/png");
    t.assert(isPng(bytes(answer)));
    t.assert.deepEqual(size(bytes(answer)), [640, 480]);
    t.holds(answer.text, "### Result\nTook the viewport screenshot and saved it as ", "await page.screenshot({");
    t.assert.deepEqual(t.read(/saved it as (.*)/.exec(answer.text)[1]), bytes(answer));
  } },
  { name: "JPEG and a name of one's own", run: async (t) => {
    await t.show("<p>x");
    const answer = await t.call("browser_take_screenshot", { type: "jpeg", filename: "own.jpeg" });
    t.assert.equal(answer.images[0].mimeType, "image/jpeg");
    t.assert(isJpeg(bytes(answer)));
    t.holds(answer.text, "own.jpeg", "quality: 90");
    t.assert(isJpeg(t.read(t.file("own.jpeg"))));
  } },
  { name: "an element alone, also out of sight and in a frame", run: async (t) => {
    t.site.put("/framed", "<body style=margin:0><button style='width:90px;height:40px'>Framed</button>");
    await t.show("<div style=height:2000px></div><div id=d role=img aria-label=Box style='width:200px;height:100px;background:blue'></div><iframe src=/framed></iframe>");
    const answer = await t.call("browser_take_screenshot", { element: "Box", ref: t.find("Box") });
    t.assert.deepEqual(size(bytes(answer)), [200, 100]);
    t.holds(answer.text, "Took the Box screenshot");
    t.assert.deepEqual(size(bytes(await t.call("browser_take_screenshot", { element: "Framed", ref: await t.ref("Framed") }))), [90, 40]);
  } },
  { name: "the whole page is saved and not shown", run: async (t) => {
    await t.show("<body style=margin:0><div style='height:3000px;background:linear-gradient(red,blue)'>");
    const answer = await t.call("browser_take_screenshot", { fullPage: true, filename: "full.png" });
    t.assert.equal(answer.images.length, 0);
    t.holds(answer.text, "Took the full page screenshot");
    t.assert.equal(size(t.read(t.file("full.png")))[1], 3000);
    t.assert.equal(await t.value("() => scrollY"), 0);
  } },
  { name: "what does not go together is an error", run: async (t) => {
    await t.show("<button>b</button>");
    const ref = t.find("b");
    await t.bad("browser_take_screenshot", { fullPage: true, element: "b", ref });
    await t.bad("browser_take_screenshot", { element: "b" });
    await t.bad("browser_take_screenshot", { element: "b", ref: "e999" });
    await t.bad("browser_take_screenshot", { type: "bmp" });
  } },
  { name: "the parameters of later versions", isNew: true, run: async (t) => {
    await t.show("<button id=b style='width:80px;height:30px'>b</button>");
    const answer = await t.call("browser_take_screenshot", { target: "#b", scale: "css", type: "png" });
    t.assert.equal(answer.isError, undefined, answer.text);
    t.assert.deepEqual(size(bytes(answer)), [80, 30]);
    const webp = await t.call("browser_take_screenshot", { type: "webp", scale: "device" });
    t.assert.equal(bytes(webp).subarray(8, 12).toString(), "WEBP");
  } },
  { name: "names lead nowhere else", run: async (t) => {
    await t.show("<p>x");
    for (const filename of ["../../outside.png", "/tmp/outside-of-all.png", "sub/dir/x.png", "..", "a\u0000b.png", "x".repeat(500) + ".png"]) await t.call("browser_take_screenshot", { filename });
    t.assert(!t.has("/tmp/outside-of-all.png") && !t.has(t.file("../outside.png")) && !t.has(t.file("../../outside.png")));
  } },
  { name: "a canvas and a video of nothing", run: async (t) => {
    await t.show("<canvas id=c width=100 height=100 role=img aria-label=Drawn></canvas><video></video><script>const g = c.getContext('2d'); g.fillStyle = 'lime'; g.fillRect(0, 0, 100, 100)</script>");
    const answer = await t.call("browser_take_screenshot", { element: "Drawn", ref: t.find("Drawn") });
    t.assert.deepEqual(size(bytes(answer)), [100, 100]);
  } },
  { name: "the page gets another size", run: async (t) => {
    await t.show("<p>x");
    t.holds(await t.ok("browser_resize", { width: 500, height: 700 }), "500", "700");
    t.assert.deepEqual(await t.value("() => [innerWidth, innerHeight]"), [500, 700]);
    await t.show("<p>y");
    t.assert.deepEqual(await t.value("() => [innerWidth, innerHeight]"), [500, 700]);
    for (const args of [{ width: 500 }, { width: "a", height: 1 }]) await t.bad("browser_resize", args);
    await t.ok("browser_resize", { width: 1280, height: 720 });
  } },
  { name: "the page as PDF, where it is asked for", run: async (t) => {
    const client = t.start("--caps", "pdf");
    await client.begin();
    await client.call("browser_navigate", { url: t.site.put("/paper", "<title>Paper</title><h1>Paper</h1>") });
    const answer = await client.call("browser_pdf_save", { filename: "paper.pdf" });
    t.holds(answer.text, "paper.pdf");
    t.assert.equal(t.read(t.file("paper.pdf")).subarray(0, 5).toString(), "%PDF-");
    t.assert(!(await (await t.client()).ask("tools/list")).result.tools.some((tool) => tool.name === "browser_pdf_save"));
  } },
  { name: "media are emulated, one beside the other", isNew: true, run: async (t) => {
    await t.show("<p>x");
    const now = () => t.value("() => ['(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)', 'print', '(forced-colors: active)', '(prefers-contrast: more)'].map((one) => matchMedia(one).matches)");
    t.holds(await t.ok("browser_emulate_media", { colorScheme: "dark" }), "emulateMedia({ colorScheme: 'dark' })");
    t.assert.deepEqual(await now(), [true, false, false, false, false]);
    await t.ok("browser_emulate_media", { reducedMotion: "reduce", media: "print" });
    t.assert.deepEqual(await now(), [true, true, true, false, false]);
    await t.ok("browser_emulate_media", { colorScheme: null, media: null, contrast: "more", forcedColors: "active" });
    t.assert.deepEqual((await now()).slice(1, 4), [true, false, true]);
    await t.ok("browser_emulate_media", { reducedMotion: null, contrast: null, forcedColors: null });
    await t.bad("browser_emulate_media", { colorScheme: "plaid" });
    await t.bad("browser_emulate_media", {});
  } },
];
