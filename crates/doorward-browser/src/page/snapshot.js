// The accessible tree as text. A reference stays with its element while role and name stay; else it gets the next number.

const references = new WeakMap();
let counter = 0;
let known = new Map();
// Elements that were found otherwise; a look at the page does not forget them.
const picked = new Map();
const PICKED_AT_MOST = 500;

function keep(ref, element) {
  picked.delete(ref);
  picked.set(ref, element);
  if (picked.size > PICKED_AT_MOST) picked.delete(picked.keys().next().value);
}

const NODES_AT_MOST = 250000;
const TEXT_AT_MOST = 2000000;
const TIME_AT_MOST = 8000;

function makeNode(element, role) {
  return { element, role, name: "", children: [], url: undefined, ref: undefined, states: null };
}

function snapshot(prefix, options = {}) {
  const body = options.ref ? found(options.ref) : bodyOf(document);
  if (!body) return null;
  const { lines, written } = draw(body, prefix, options);
  if (options.ref) for (const [ref, element] of written) known.set(ref, element);
  else known = written;
  return lines.join("\n");
}

// The lines of a tree, and the elements whose references stand in them.
function draw(body, prefix, options) {
  return looking(() => {
    const budget = { nodes: 0, until: performance.now() + TIME_AT_MOST, isOver: false };
    const root = makeNode(body, "fragment");
    grow(root, body, { prefix, budget, visited: new Set(), active: activeIn(body.ownerDocument) });
    joinTexts(root);
    dropEmpty(root);
    const lines = [];
    const written = new Map();
    const size = { left: TEXT_AT_MOST, isOver: budget.isOver, boxes: Boolean(options.boxes), depth: options.depth };
    for (const child of root.children) write(child, 0, lines, written, size);
    if (size.isOver) lines.push("- text: (the page is larger than a snapshot may be; the rest is left out)");
    return { lines, written };
  });
}

// Draws a page that nobody sees, while the first true one is still on its way: the engine has read this script then.
function prepare() {
  const kept = counter;
  const page = document.implementation.createHTMLDocument("");
  bodyOf(page).innerHTML = `<h1>a</h1><form><label>b <input></label><label><input type=checkbox> c</label><button>d</button>
    </form><ul><li><a href=#>e</a><li>f: g</ul><table><tr><td>h<td><img alt=i></table><select><option>j</select>`;
  draw(bodyOf(page), "", {});
  counter = kept;
}

// Depth first, without recursion of the engine's stack where a page nests ten thousand deep.
function grow(root, body, walk) {
  walk.visited.add(body);
  const open = isOver(walk.budget) ? [] : [enter(root, body, walk)];
  while (open.length) {
    const element = open[open.length - 1];
    const child = element.next();
    if (!child) {
      leave(element);
      open.pop();
    } else if (child.nodeType === 3) {
      if (isOver(walk.budget)) return;
      if (element.isSeen && element.node.role !== "textbox") add(element.node, child.nodeValue);
    } else if (child.nodeType === 1 && !walk.visited.has(child)) {
      walk.visited.add(child);
      if (isOver(walk.budget)) return;
      open.push(enter(element.node, child, walk));
    }
  }
}

function isOver(budget) {
  budget.nodes += 1;
  if (budget.nodes > NODES_AT_MOST || (budget.nodes % 500 === 0 && performance.now() > budget.until)) budget.isOver = true;
  return budget.isOver;
}

// An element whose children are being walked: its own, or those of its slot, then those of its shadow, then what it owns.
class Entered {
  constructor(element, node, isSeen) {
    this.element = element;
    this.node = node;
    this.isSeen = isSeen;
    const style = styleOf(element);
    const tag = tagOf(element);
    // Without a place in the tree that is drawn it has no style at all.
    this.isBlock = tag === "BR" || ((style && style.display) || "inline") !== "inline";
    this.child = element.firstChild;
    this.others = null;
    const assigned = tag === "SLOT" ? element.assignedNodes() : [];
    const more = [...assigned, ...(element.shadowRoot ? element.shadowRoot.childNodes : []), ...owned(element)];
    if (assigned.length) this.child = null;
    if (more.length) this.others = more.values();
  }

  next() {
    while (this.child) {
      const { child } = this;
      this.child = child.nextSibling;
      if (!child.assignedSlot) return child;
    }
    return this.others && this.others.next().value;
  }
}

function enter(node, element, walk) {
  const isSeen = !isHidden(element) || isVisible(element);
  const own = isSeen ? describe(element, walk) : null;
  if (own) node.children.push(own);
  const entered = new Entered(element, own || node, isSeen);
  if (entered.isBlock) add(entered.node, " ");
  add(entered.node, textBefore(element));
  return entered;
}

function leave({ element, node, isBlock }) {
  add(node, textAfter(element));
  if (isBlock) add(node, " ");
  if (node.children.length === 1 && node.children[0] === node.name) node.children = [];
  if (node.role === "link" && element.hasAttribute("href")) node.url = element.getAttribute("href");
}

function add(node, text) {
  if (text) node.children.push(text);
}

function owned(element) {
  if (!element.hasAttribute("aria-owns")) return [];
  const ids = element.getAttribute("aria-owns").split(/\s+/);
  return ids.map((id) => element.ownerDocument.getElementById(id)).filter(Boolean);
}

function describe(element, walk) {
  const isFrame = tagOf(element) === "IFRAME";
  const role = isFrame ? "iframe" : roleOf(element) || "generic";
  if (isPresentational(role)) return null;
  const node = makeNode(element, role);
  if (!isFrame) node.name = flattened(nameOf(element));
  refer(node, walk);
  node.states = isFrame ? {} : statesOf(element, role);
  node.states.active = walk.active === element;
  if (!isFrame && isWritable(element)) add(node, writtenIn(element));
  return node;
}

