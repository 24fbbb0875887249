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

// What was found out of an element, found out once in each look: undefined where it was not asked for yet.
class Notes {
  constructor() {
    this.tag = this.style = this.isRendered = this.isVisible = this.isHidden = this.isLeftOut = undefined;
    this.before = this.after = this.instead = this.role = this.name = this.text = undefined;
  }
}

function notesOf(element) {
  if (!memory) return new Notes();
  let notes = memory.get(element);
  if (!notes) memory.set(element, (notes = new Notes()));
  return notes;
}

// A form may hold a field that is named as one of its own properties, and then gives the field in its place.
const plain = (type, names) => names.map((name) => [name, Object.getOwnPropertyDescriptor(type.prototype, name).get]);
const PLAIN = new Map([...plain(Node, ["parentElement", "parentNode", "childNodes"]), ...plain(Element, ["children", "attributes", "id"])]);
const parentElementOf = Function.prototype.call.bind(PLAIN.get("parentElement"));
// So may a document, where an image or a form has the name.
const [bodyOf, activeIn, titleOf] = plain(Document, ["body", "activeElement", "title"]).map(([, get]) => Function.prototype.call.bind(get));

function ofNode(node, name) {
  return node instanceof HTMLFormElement ? PLAIN.get(name).call(node) : node[name];
}

// A form has no labels, but perhaps a field of that name.
function labelsOf(element) {
  return element instanceof HTMLFormElement ? [] : [...(element.labels || [])];
}

function tagOf(element) {
  const notes = notesOf(element);
  if (notes.tag === undefined) notes.tag = element instanceof HTMLFormElement ? "FORM" : String(element.tagName).toUpperCase();
  return notes.tag;
}

function styleOf(element) {
  const notes = notesOf(element);
  if (notes.style === undefined) notes.style = computedStyle(element);
  return notes.style;
}

function computedStyle(element, pseudo) {
  const view = element.ownerDocument && element.ownerDocument.defaultView;
  return view ? view.getComputedStyle(element, pseudo) : null;
}

function parentOf(element) {
  const above = parentElementOf(element);
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

function isRendered(element) {
  const notes = notesOf(element);
  if (notes.isRendered === undefined) {
    const style = styleOf(element);
    notes.isRendered = !style || (element.checkVisibility() && style.visibility === "visible");
  }
  return notes.isRendered;
}

function isTextShown(node) {
  const range = node.ownerDocument.createRange();
  range.selectNode(node);
  const { width, height } = range.getBoundingClientRect();
  return width > 0 && height > 0;
}

function isVisible(element) {
  const notes = notesOf(element);
  if (notes.isVisible === undefined) notes.isVisible = hasPlace(element);
  return notes.isVisible;
}

function hasPlace(element) {
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
}

function takesPointer(element) {
  const style = styleOf(element);
  return !style || style.pointerEvents !== "none";
}

// Elements that are never part of the accessible tree.
const MUTE = new Set(["STYLE", "SCRIPT", "NOSCRIPT", "TEMPLATE"]);

function isHidden(element) {
  const notes = notesOf(element);
  if (notes.isHidden === undefined) notes.isHidden = isNoPart(element);
  return notes.isHidden;
}

function isNoPart(element) {
  const tag = tagOf(element);
  if (MUTE.has(tag)) return true;
  const isSlot = tag === "SLOT";
  const isOption = tag === "OPTION" && element.closest("select");
  const style = styleOf(element);
  if (style && !isSlot && style.display === "contents") {
    for (let child = element.firstChild; child; child = child.nextSibling) {
      if (child.nodeType === 1 && !isHidden(child)) return false;
      if (child.nodeType === 3 && isTextShown(child)) return false;
    }
    return true;
  }
  if (!isOption && !isSlot && !isRendered(element)) return true;
  return isLeftOut(element);
}

// display: none, aria-hidden, inert, or a child of a shadow host without a slot: of itself or of any ancestor.
function isLeftOut(element) {
  const notes = notesOf(element);
  if (notes.isLeftOut === undefined) {
    const above = parentOf(element);
    notes.isLeftOut = leavesOut(element) || (above !== null && isLeftOut(above));
  }
  return notes.isLeftOut;
}

function leavesOut(element) {
  const parent = parentElementOf(element);
  if (parent && parent.shadowRoot && !element.assignedSlot) return true;
  if (element.hasAttribute("inert")) return true;
  const stated = element.getAttribute("aria-hidden");
  if (stated !== null && stated.toLowerCase() === "true") return true;
  const style = styleOf(element);
  return !style || style.display === "none";
}

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

// Whether nothing in a text has to be made one space, or to go.
function isFlat(text) {
  return !/[\u200b\u00ad]|^\s|\s$|\s\s|[^\S ]/.test(text);
}

function flattened(text) {
  return isFlat(text) ? text : text.replace(/[\u200b\u00ad]/g, "").trim().replace(/\s+/g, " ");
}

// Text made by CSS: `content` as strings and attr(); null where there is none or anything else.

function textBefore(element) {
  const notes = notesOf(element);
  if (notes.before === undefined) notes.before = textByStyle(element, "::before");
  return notes.before;
}

function textAfter(element) {
  const notes = notesOf(element);
  if (notes.after === undefined) notes.after = textByStyle(element, "::after");
  return notes.after;
}

function textInstead(element) {
  const notes = notesOf(element);
  if (notes.instead === undefined) notes.instead = textByStyle(element);
  return notes.instead;
}

function textByStyle(element, pseudo) {
  const style = pseudo ? computedStyle(element, pseudo) : styleOf(element);
  const content = style ? style.content : "none";
  if (!content || content === "none" || content === "normal") return null;
  if (style.display === "none" || style.visibility === "hidden") return null;
  const text = readContent(element, content, Boolean(pseudo));
  if (!pseudo || text === null) return text;
  return (style.display || "inline") === "inline" ? text : ` ${text} `;
}

function readContent(element, source, isPseudo) {
  const token = /\s*(?:"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|attr\(\s*([\w-]+)\s*\)|(\/)|(\S))/gy;
  let parts = [];
  let hasAlternative = false;
  while (token.lastIndex < source.trimEnd().length) {
    const match = token.exec(source);
    if (!match) return null;
    const [, double, single, attribute, slash, other] = match;
    const quoted = double === undefined ? single : double;
    if (quoted !== undefined) parts.push(unescaped(quoted));
    else if (attribute !== undefined) parts.push(element.getAttribute(attribute) || "");
    else if (slash !== undefined && !hasAlternative) {
      hasAlternative = true;
      parts = [];
    } else if (other !== undefined && !hasAlternative && source.includes(" / ")) parts.push("");
    else return null;
  }
  return hasAlternative || isPseudo ? parts.join("") : null;
}

function unescaped(text) {
  return text.replace(/\\(?:([0-9a-fA-F]{1,6})\s?|\n|([^]))/g, (_, code, plain) =>
    code ? String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)) : plain || "");
}
