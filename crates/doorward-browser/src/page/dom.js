// What an element is and whether it can be seen. Each look at the page gets a fresh memory, since the page moves on.

let memory = null;

function looking(work) {
  if (memory) return work();
  memory = new Map();
  try {
    return work();
  } finally {
    memory = null;
  }
}

// What `find` finds out of an element, found out once in each look.
function once(name, find) {
  return (element) => {
    if (!memory) return find(element);
    let notes = memory.get(element);
    if (!notes) memory.set(element, (notes = {}));
    if (!(name in notes)) notes[name] = find(element);
    return notes[name];
  };
}

// A form may hold a field that is named as one of its own properties, and then gives the field in its place.
const plain = (type, names) => names.map((name) => [name, Object.getOwnPropertyDescriptor(type.prototype, name).get]);
const PLAIN = new Map([...plain(Node, ["parentElement", "parentNode", "childNodes"]), ...plain(Element, ["children", "attributes", "id"])]);

function ofNode(node, name) {
  return node instanceof HTMLFormElement ? PLAIN.get(name).call(node) : node[name];
}

function tagOf(element) {
  return element instanceof HTMLFormElement ? "FORM" : String(element.tagName).toUpperCase();
}

const styleOf = once("style", (element) => computedStyle(element));

function computedStyle(element, pseudo) {
  const view = element.ownerDocument && element.ownerDocument.defaultView;
  return view ? view.getComputedStyle(element, pseudo) : undefined;
}

function parentOf(element) {
  const above = ofNode(element, "parentElement");
  if (above) return above;
  const root = ofNode(element, "parentNode");
  return root && root.nodeType === 11 && root.host ? root.host : null;
}

function rootOf(element) {
  let node = element;
  for (let above = ofNode(node, "parentNode"); above; above = ofNode(node, "parentNode")) node = above;
  return node.nodeType === 11 || node.nodeType === 9 ? node : null;
}

// `closest` that also climbs out of shadow trees.
function closestAcross(element, selector) {
  for (let at = element; at; ) {
    const found = at.closest(selector);
    if (found) return found;
    let top = at;
    for (let above = ofNode(top, "parentElement"); above; above = ofNode(top, "parentElement")) top = above;
    at = parentOf(top);
  }
  return null;
}

const isRendered = once("rendered", (element) => {
  const style = styleOf(element);
  return !style || (element.checkVisibility() && style.visibility === "visible");
});

function isTextShown(node) {
  const range = node.ownerDocument.createRange();
  range.selectNode(node);
  const { width, height } = range.getBoundingClientRect();
  return width > 0 && height > 0;
}

const isVisible = once("visible", (element) => {
  const style = styleOf(element);
  if (!style) return true;
  if (style.display === "contents") {
    for (let child = element.firstChild; child; child = child.nextSibling) {
      if (child.nodeType === 1 && isVisible(child)) return true;
      if (child.nodeType === 3 && isTextShown(child)) return true;
    }
    return false;
  }
  if (!isRendered(element)) return false;
  const { width, height } = element.getBoundingClientRect();
  return width > 0 && height > 0;
});

const takesPointer = once("pointer", (element) => {
  const style = styleOf(element);
  return !style || !style.pointerEvents || style.pointerEvents !== "none";
});

// Elements that are never part of the accessible tree.
const MUTE = new Set(["STYLE", "SCRIPT", "NOSCRIPT", "TEMPLATE"]);

const isHidden = once("hidden", (element) => {
  if (MUTE.has(tagOf(element))) return true;
  const style = styleOf(element);
  const isSlot = element.nodeName === "SLOT";
  if (style && style.display === "contents" && !isSlot) {
    for (let child = element.firstChild; child; child = child.nextSibling) {
      if (child.nodeType === 1 && !isHidden(child)) return false;
      if (child.nodeType === 3 && isTextShown(child)) return false;
    }
    return true;
  }
  const isOption = element.nodeName === "OPTION" && element.closest("select");
  if (!isOption && !isSlot && !isRendered(element)) return true;
  return isLeftOut(element);
});

// display: none, aria-hidden, inert, or a child of a shadow host without a slot: of itself or of any ancestor.
const isLeftOut = once("left out", (element) => {
  const parent = ofNode(element, "parentElement");
  if (parent && parent.shadowRoot && !element.assignedSlot) return true;
  const style = styleOf(element);
  if (!style || style.display === "none" || element.hasAttribute("inert")) return true;
  if ((element.getAttribute("aria-hidden") || "").toLowerCase() === "true") return true;
  const above = parentOf(element);
  return above ? isLeftOut(above) : false;
});

// What stands in a field, as a screen shows it: a password is not read out.
function writtenIn(field) {
  return field.type === "password" && field.value ? "\u2022".repeat(8) : field.value;
}

function referred(element, ids) {
  const root = ids ? rootOf(element) : null;
  if (!root) return [];
  const found = new Set();
  for (const id of ids.split(" ").filter(Boolean)) {
    const one = root.querySelector("#" + CSS.escape(id));
    if (one) found.add(one);
  }
  return [...found];
}

function flattened(text) {
  return text.replace(/[\u200b\u00ad]/g, "").trim().replace(/\s+/g, " ");
}

// Text made by CSS: `content` as strings and attr(); anything else counts as none.
const textBefore = once("before", (element) => textByStyle(element, "::before"));
const textAfter = once("after", (element) => textByStyle(element, "::after"));
const textInstead = once("instead", (element) => textByStyle(element));

function textByStyle(element, pseudo) {
  const style = pseudo ? computedStyle(element, pseudo) : styleOf(element);
  if (!style || !style.content || style.content === "none" || style.content === "normal") return undefined;
  if (style.display === "none" || style.visibility === "hidden") return undefined;
  const text = readContent(element, style.content, Boolean(pseudo));
  if (!pseudo || text === undefined) return text;
  return (style.display || "inline") === "inline" ? text : ` ${text} `;
}

function readContent(element, source, isPseudo) {
  const token = /\s*(?:"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|attr\(\s*([\w-]+)\s*\)|(\/)|(\S))/gy;
  let parts = [];
  let hasAlternative = false;
  while (token.lastIndex < source.trimEnd().length) {
    const match = token.exec(source);
    if (!match) return undefined;
    const [, double, single, attribute, slash, other] = match;
    const quoted = double === undefined ? single : double;
    if (quoted !== undefined) parts.push(unescaped(quoted));
    else if (attribute !== undefined) parts.push(element.getAttribute(attribute) || "");
    else if (slash !== undefined && !hasAlternative) {
      hasAlternative = true;
      parts = [];
    } else if (other !== undefined && !hasAlternative && source.includes(" / ")) parts.push("");
    else return undefined;
  }
  return hasAlternative || isPseudo ? parts.join("") : undefined;
}

function unescaped(text) {
  return text.replace(/\\(?:([0-9a-fA-F]{1,6})\s?|\n|([^]))/g, (_, code, plain) =>
    code ? String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)) : plain || "");
}
