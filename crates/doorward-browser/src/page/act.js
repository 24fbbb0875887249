// What an action needs to know of its element: whether it can be acted on now, and where.

function frameTime() {
  // Frames do not come where the page is not drawn; a timer stands in for them.
  return new Promise((done) => {
    const timer = setTimeout(done, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      done();
    });
  });
}

// The control that an action on this node means.
function meant(element, follows) {
  let at = element;
  if (!at.matches("input, textarea, select") && !at.isContentEditable) {
    at = follows === "link"
      ? at.closest("button, [role=button], a, [role=link]") || at
      : at.closest("button, [role=button], [role=checkbox], [role=radio]") || at;
  }
  const isControl = at.matches("a, input, textarea, button, select, [role=link], [role=button], [role=checkbox], [role=radio]");
  if (follows === "label" && !isControl && !at.isContentEditable) {
    const label = at.closest("label");
    if (label && label.control) at = label.control;
  }
  return at;
}

async function isStable(element) {
  await frameTime();
  if (!element.isConnected) return false;
  const before = element.getBoundingClientRect();
  await frameTime();
  if (!element.isConnected) return false;
  const after = element.getBoundingClientRect();
  return before.x === after.x && before.y === after.y && before.width === after.width && before.height === after.height;
}

// The first state that is missing, or undefined.
function missing(element, states) {
  if (!element.isConnected) return "attached";
  for (const state of states) {
    if (state === "visible" && !looking(() => isVisible(element))) return "visible";
    const control = meant(element, "label");
    if (state === "enabled" && looking(() => isDisabled(control))) return "enabled";
    if (state === "editable" && looking(() => isDisabled(control) || isReadOnly(control) === true)) return "editable";
  }
  return undefined;
}

function preview(element) {
  const isSecret = ({ name }) => name === "style" || (name === "value" && element.type === "password");
  const attributes = [...ofNode(element, "attributes")].filter((one) => !isSecret(one));
  const BARE = ["checked", "selected", "disabled", "readonly", "multiple", "required", "hidden", "autofocus", "open"];
  const written = attributes.map(({ name, value: text }) => (!text && BARE.includes(name) ? ` ${name}` : ` ${name}="${text}"`));
  written.sort((one, other) => one.length - other.length);
  const tag = element.nodeName.toLowerCase();
  const shortened = (text, most) => (text.length > most ? text.slice(0, most - 1) + "\u2026" : text);
  const start = `<${tag}${shortened(written.join(""), 500)}`;
  const VOID = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
  if (VOID.includes(tag)) return `${start}/>`.replace(/\n/g, "\u21b5").replace(/\t/g, "\u21c6");
  const children = [...ofNode(element, "childNodes")];
  const isText = children.length <= 5 && children.every((child) => child.nodeType === 3);
  const text = isText ? element.textContent || "" : children.length ? "\u2026" : "";
  return `${start}>${shortened(text, 50)}</${tag}>`.replace(/\n/g, "\u21b5").replace(/\t/g, "\u21c6");
}

function hitAt(x, y, element) {
  const roots = [];
  for (let at = element; at; ) {
    const root = rootOf(at);
    if (!root) break;
    roots.push(root);
    if (root.nodeType === 9) break;
    at = root.host;
  }
  let hit = null;
  for (let index = roots.length - 1; index >= 0; index--) {
    const all = roots[index].elementsFromPoint(x, y);
    const single = roots[index].elementFromPoint(x, y);
    if (all[0] && all[0].shadowRoot === roots[index] && all[1] === single) all.shift();
    if (!all[0]) break;
    hit = all[0];
    if (index && hit !== roots[index - 1].host) break;
  }
  return hit;
}

// What covers the element at this point: undefined where nothing does.
function covering(x, y, element) {
  const hit = hitAt(x, y, element);
  const parents = [];
  let at = hit;
  while (at && at !== element) {
    parents.push(at);
    at = parentOf(at);
  }
  if (at === element && hit) return undefined;
  return preview(parents[0] || document.documentElement);
}

function clickable(element) {
  const width = document.documentElement.clientWidth || innerWidth;
  const height = document.documentElement.clientHeight || innerHeight;
  for (const box of element.getClientRects()) {
    const left = Math.max(0, box.left);
    const top = Math.max(0, box.top);
    const right = Math.min(innerWidth || width, box.right);
    const bottom = Math.min(innerHeight || height, box.bottom);
    if (right - left > 0.99 && bottom - top > 0.99) return { x: (left + right) / 2, y: (top + bottom) / 2 };
  }
  return null;
}

const SCROLLS = [null, { block: "end", inline: "end" }, { block: "center", inline: "center" }, { block: "start", inline: "start" }];

function bringIntoView(element, attempt) {
  const way = SCROLLS[attempt % SCROLLS.length];
  const box = element.getBoundingClientRect();
  const isInside = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
  if (way) element.scrollIntoView({ ...way, behavior: "instant" });
  else if (element.scrollIntoViewIfNeeded) element.scrollIntoViewIfNeeded(true);
  else if (!isInside) element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
}

