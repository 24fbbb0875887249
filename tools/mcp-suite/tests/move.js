// Hovering, dragging, dropping, and files.

const DRAG = "<style>.b { width: 120px; height: 60px; border: 1px solid; margin: 20px }</style>";

export default [
  { name: "the mouse comes and goes", run: async (t) => {
    await t.show("<style>#sub { display: none } #menu:hover #sub { display: block }</style><div id=menu>Menu<div id=sub><a href=#deep>Entry</a></div></div><div onmouseenter=\"document.title += 'in.'\" onmouseleave=\"document.title += 'out.'\">Other</div>");
    t.lacks(t.snapshot, "Entry");
    t.holds(await t.on("browser_hover", "Menu"), "Entry", ".hover();");
    await t.on("browser_hover", "Other");
    t.holds(await t.on("browser_hover", "Menu"), "in.out");
  } },
  { name: "drag and drop of HTML carries data", run: async (t) => {
    await t.show(`${DRAG}<div class=b draggable=true ondragstart="event.dataTransfer.setData('text/plain', 'carried'); document.title += 'start.'" ondragend="document.title += 'end'">Source</div><div class=b ondragenter="document.title += 'enter.'" ondragover="event.preventDefault()" ondrop="event.preventDefault(); this.textContent = event.dataTransfer.getData('text/plain')">Place</div>`);
    const text = await t.ok("browser_drag", { startElement: "Source", startRef: t.find("Source"), endElement: "Place", endRef: t.find("Place") });
    t.holds(text, "carried", "start.enter.end", ".dragTo(page.");
  } },
  { name: "drag by the mouse alone", run: async (t) => {
    await t.show(`${DRAG}<div class=b id=m style=position:absolute onmousedown="on = true">Piece</div><div class=b style=margin-top:300px>Goal</div><script>let on = false; onmousemove = (event) => { if (on) { m.style.left = event.pageX - 60 + 'px'; m.style.top = event.pageY - 30 + 'px' } }; onmouseup = (event) => { on = false; document.title = document.elementsFromPoint(event.clientX, event.clientY).map((one) => one.textContent).slice(0, 2).join('+') }</script>`);
    const args = { startElement: "Piece", startRef: t.find("Piece"), endElement: "Goal", endRef: t.find("Goal") };
    t.holds(await t.ok("browser_drag", args), "Page Title: Piece+Goal");
  } },
  { name: "dragging by selectors, and both at once", isNew: true, run: async (t) => {
    await t.show(`${DRAG}<div class=b id=a draggable=true ondragstart="event.dataTransfer.setData('text/plain', 'carried')">Source</div><div class=b id=z ondragover="event.preventDefault()" ondrop="this.textContent = event.dataTransfer.getData('text/plain')">Place</div>`);
    t.holds(await t.ok("browser_drag", { startTarget: "#a", endTarget: t.find("Place") }), "carried");
    await t.value("() => { z.textContent = 'Place' }");
    t.holds(await t.ok("browser_drag", { startTarget: "#a", endTarget: "#z" }), "carried");
    await t.bad("browser_drag", { startTarget: "#a" });
    await t.bad("browser_drag", { startTarget: "#a", endTarget: "#none" });
  } },
  { name: "data and files are dropped", isNew: true, run: async (t) => {
    await t.show(`${DRAG}<div class=b id=z ondragover="event.preventDefault()" ondrop="event.preventDefault(); this.textContent = [event.dataTransfer.getData('text/plain'), event.dataTransfer.getData('text/uri-list'), [...event.dataTransfer.files].map((one) => one.name + one.size)].join('|')">Place</div>`);
    t.holds(await t.ok("browser_drop", { element: "Place", target: t.find("Place"), data: { "text/plain": "words", "text/uri-list": "http://x.test/" } }), "words|http://x.test/|");
    const path = t.file("dropped.txt", "12345");
    t.holds(await t.ok("browser_drop", { element: "Place", target: "#z", paths: [path] }), "dropped.txt5");
    await t.bad("browser_drop", { target: "#z" });
    await t.bad("browser_drop", { target: "#z", paths: ["/etc/hostname"] });
  } },
  { name: "files are given to the page that asks", run: async (t) => {
    await t.show("<input type=file aria-label=One onchange=\"this.files[0] && this.files[0].text().then((text) => { document.title = this.files[0].name + ' ' + text })\"><input type=file multiple id=m aria-label=Several><button onclick=\"document.querySelector('input').click()\">Browse</button>");
    const [a, b] = [t.file("a.txt", "content a"), t.file("b ü.txt", "content b")];
    const asked = await t.on("browser_click", "One");
    t.holds(asked, "### Modal state", '[File chooser]: can be handled by the "browser_file_upload" tool');
    t.holds(await t.ok("browser_file_upload", { paths: [a] }), "fileChooser.setFiles", "Page Title: a.txt content a");
    await t.on("browser_click", "Several");
    await t.ok("browser_file_upload", { paths: [a, b] });
    t.assert.deepEqual(await t.value("() => [...m.files].map((one) => one.name)"), ["a.txt", "b ü.txt"]);
    await t.on("browser_click", "Browse");
    t.holds(await t.ok("browser_file_upload", { paths: [b] }), "Page Title: b ü.txt content b");
  } },
  { name: "the question for files can be dismissed, and holds other tools", run: async (t) => {
    await t.show("<input type=file id=f aria-label=One><button>Other</button>");
    const other = t.find("Other");
    await t.on("browser_click", "One");
    t.holds(await t.bad("browser_click", { element: "Other", ref: other }), "does not handle the modal state");
    await t.ok("browser_file_upload", { paths: [] });
    await t.ok("browser_click", { element: "Other", ref: other });
    t.holds(await t.bad("browser_file_upload", { paths: [] }), "can only be used when there is related modal state present");
    t.assert.equal(await t.value("() => f.files.length"), 0);
  } },
  { name: "files that are not there or too many are errors, and the page can be asked again", isNew: true, run: async (t) => {
    await t.show("<input type=file id=f aria-label=One>");
    const [a, b] = [t.file("a.txt", "content a"), t.file("b.txt", "content b")];
    await t.on("browser_click", "One");
    await t.bad("browser_file_upload", { paths: [t.file("none.txt")] });
    await t.bad("browser_file_upload", { paths: [a, b] });
    await t.bad("browser_file_upload", { paths: ["/etc/hostname"] });
    await t.ok("browser_file_upload", { paths: [a] });
    t.assert.equal(await t.value("() => f.files[0].name"), "a.txt");
  } },
  { name: "frames ask for files too", isNew: true, run: async (t) => {
    t.site.put("/asks", "<input type=file aria-label=Framed onchange=\"parent.postMessage(this.files[0].name, '*')\">");
    for (const address of [t.site.url("/asks"), t.site.elsewhere("/asks")]) {
      await t.show(`<script>onmessage = (event) => { document.title = event.data }</script><iframe src=${address}></iframe>`);
      await t.until(async () => (await t.ok("browser_snapshot")).includes("Framed"));
      t.holds(await t.on("browser_click", "Framed"), "File chooser");
      t.holds(await t.ok("browser_file_upload", { paths: [t.file("a.txt", "content a")] }), "Page Title: a.txt");
    }
  } },
  { name: "downloads are told and kept in the folder", run: async (t) => {
    await t.show("<a href='/file?name=report.txt' download>Get</a><a href='/file?name=..%2F..%2Fevil.txt'>Evil</a><a id=made download=made.txt>Made</a><script>made.href = URL.createObjectURL(new Blob(['made here']))</script>");
    await t.on("browser_click", "Get");
    const told = await t.until(async () => { const text = await t.ok("browser_snapshot"); return text.includes("Downloaded file") && text; });
    t.holds(told, "### Downloads", /Downloaded file report\.txt to .*report\.txt/);
    t.assert(await t.until(() => t.files().includes("report.txt")));
    await t.on("browser_click", "Evil");
    await t.on("browser_click", "Made");
    t.assert(await t.until(async () => (await t.ok("browser_snapshot"), t.files().filter((one) => /evil\.txt|made\.txt/.test(one)).length === 2)), t.files().join());
    t.holds(await t.ok("browser_navigate", { url: t.site.url("/file?name=direct.bin") }), "direct.bin");
  } },
  { name: "a download does not replace a file that is there", isNew: true, run: async (t) => {
    const path = t.file("kept.txt", "mine");
    await t.show("<a href='/file?name=kept.txt'>Get</a>");
    await t.on("browser_click", "Get");
    await t.until(async () => (await t.ok("browser_snapshot")).includes("Downloaded file"));
    t.assert.equal(t.read(path).toString(), "mine");
  } },
];
