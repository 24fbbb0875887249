// What an element is and whether it can be seen. Each look at the page gets a fresh memory, since the page moves on.

let memory = null;

function looking(work) {
  if (memory) return work();
  memory = {};
  try {
    return work();
  } finally {
    memory = null;
  }
}

function remembered(shelf, key, make) {
  if (!memory) return make();
  const map = (memory[shelf] ??= new Map());
  if (map.has(key)) return map.get(key);
  const made = make();
  map.set(key, made);
  return made;
}

function tagOf(element) {
  // A form may hold a field named `tagName`.
  return element instanceof HTMLFormElement ? "FORM" : String(element.tagName).toUpperCase();
}

function styleOf(element, pseudo) {
  const view = element.ownerDocument && element.ownerDocument.defaultView;
  if (!view) return undefined;
  if (pseudo) return view.getComputedStyle(element, pseudo);
  return remembered("style", element, () => view.getComputedStyle(element));
}

function parentOf(element) {
  if (element.parentElement) return element.parentElement;
  const root = element.parentNode;
  return root && root.nodeType === 11 && root.host ? root.host : null;
}

function rootOf(element) {
  let node = element;
  while (node.parentNode) node = node.parentNode;
  return node.nodeType === 11 || node.nodeType === 9 ? node : null;
}

// `closest` that also climbs out of shadow trees.
function closestAcross(element, selector) {
  for (let at = element; at; ) {
    const found = at.closest(selector);
    if (found) return found;
    let top = at;
    while (top.parentElement) top = top.parentElement;
    at = parentOf(top);
  }
  return null;
}

function isRendered(element) {
  return remembered("rendered", element, () => {
    const style = styleOf(element);
    return !style || (element.checkVisibility() && style.visibility === "visible");
  });
}

function isTextShown(node) {
  const range = node.ownerDocument.createRange();
  range.selectNode(node);
  const { width, height } = range.getBoundingClientRect();
  return width > 0 && height > 0;
}

function isVisible(element) {
  return remembered("visible", element, () => computeVisible(element));
}

function computeVisible(element) {
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
  return remembered("pointer", element, () => {
    const style = styleOf(element);
    return !style || !style.pointerEvents || style.pointerEvents !== "none";
  });
}

// Elements that are never part of the accessible tree.
const MUTE = new Set(["STYLE", "SCRIPT", "NOSCRIPT", "TEMPLATE"]);

function isHidden(element) {
  return remembered("gone", element, () => computeHidden(element));
}

function computeHidden(element) {
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
}

// display: none, aria-hidden, inert, or a child of a shadow host without a slot: of itself or of any ancestor.
function isLeftOut(element) {
  return remembered("hidden", element, () => {
    const parent = element.parentElement;
    if (parent && parent.shadowRoot && !element.assignedSlot) return true;
    const style = styleOf(element);
    if (!style || style.display === "none" || element.hasAttribute("inert")) return true;
    if ((element.getAttribute("aria-hidden") || "").toLowerCase() === "true") return true;
    const above = parentOf(element);
    return above ? isLeftOut(above) : false;
  });
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
function contentOf(element, pseudo) {
  return remembered(`content${pseudo || ""}`, element, () => computeContent(element, pseudo));
}

function computeContent(element, pseudo) {
  const style = styleOf(element, pseudo);
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
    } else if (other !== undefined && !hasAlternative && source.includes("/")) parts.push("");
    else return undefined;
  }
  return hasAlternative || isPseudo ? parts.join("") : undefined;
}

function unescaped(text) {
  return text.replace(/\\(?:([0-9a-fA-F]{1,6})\s?|\n|([^]))/g, (_, code, plain) =>
    code ? String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)) : plain || "");
}