function statesOf(element, role) {
  const states = {};
  if (CHECKED.has(role)) states.checked = checkedOf(element);
  if (DISABLED.has(role)) states.disabled = isDisabled(element);
  if (EXPANDED.has(role)) states.expanded = expandedOf(element);
  if (LEVELLED.has(role)) states.level = levelOf(element);
  if (role === "button") states.pressed = pressedOf(element);
  if (SELECTED.has(role)) states.selected = selectedOf(element);
  return states;
}

function isWritable(element) {
  const tag = tagOf(element);
  if (tag === "TEXTAREA") return element instanceof HTMLTextAreaElement;
  return tag === "INPUT" && element instanceof HTMLInputElement && !["checkbox", "radio", "file"].includes(element.type);
}

// Only what can be seen and takes the pointer gets a reference.
function refer(node, walk) {
  const { element } = node;
  if (!isVisible(element) || (node.role !== "iframe" && !takesPointer(element))) return;
  let reference = references.get(element);
  if (!reference || reference.role !== node.role || reference.name !== node.name) {
    counter += 1;
    reference = { role: node.role, name: node.name, ref: `${walk.prefix}e${counter}` };
    references.set(element, reference);
  }
  node.ref = reference.ref;
}

function joinTexts(node) {
  const joined = [];
  let texts = [];
  const flush = () => {
    const text = flattened(texts.join(""));
    if (text) joined.push(text);
    texts = [];
  };
  for (const child of node.children) {
    if (typeof child === "string") texts.push(child);
    else {
      flush();
      joinTexts(child);
      joined.push(child);
    }
  }
  flush();
  node.children = joined.length === 1 && joined[0] === node.name ? [] : joined;
}

// A nameless box around at most one thing that has a reference says nothing.
function dropEmpty(node) {
  const kept = [];
  for (const child of node.children) {
    if (typeof child === "string") kept.push(child);
    else kept.push(...dropEmpty(child));
  }
  const isNothing = node.role === "generic" && kept.length <= 1 && kept.every((one) => typeof one !== "string" && one.ref);
  if (isNothing) return kept;
  node.children = kept;
  return [node];
}

function write(node, depth, lines, written, size) {
  if (size.left <= 0) {
    size.isOver = true;
    return;
  }
  const indent = "  ".repeat(depth);
  const add = (line) => {
    size.left -= line.length;
    lines.push(indent + line);
  };
  if (typeof node === "string") {
    add("- text: " + value(node));
    return;
  }
  if (node.ref) written.set(node.ref, node.element);
  const start = "- " + key(head(node, size));
  const isLeaf = size.depth !== undefined && depth >= size.depth;
  const children = isLeaf ? [] : node.children;
  if (!children.length && node.url === undefined) add(start);
  else if (children.length === 1 && typeof children[0] === "string" && node.url === undefined)
    add(`${start}: ${value(children[0])}`);
  else {
    add(start + ":");
    if (node.url !== undefined) add("  - /url: " + value(node.url));
    for (const child of children) write(child, depth + 1, lines, written, size);
  }
}

function head(node, size) {
  let text = node.role;
  if (node.name && node.name.length <= 900) {
    const { name } = node;
    text += " " + (name.startsWith("/") && name.endsWith("/") ? name : JSON.stringify(name));
  }
  const { checked, disabled, expanded, active, level, pressed, selected } = node.states;
  if (checked) text += checked === "mixed" ? " [checked=mixed]" : " [checked]";
  if (disabled) text += " [disabled]";
  if (expanded) text += " [expanded]";
  if (active) text += " [active]";
  if (level) text += ` [level=${level}]`;
  if (pressed) text += pressed === "mixed" ? " [pressed=mixed]" : " [pressed]";
  if (selected) text += " [selected]";
  if (node.ref) {
    text += ` [ref=${node.ref}]`;
    const style = styleOf(node.element);
    if (style && style.cursor === "pointer") text += " [cursor=pointer]";
    if (size.boxes) {
      const box = node.element.getBoundingClientRect();
      text += ` [box=${[box.x, box.y, box.width, box.height].map(Math.round).join(",")}]`;
    }
  }
  return text;
}

// YAML: what another reader would take for something else is quoted.

// What no reader takes for anything but a text, which is nearly all there is.
const CLEAR = /^[A-Za-z][\w "'()[\]=.,/!?&+-]*[\w"')\]=.,/!?&+-]$/;

function isAmbiguous(text) {
  if (text.length > "Infinity".length && CLEAR.test(text)) return false;
  return text.length === 0 || /^\s|\s$/.test(text) || /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(text) ||
    text.startsWith("-") || /[\n:](\s|$)/.test(text) || /\s#/.test(text) || /[\n\r]/.test(text) ||
    /^[&*\],?!>|@"'#%[]/.test(text) || /[{}`]/.test(text) || !Number.isNaN(Number(text)) ||
    ["y", "n", "yes", "no", "true", "false", "on", "off", "null"].includes(text.toLowerCase());
}

function key(text) {
  return isAmbiguous(text) ? `'${text.replace(/'/g, "''")}'` : text;
}

const ESCAPES = { "\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function value(text) {
  if (!isAmbiguous(text)) return text;
  const escaped = text.replace(/[\\"\x00-\x1f\x7f-\x9f]/g, (one) =>
    ESCAPES[one] || "\\x" + one.charCodeAt(0).toString(16).padStart(2, "0"));
  return `"${escaped}"`;
}

function found(ref) {
  const element = known.get(ref) || picked.get(ref);
  return element && element.isConnected ? element : null;
}
