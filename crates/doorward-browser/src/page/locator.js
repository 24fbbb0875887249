// The line of code that another tool would find the same element with: the cheapest description that fits it alone.
// Prices: a role with a name is better than a placeholder, a label, a text, a title; ids and tags come late.

const PRICE = {
  testId: 1, otherTestId: 2, frameAttribute: 10, role: 100, placeholder: 120, label: 140, alt: 160, text: 180, title: 200,
  pattern: 250, id: 500, roleAlone: 510, inputName: 520, tag: 530, nth: 10000, path: 10000000,
};
const EXACT = 5;
const LOCATOR_TIME = 1500;

const token = (engine, price, fields) => ({ engine, price, ...fields });
const css = (selector, price) => token("css", price, { selector });
const quotedLength = (text) => JSON.stringify(text).length + 1;

// What the description would be long; long ones cost a little more.
function weigh(one) {
  if (one.price <= 50 || one.price >= 300) return one;
  const length = {
    css: () => one.selector.length,
    attribute: () => one.name.length + 3 + one.text.replace(/[\\"]/g, "\\$&").length + 3,
    label: () => quotedLength(one.text),
    text: () => quotedLength(one.text),
    has: () => (one.pattern ? String(one.pattern).length : quotedLength(one.text)),
    role: () => one.role.length + (one.text === undefined ? 0 : 8 + one.text.replace(/[\\"]/g, "\\$&").length + 3),
  }[one.engine];
  one.price += Math.min(10, Math.floor((length ? length() : 0) / 10));
  return one;
}

function wholeText(element) {
  const notes = notesOf(element);
  if (notes.text === undefined) notes.text = readText(element);
  return notes.text;
}

function readText(element) {
  const nothing = { full: "", flat: "" };
  const { head } = element.ownerDocument || {};
  if (["SCRIPT", "NOSCRIPT", "STYLE"].includes(element.nodeName) || (head && head.contains(element))) return nothing;
  if (element instanceof HTMLInputElement && (element.type === "submit" || element.type === "button"))
    return { full: element.value, flat: flattened(element.value) };
  let full = "";
  for (const child of ofNode(element, "childNodes")) {
    if (child.nodeType === 3) full += child.nodeValue || "";
    else if (child.nodeType === 1) full += wholeText(child).full;
  }
  if (element.shadowRoot) full += wholeText(element.shadowRoot).full;
  return { full, flat: full ? flattened(full) : "" };
}

function labelTexts(element) {
  const by = labelledBy(element);
  if (by) return by.map((one) => wholeText(one).flat);
  const stated = element.getAttribute("aria-label");
  if (stated !== null && stated.trim()) return [flattened(stated)];
  const isLabelled = ["BUTTON", "METER", "OUTPUT", "PROGRESS", "SELECT", "TEXTAREA"].includes(element.nodeName) ||
    (element.nodeName === "INPUT" && element.type !== "hidden");
  return isLabelled ? labelsOf(element).map((label) => wholeText(label).flat) : [];
}

function everyElement(root, selector) {
  const all = [];
  const pending = [root];
  while (pending.length) {
    const at = pending.shift();
    if (at.shadowRoot) pending.push(at.shadowRoot);
    for (const element of at.querySelectorAll("*")) {
      if (Element.prototype.matches.call(element, selector)) all.push(element);
      if (element.shadowRoot) pending.push(element.shadowRoot);
    }
  }
  return all;
}

function fits(text, { text: wanted, pattern, isExact }) {
  if (pattern) return pattern.test(text);
  return isExact ? text === wanted : text.toLowerCase().includes(wanted.toLowerCase());
}

// Every element below `root` that one token describes.
function matching(root, one) {
  switch (one.engine) {
    case "css":
      return everyElement(root, one.selector);
    case "testId":
      return everyElement(root, "[data-testid]").filter((element) => element.getAttribute("data-testid") === one.text);
    case "attribute":
      return everyElement(root, `[${one.name}]`).filter((element) => fits(element.getAttribute(one.name), one));
    case "label":
      return everyElement(root, "*").filter((element) => labelTexts(element).some((text) => fits(text, one)));
    case "role":
      return everyElement(root, "*").filter((element) => roleOf(element) === one.role && !isHidden(element) &&
        ((one.text === undefined && !one.pattern) ||
          fits(flattened(nameOf(element)), { ...one, text: one.text === undefined ? one.text : flattened(one.text) })));
    case "text": {
      const itself = root.nodeType === 1 ? [root] : [];
      return [...itself, ...everyElement(root, "*")].filter((element) => isSmallest(element, one));
    }
    case "has": {
      if (root.nodeType !== 1) return [];
      const text = wholeText(root);
      return (one.pattern ? one.pattern.test(text.full) : fits(text.flat, one)) ? [root] : [];
    }
    case "is":
      return root.nodeType === 1 && isSmallest(root, one) ? [root] : [];
    case "seen":
      return root.nodeType === 1 && isVisible(root) ? [root] : [];
    case "xpath": {
      const path = root !== document && one.path.startsWith("/") ? `.${one.path}` : one.path;
      const nodes = document.evaluate(path, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
      return Array.from({ length: nodes.snapshotLength }, (_, index) => nodes.snapshotItem(index)).filter((node) => node.nodeType === 1);
    }
    default:
      return [];
  }
}

// An element whose text fits while no child's does.
function isSmallest(element, one) {
  if (!fits(wholeText(element).flat, one) || ["SCRIPT", "NOSCRIPT", "STYLE"].includes(element.nodeName)) return false;
  if ([...ofNode(element, "children")].some((child) => fits(wholeText(child).flat, one))) return false;
  return !(element.shadowRoot && fits(wholeText(element.shadowRoot).flat, one)) && wholeText(element).full !== "";
}

function matchingAll(root, tokens) {
  let roots = [root];
  for (const one of tokens) {
    if (one.engine === "nth") roots = one.index < 0 ? roots.slice(one.index) : roots.slice(one.index, one.index + 1);
    else roots = [...new Set(roots.flatMap((at) => matching(at, one)))];
  }
  return roots;
}

function sum(tokens) {
  return tokens.reduce((total, one, index) => total + one.price * (tokens.length - index), 0);
}

function cut(text, most) {
  if (text.length <= most) return text;
  const match = /^(.*)\b(.+?)$/.exec(text.substring(0, most));
  return match ? match[1].trimEnd() : "";
}

// A text without the number at its start or end, and its beginning.
function shorter(text) {
  const made = [];
  const lead = /^([\d.,]+)[^.,\w]/.exec(text);
  const trail = /[^.,\w]([\d.,]+)$/.exec(text);
  const bonus = (one) => (one.length <= 30 ? 2 : 1);
  if (lead) made.push(cut(text.substring(lead[1].length).trimStart(), 80));
  if (trail) made.push(cut(text.substring(0, text.length - trail[1].length).trimEnd(), 80));
  const found = made.map((one) => ({ text: one, bonus: bonus(one) }));
  if (text.length <= 30) found.push({ text, bonus: 0 });
  else found.push({ text: cut(text, 80), bonus: 0 }, { text: cut(text, 30), bonus: 1 });
  const kept = found.filter((one) => one.text);
  return kept.length ? kept : [{ text: text.substring(0, 80), bonus: 0 }];
}

function both(engine, price, text, fields = {}) {
  const exact = token(engine, price + EXACT, { text, isExact: true, ...fields });
  return [exact, ...shorter(text).map((one) => token(engine, price - one.bonus, { text: one.text, isExact: false, ...fields }))];
}

const tagName = (element) => element.nodeName.toLowerCase().replace(/[:.]/g, "\\$&");
const quoted = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;
const idSelector = (id) => (/^[a-zA-Z][a-zA-Z0-9\-_]+$/.test(id) ? "#" + id : `[id=${quoted(id)}]`);

// Ids made by programs change from one page to the next.
function isMade(id) {
  const kind = (one) => (/[a-z]/.test(one) ? "lower" : /[A-Z]/.test(one) ? "upper" : /[0-9]/.test(one) ? "digit" : "other");
  let last;
  let changes = 0;
  for (const one of id.split("")) {
    if (one === "-" || one === "_") continue;
    const now = kind(one);
    if (!(now === "lower" && last === "upper") && last && last !== now) changes += 1;
    last = now;
  }
  return changes >= id.length / 4;
}

function plainTokens(element) {
  const tokens = [];
  const attribute = (name) => element.getAttribute(name);
  for (const name of ["data-test-id", "data-test"])
    if (attribute(name)) tokens.push(css(`[${name}=${quoted(attribute(name))}]`, PRICE.otherTestId));
  const id = attribute("id");
  if (id && !isMade(id)) tokens.push(css(idSelector(id), PRICE.id));
  const tag = tagName(element);
  tokens.push(css(tag, PRICE.tag));
  if (element.nodeName === "IFRAME") {
    for (const name of ["name", "title"])
      if (attribute(name)) tokens.push(css(`${tag}[${name}=${quoted(attribute(name))}]`, PRICE.frameAttribute));
    if (attribute("data-testid")) tokens.push(css(`[data-testid=${quoted(attribute("data-testid"))}]`, PRICE.testId));
    return tokens;
  }
  if (attribute("data-testid")) tokens.push(token("testId", PRICE.testId, { text: attribute("data-testid") }));
  const isText = element.nodeName === "INPUT" || element.nodeName === "TEXTAREA";
  if (isText && element.placeholder)
    tokens.push(...both("attribute", PRICE.placeholder, element.placeholder, { name: "placeholder" }));
  for (const label of labelTexts(element)) tokens.push(...both("label", PRICE.label, label));
  const role = roleOf(element);
  if (role && !isPresentational(role)) tokens.push(token("role", PRICE.roleAlone, { role }));
  const NAMED = ["BUTTON", "FORM", "FIELDSET", "FRAME", "IFRAME", "INPUT", "KEYGEN", "OBJECT", "OUTPUT", "SELECT",
    "TEXTAREA", "MAP", "META", "PARAM"];
  if (attribute("name") && NAMED.includes(element.nodeName))
    tokens.push(css(`${tag}[name=${quoted(attribute("name"))}]`, PRICE.inputName));
  if (isText && attribute("type") && attribute("type") !== "hidden")
    tokens.push(css(`${tag}[type=${quoted(attribute("type"))}]`, PRICE.inputName));
  if ((isText || element.nodeName === "SELECT") && attribute("type") !== "hidden")
    tokens.push(css(tag, PRICE.inputName + 1));
  return tokens;
}

function textTokens(element, isTarget) {
  if (element.nodeName === "SELECT") return [];
  const groups = [];
  const title = element.getAttribute("title");
  if (title) groups.push(...both("attribute", PRICE.title, title, { name: "title" }).map((one) => [one]));
  const alt = element.getAttribute("alt");
  if (alt && ["APPLET", "AREA", "IMG", "INPUT"].includes(element.nodeName))
    groups.push(...both("attribute", PRICE.alt, alt, { name: "alt" }).map((one) => [one]));
  const text = wholeText(element).flat;
  const has = text ? shorter(text).map((one) => token("has", PRICE.text - one.bonus, { text: one.text, isExact: false })) : [];
  const pattern = () => token("has", PRICE.pattern, { pattern: new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) });
  if (text) {
    if (isTarget) {
      const [exact, ...loose] = both("text", PRICE.text, text);
      groups.push(...[...(text.length <= 80 ? [exact] : []), ...loose].map((one) => [one]));
    }
    const tag = css(tagName(element), PRICE.tag);
    for (const one of has) groups.push([tag, { ...one }]);
    if (text.length <= 80) groups.push([tag, pattern()]);
  }
  const role = roleOf(element);
  if (role && !isPresentational(role)) {
    const name = nameOf(element);
    if (name) groups.push(...both("role", PRICE.role, name, { role }).map((one) => [one]));
    else {
      const alone = token("role", PRICE.roleAlone, { role });
      for (const one of has) groups.push([alone, { ...one }]);
      if (text.length <= 80) groups.push([alone, pattern()]);
    }
  }
  return groups;
}

function cheapest(scope, element, groups, allowsNth) {
  const sorted = groups.map((tokens) => ({ tokens, total: sum(tokens) })).sort((one, other) => one.total - other.total);
  let numbered = null;
  for (const { tokens } of sorted) {
    const all = matchingAll(scope, tokens);
    if (all.length === 1 && all[0] === element) return tokens;
    const index = all.indexOf(element);
    if (allowsNth && !numbered && index !== -1 && all.length <= 5) numbered = [...tokens, token("nth", PRICE.nth, { index })];
  }
  return numbered;
}

function tokensFor(target, until) {
  const shelves = [new Map(), new Map()];
  const notPatterns = (groups) => groups.filter((tokens) => !tokens.some((one) => one.pattern && tokens[0] === one));
  const calculate = (element, allowsText) => {
    if (performance.now() > until) return null;
    const isTarget = element === target;
    const texts = allowsText ? textTokens(element, isTarget) : [];
    texts.flat().forEach((one, index, all) => all.indexOf(one) === index && weigh(one));
    const plain = plainTokens(element).map((one) => [weigh(one)]);
    const usable = isTarget ? texts : notPatterns(texts);
    let best = cheapest(element.ownerDocument, element, [...usable, ...plain], isTarget);
    const within = (groups) => {
      const allowsAbove = allowsText && !groups.length;
      const candidates = [...groups, ...plain].filter((tokens) => !best || sum(tokens) < sum(best));
      let inner = candidates[0];
      if (!inner) return;
      for (let above = parentOf(element); above; above = parentOf(above)) {
        const outer = cached(above, allowsAbove);
        if (!outer || (best && sum([...outer, ...inner]) >= sum(best))) continue;
        inner = cheapest(above, element, candidates, isTarget);
        if (!inner) return;
        const combined = [...outer, ...inner];
        if (!best || sum(combined) < sum(best)) best = combined;
      }
    };
    const kept = notPatterns(texts);
    within(kept);
    if (isTarget && kept.length) within([]);
    return best;
  };
  const cached = (element, allowsText) => {
    const shelf = shelves[allowsText ? 1 : 0];
    if (!shelf.has(element)) shelf.set(element, calculate(element, allowsText));
    return shelf.get(element);
  };
  return calculate(target, true);
}

// The way down by ids, classes and places, where nothing better is unique.
function pathTo(target) {
  const parts = [];
  const { ownerDocument: root } = target;
  const unique = (first) => {
    const selector = [...(first ? [first] : []), ...parts].join(" > ");
    return everyElement(root, selector)[0] === target ? selector : null;
  };
  const strict = (selector) => {
    const all = everyElement(root, selector);
    const one = css(selector, PRICE.path);
    return all.length === 1 ? [one] : [one, token("nth", PRICE.nth, { index: all.indexOf(target) })];
  };
  for (let at = target; at; at = parentOf(at)) {
    let best = "";
    if (ofNode(at, "id")) {
      best = idSelector(ofNode(at, "id"));
      if (unique(best)) return strict(unique(best));
    }
    const above = ofNode(at, "parentNode");
    const classes = [...at.classList].map((name) => CSS.escape(name));
    for (let count = 1; count <= classes.length; count++) {
      const selector = "." + classes.slice(0, count).join(".");
      if (unique(selector)) return strict(unique(selector));
      if (!best && above && above.querySelectorAll(selector).length === 1) best = selector;
    }
    if (above) {
      const siblings = [...ofNode(above, "children")];
      const isFirst = siblings.filter((one) => one.nodeName === at.nodeName).indexOf(at) === 0;
      const selector = isFirst ? tagName(at) : `${tagName(at)}:nth-child(${1 + siblings.indexOf(at)})`;
      if (unique(selector)) return strict(unique(selector));
      best = best || selector;
    }
    parts.unshift(best || tagName(at));
  }
  return strict(unique() || parts.join(" > "));
}

function inCode(text) {
  const inner = JSON.stringify(text).slice(1, -1).replace(/\\"/g, '"');
  return `'${inner.replace(/'/g, "\\'")}'`;
}

function render(tokens) {
  const calls = [];
  const exact = (name, one) => `${name}(${inCode(one.text)}${one.isExact ? ", { exact: true }" : ""})`;
  const BY = { placeholder: "getByPlaceholder", alt: "getByAltText", title: "getByTitle" };
  for (let index = 0; index < tokens.length; index++) {
    const one = tokens[index];
    if (one.engine === "css") {
      let { selector } = one;
      while (index + 1 < tokens.length && tokens[index + 1].engine === "css") selector += " " + tokens[++index].selector;
      calls.push(`locator(${inCode(selector)})`);
    } else if (one.engine === "testId") calls.push(`getByTestId(${inCode(one.text)})`);
    else if (one.engine === "attribute") calls.push(exact(BY[one.name], one));
    else if (one.engine === "label") calls.push(exact("getByLabel", one));
    else if (one.engine === "text") calls.push(exact("getByText", one));
    else if (one.engine === "has") calls.push(`filter({ hasText: ${one.pattern || inCode(one.text)} })`);
    else if (one.engine === "nth") calls.push(one.index === 0 ? "first()" : `nth(${one.index})`);
    else {
      const name = one.text === undefined ? "" : `, { name: ${inCode(one.text)}${one.isExact ? ", exact: true" : ""} }`;
      calls.push(`getByRole(${inCode(one.role)}${name})`);
    }
  }
  return calls.join(".");
}

function locator(element) {
  return looking(() => {
    let target = element;
    if (!target.matches("input,textarea,select") && !target.isContentEditable) {
      const control = closestAcross(target, "button,select,input,[role=button],[role=checkbox],[role=radio],a,[role=link]");
      if (control && isVisible(control)) target = control;
    }
    if (target.ownerDocument.documentElement === target) return "locator('html')";
    return render(tokensFor(target, performance.now() + LOCATOR_TIME) || pathTo(target));
  });
}