// Where to point at an element: `{x, y}` in this frame, or `{missing}` or `{covered}`.
async function aim(element, { states, attempt, isStill }) {
  const lacking = missing(element, states);
  if (lacking) return { missing: lacking };
  if (!isStill && !(await isStable(element))) return element.isConnected ? { missing: "stable" } : { missing: "attached" };
  bringIntoView(element, attempt);
  const point = clickable(element);
  if (!point) return { outside: true };
  const target = meant(element, "link");
  const covered = covering(point.x, point.y, target);
  return covered ? { covered } : point;
}

// For a frame's element: where its content begins, and whether the point hits it.
function frameOffset(element, x, y) {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const number = (text) => parseFloat(text) || 0;
  const left = box.left + number(style.borderLeftWidth) + number(style.paddingLeft);
  const top = box.top + number(style.borderTopWidth) + number(style.paddingTop);
  return { x: left + x, y: top + y, covered: covering(left + x, top + y, element) };
}

function scrollTo(element) {
  element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
}

const TYPED = ["", "email", "number", "password", "search", "tel", "text", "url"];
const SET = ["color", "date", "time", "datetime-local", "month", "range", "week"];

function changed(element) {
  element.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
}

const NOT_WRITABLE =
  "Element is not an <input>, <textarea>, <select> or [contenteditable] and does not have a role allowing [aria-readonly]";

// Gets a field ready for text: `{done}` where the value is set already, `{type}` where it has to be typed.
function fill(element, text) {
  const field = meant(element, "label");
  if (looking(() => isReadOnly(field)) === undefined) return { error: NOT_WRITABLE };
  const lacking = missing(element, ["visible", "enabled", "editable"]);
  if (lacking) return { missing: lacking };
  const tag = field.nodeName.toLowerCase();
  if (tag === "input") {
    const type = field.type.toLowerCase();
    if (!TYPED.includes(type) && !SET.includes(type)) return { error: `Input of type "${type}" cannot be filled` };
    if (type === "number" && Number.isNaN(Number(text.trim()))) return { error: "Cannot type text into input[type=number]" };
    if (SET.includes(type)) {
      const wanted = type === "color" ? text.trim().toLowerCase() : text.trim();
      field.focus();
      field.value = wanted;
      if (field.value !== wanted) return { error: "Malformed value" };
      changed(field);
      return { done: true };
    }
  } else if (tag !== "textarea" && !field.isContentEditable) {
    return { error: "Element is not an <input>, <textarea> or [contenteditable] element" };
  }
  selectText(field, tag);
  return { type: true };
}

function selectText(field, tag) {
  if (tag === "input") {
    field.select();
    field.focus();
  } else if (tag === "textarea") {
    field.selectionStart = 0;
    field.selectionEnd = field.value.length;
    field.focus();
  } else {
    const range = field.ownerDocument.createRange();
    range.selectNodeContents(field);
    const selection = field.ownerDocument.defaultView.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    field.focus();
  }
}

function focusOn(element, resets) {
  const active = element.getRootNode().activeElement;
  const wasFocused = active === element && element.ownerDocument.hasFocus();
  if (element.isContentEditable && !wasFocused && active && active.blur) active.blur();
  element.focus();
  if (resets && !wasFocused && element.nodeName === "INPUT") {
    try {
      element.setSelectionRange(0, 0);
    } catch {
      // Fields of numbers and dates have no selection.
    }
  }
  return {};
}

function choose(element, values) {
  const lacking = missing(element, ["visible", "enabled"]);
  if (lacking) return { missing: lacking };
  const list = meant(element, "label");
  if (list.nodeName !== "SELECT") return { error: "Element is not a <select> element" };
  let wanted = [...values];
  const chosen = [];
  for (const option of list.options) {
    const isWanted = (text) => text === option.value || text === option.label;
    if (!wanted.some(isWanted)) continue;
    if (looking(() => isDisabled(option))) return { retry: "option being selected is not enabled" };
    chosen.push(option);
    wanted = list.multiple ? wanted.filter((text) => !isWanted(text)) : [];
    if (!list.multiple) break;
  }
  if (wanted.length) return { retry: "did not find some options" };
  list.value = undefined;
  for (const option of chosen) option.selected = true;
  changed(list);
  return { done: chosen.map((option) => option.value) };
}

// Whether the first element with this text is seen: "visible", "hidden" or "absent".
function textState(text) {
  return looking(() => {
    const wanted = { text: flattened(text), isExact: false };
    for (const element of everyElement(document, "*"))
      if (isSmallest(element, wanted)) return isVisible(element) ? "visible" : "hidden";
    return "absent";
  });
}

function hasState(text, state) {
  const now = textState(text);
  return state === "visible" ? now === "visible" : now !== "visible";
}

