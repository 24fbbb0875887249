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
  return { element, role, name: "", children: [], url: undefined, ref: undefined, states: {} };
}

function snapshot(prefix, options = {}) {
  return looking(() => {
    const body = options.ref ? found(options.ref) : document.body;
    if (!body) return null;
    const budget = { nodes: 0, until: performance.now() + TIME_AT_MOST, isOver: false };
    const map = new Map();
    const root = makeNode(body, "fragment");
    grow(root, body, { prefix, map, budget, visited: new Set() });
    joinTexts(root);
    dropEmpty(root);
    const lines = [];
    const written = new Map();
    const size = { left: TEXT_AT_MOST, isOver: budget.isOver, boxes: Boolean(options.boxes), depth: options.depth };
    for (const child of root.children) write(child, 0, lines, written, size);
    if (size.isOver) lines.push("- text: (the page is larger than a snapshot may be; the rest is left out)");
    if (options.ref) for (const [ref, element] of written) known.set(ref, element);
    else known = new Map([...written].map(([ref]) => [ref, map.get(ref)]));
    return lines.join("\n");
  });
}

// Depth first, without recursion of the engine's stack where a page nests ten thousand deep.
function grow(root, body, walk) {
  const tasks = [{ node: root, at: body, isShown: true }];
  while (tasks.length) {
    const task = tasks.pop();
    if (task.text !== undefined) {
      if (task.text) task.node.children.push(task.text);
    } else if (task.close) close(task.node, task.element);
    else if (!walk.visited.has(task.at)) {
      walk.visited.add(task.at);
      if (isOver(walk.budget)) return;
      enter(task, walk, tasks);
    }
  }
}

function isOver(budget) {
  budget.nodes += 1;
  if (budget.nodes > NODES_AT_MOST || (budget.nodes % 500 === 0 && performance.now() > budget.until)) budget.isOver = true;
  return budget.isOver;
}

function enter({ node, at, isShown }, walk, tasks) {
  if (at.nodeType === 3) {
    if (isShown && at.nodeValue && node.role !== "textbox") node.children.push(at.nodeValue);
    return;
  }
  if (at.nodeType !== 1) return;
  const isSeen = !isHidden(at) || isVisible(at);
  const own = isSeen ? describe(at, walk) : null;
  if (own) node.children.push(own);
  const into = own || node;
  const style = styleOf(at);
  const isBlock = ((style && style.display) || "inline") !== "inline" || at.nodeName === "BR";
  const gap = { node: into, text: isBlock ? " " : "" };
  const steps = [gap, { node: into, text: textBefore(at) || "" }];
  const assigned = at.nodeName === "SLOT" ? at.assignedNodes() : [];
  const visit = (child) => steps.push({ node: into, at: child, isShown: isSeen });
  if (assigned.length) assigned.forEach(visit);
  else {
    for (let child = at.firstChild; child; child = child.nextSibling) if (!child.assignedSlot) visit(child);
    if (at.shadowRoot) at.shadowRoot.childNodes.forEach(visit);
  }
  owned(at).forEach(visit);
  steps.push({ node: into, text: textAfter(at) || "" }, gap, { node: into, close: true, element: at });
  for (let index = steps.length - 1; index >= 0; index--) tasks.push(steps[index]);
}

function owned(element) {
  if (!element.hasAttribute("aria-owns")) return [];
  const ids = element.getAttribute("aria-owns").split(/\s+/);
  return ids.map((id) => element.ownerDocument.getElementById(id)).filter(Boolean);
}

function close(node, element) {
  if (node.children.length === 1 && node.children[0] === node.name) node.children = [];
  if (node.role === "link" && element.hasAttribute("href")) node.url = element.getAttribute("href");
}

function describe(element, walk) {
  const isActive = element.ownerDocument.activeElement === element;
  if (element.nodeName === "IFRAME") {
    const node = makeNode(element, "iframe");
    node.states.active = isActive;
    refer(node, walk);
    return node;
  }
  const role = roleOf(element) || "generic";
  if (isPresentational(role)) return null;
  const node = makeNode(element, role);
  node.name = flattened(nameOf(element) || "");
  refer(node, walk);
  const states = node.states;
  states.active = isActive;
  if (CHECKED.has(role)) states.checked = checkedOf(element);
  if (DISABLED.has(role)) states.disabled = isDisabled(element);
  if (EXPANDED.has(role)) states.expanded = expandedOf(element);
  if (LEVELLED.has(role)) states.level = levelOf(element);
  if (role === "button") states.pressed = pressedOf(element);
  if (SELECTED.has(role)) states.selected = selectedOf(element);
  const isInput = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  if (isInput && !["checkbox", "radio", "file"].includes(element.type)) node.children.push(writtenIn(element));
  return node;
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
  walk.map.set(node.ref, element);
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

function isAmbiguous(text) {
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