async function textBecomes(text, state, milliseconds) {
  const until = performance.now() + milliseconds;
  const pauses = [0, 20, 50, 100, 100];
  for (let turn = 0; ; turn++) {
    if (hasState(text, state)) return true;
    if (performance.now() > until) return false;
    await new Promise((done) => setTimeout(done, pauses[Math.min(turn, pauses.length - 1)] || 200));
  }
}

// A name for the one element that a selector finds, so that later calls can name it as they name references.
function pick(selector, step) {
  let found;
  try {
    found = selected(selector, step);
  } catch {
    return { error: `"${selector}" is neither a reference nor a selector` };
  }
  const { all, leadsOn } = found;
  if (all.length !== 1) return { count: all.length };
  if (leadsOn && !["IFRAME", "FRAME"].includes(tagOf(all[0]))) return { error: `"${selector}" leads into an element that is no frame` };
  const ref = `${leadsOn ? `frame ${step}` : "selector"} ${selector}`;
  keep(ref, all[0]);
  return { ref, leadsOn };
}

function box(element) {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x: x + scrollX, y: y + scrollY, width, height };
}

// The fields of a sign-in form: those that can be seen, the one for the password first.
function signIn() {
  return looking(() => {
    const isUsable = (element) => isVisible(element) && !isDisabled(element) && isReadOnly(element) !== true;
    const fields = everyElement(document, "input").filter(isUsable);
    const password = fields.find((field) => field.type === "password");
    const form = (password && password.form) || document;
    const texts = fields.filter((field) => ["text", "email", "tel", ""].includes(field.type) && (form === document || field.form === form));
    const hint = (field) => `${field.autocomplete} ${field.name} ${field.id} ${field.type}`.toLowerCase();
    const user = texts.find((field) => /user|mail|login|account/.test(hint(field))) || texts[0];
    const owner = (password || user || {}).form || document;
    const buttons = everyElement(owner, "button, input[type=submit], input[type=image], [role=button]").filter(isUsable);
    const submit = buttons.find((button) => button.type === "submit" || button.type === "image") || buttons[0];
    return { user: user && name(user), password: password && name(password), submit: submit && name(submit) };
  });
}

// A title can be as long as a page likes.
function titleNow() {
  return titleOf(document).slice(0, 5000);
}

function use(ref, work) {
  const element = found(ref);
  return element ? work(element) : { gone: true };
}

const HANDLERS = {
  snapshot: ({ prefix, options }) => ({ text: snapshot(prefix, options), title: titleNow() }),
  prepare: () => (prepare(), {}),
  has: ({ ref }) => ({ has: Boolean(found(ref)) }),
  pick: ({ selector, step }) => pick(selector, step),
  locator: ({ ref }) => use(ref, (element) => ({ code: locator(element), preview: preview(element) })),
  aim: ({ ref, ...rest }) => use(ref, (element) => aim(element, rest)),
  fill: ({ ref, text }) => use(ref, (element) => fill(element, text)),
  focus: ({ ref, resets }) => use(ref, (element) => focusOn(element, resets)),
  choose: ({ ref, values }) => use(ref, (element) => choose(element, values)),
  show: ({ ref }) => use(ref, (element) => (scrollTo(element), {})),
  offset: ({ ref, x, y }) => use(ref, (element) => frameOffset(element, x, y)),
  match: ({ lines, pattern }) => {
    const [, source, flags] = /^\/(.*)\/([a-z]*)$/s.exec(pattern) || [null, pattern, ""];
    let wanted;
    try {
      wanted = new RegExp(source, flags.replace(/[gy]/g, ""));
    } catch {
      return {};
    }
    return { lines: lines.flatMap((line, index) => (wanted.test(line) ? [index] : [])) };
  },
  signIn,
  title: () => ({ text: titleNow() }),
  called: ({ text, kind }) => called(text, kind),
  standing: () => standing(),
  value: ({ ref }) => use(ref, (element) => ({ text: "value" in element ? String(element.value) : flattened(element.textContent || "") })),
  scrolled: () => ({ x: scrollX, y: scrollY }),
  box: ({ ref }) => use(ref, (element) => box(element)),
  wait: ({ text, state, milliseconds }) => textBecomes(text, state, milliseconds).then((is) => ({ is })),
  settle: async ({ frames, looks }) => {
    for (let count = 0; count < frames; count++) await frameTime();
    // Two turns of the page's own work, since a handler often puts off the rest to the next.
    for (let count = 0; count < 2; count++) await new Promise((done) => setTimeout(done, 0));
    // A large page is looked at only where it has come to rest.
    const isSmall = looks && document.getElementsByTagName("*").length < 5000;
    return isSmall ? { text: snapshot("", {}), title: titleNow() } : {};
  },
};

// A name for an element that has no reference, such as the one that holds a frame.
let names = 0;

function name(element) {
  for (const map of [known, picked]) for (const [ref, one] of map) if (one === element) return ref;
  names += 1;
  const ref = `element ${names}`;
  keep(ref, element);
  return ref;
}

function handle(name, given) {
  return HANDLERS[name](given);
}
