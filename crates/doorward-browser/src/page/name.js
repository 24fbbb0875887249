// The accessible name, by "Accessible Name and Description Computation 1.2" and HTML-AAM.

const NAME_FROM_CONTENT = words(
  "button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio option radio row " +
  "rowheader switch tab tooltip treeitem");
const CONTENT_WITHIN = words(
  "caption code contentinfo definition deletion emphasis insertion list listitem mark none paragraph presentation " +
  "region row rowgroup section strong subscript superscript table term time");
const NEVER_NAMED = words(
  "caption code definition deletion emphasis generic insertion mark paragraph presentation strong subscript " +
  "suggestion superscript term time");

// Elements that have other ways to a name than attributes and what stands in them.
const OWN_WAYS = words(
  "AREA BUTTON FIELDSET FIGURE IFRAME IMG INPUT OUTPUT SELECT SLOT SUMMARY SVG TABLE TEXTAREA");

function nameOf(element) {
  const notes = notesOf(element);
  if (notes.name === undefined) notes.name = NEVER_NAMED.has(roleOf(element) || "") ? "" : findName(element);
  return notes.name;
}

function findName(element) {
  const text = plainName(element) ?? alternative(element, { visited: new Set(), place: "self" });
  if (isFlat(text)) return text;
  const chunks = text.split("\u00a0").map((chunk) =>
    chunk.replace(/\r\n/g, "\n").replace(/[\u200b\u00ad]/g, "").replace(/\s+/g, " "));
  return chunks.join("\u00a0").trim();
}

// The name of an element that has none, or one text for a name, as most have; null where it takes more to find out.
function plainName(element) {
  const tag = tagOf(element);
  if (OWN_WAYS.has(tag) || element.nodeName !== tag) return null;
  if (isNamed(element) || element.hasAttribute("title")) return null;
  if (!NAME_FROM_CONTENT.has(roleOf(element) || "")) return "";
  const child = element.firstChild;
  if (!child || child.nodeType !== 3 || child.nextSibling || element.shadowRoot || isHidden(element)) return null;
  if (element.hasAttribute("aria-owns") || textInstead(element) !== null) return null;
  return `${textBefore(element) || ""}${child.nodeValue}${textAfter(element) || ""}`;
}

function labelledBy(element) {
  const ids = element.getAttribute("aria-labelledby");
  const found = ids === null ? [] : referred(element, ids);
  return found.length ? found : null;
}

// `way` tells how the walk came here: `label`, `labelled`, `native` hold whether the start of that part was hidden;
// `place` is "self" for the element itself, "within" below it.
function alternative(element, way) {
  if (way.visited.has(element)) return "";
  const below = { ...way, place: way.place === "self" ? "within" : way.place };
  const isFromHidden = way.label === "hidden" || way.labelled === "hidden" || way.native === "hidden";
  if (MUTE.has(tagOf(element)) || (!isFromHidden && isHidden(element))) {
    way.visited.add(element);
    return "";
  }
  const labels = labelledBy(element);
  if (!way.labelled) {
    const parts = (labels || []).map((label) => alternative(label, { visited: way.visited, labelled: shown(label) }));
    const text = parts.join(" ");
    if (text) return text;
  }
  const role = roleOf(element) || "";
  if (way.label || way.labelled || way.place === "within") {
    const value = embedded(element, role, labels || [], below, way.visited);
    if (value !== undefined) return value;
  }
  const stated = element.getAttribute("aria-label") || "";
  if (stated.trim()) {
    way.visited.add(element);
    return stated;
  }
  if (!isPresentational(role)) {
    const native = nativeName(element, labels, way, below);
    if (native !== undefined) return native;
  }
  return fromContent(element, role, way, below);
}

function shown(element) {
  return isHidden(element) ? "hidden" : "shown";
}

// The value of a control that stands inside a label or a name.
function embedded(element, role, labels, below, visited) {
  if (labelsOf(element).includes(element) || labels.includes(element)) return undefined;
  const tag = tagOf(element);
  if (role === "textbox") {
    visited.add(element);
    return tag === "INPUT" || tag === "TEXTAREA" ? writtenIn(element) : element.textContent || "";
  }
  if (role === "combobox" || role === "listbox") {
    visited.add(element);
    const chosen = chosenOptions(element, role, tag);
    if (!chosen.length && tag === "INPUT") return element.value;
    return chosen.map((option) => alternative(option, below)).join(" ");
  }
  if (["progressbar", "scrollbar", "slider", "spinbutton", "meter"].includes(role)) {
    visited.add(element);
    for (const name of ["aria-valuetext", "aria-valuenow"])
      if (element.hasAttribute(name)) return element.getAttribute(name) || "";
    return element.getAttribute("value") || "";
  }
  if (role === "menu") {
    visited.add(element);
    return "";
  }
  return undefined;
}

function chosenOptions(element, role, tag) {
  if (tag === "SELECT") {
    const chosen = [...element.selectedOptions];
    return chosen.length || !element.options.length ? chosen : [element.options[0]];
  }
  const owned = (root, selector) => {
    const more = referred(root, root.getAttribute("aria-owns"));
    const all = more.flatMap((one) => [...(one.matches(selector) ? [one] : []), ...one.querySelectorAll(selector)]);
    return [...root.querySelectorAll(selector), ...all];
  };
  const list = role === "combobox" ? owned(element, "*").find((one) => roleOf(one) === "listbox") : element;
  return list ? owned(list, '[aria-selected="true"]').filter((one) => roleOf(one) === "option") : [];
}

function fromLabels(element, way) {
  const parts = labelsOf(element).map((label) =>
    alternative(label, { visited: way.visited, label: shown(label) }));
  return parts.filter(Boolean).join(" ");
}

function firstChildOf(element, tag) {
  return [...element.children].find((child) => tagOf(child) === tag);
}

// What HTML-AAM and SVG-AAM give by the element's own means; undefined where they give nothing.
function nativeName(element, labels, way, below) {
  const tag = tagOf(element);
  const title = element.getAttribute("title") || "";
  const hasLabels = labelsOf(element).length > 0;
  const visit = () => way.visited.add(element);
  if (tag === "INPUT") {
    const type = element.type;
    if (["button", "submit", "reset"].includes(type)) {
      visit();
      if ((element.value || "").trim()) return element.value;
      return type === "submit" ? "Submit" : type === "reset" ? "Reset" : title;
    }
    if (type === "file" || type === "image") {
      visit();
      if (hasLabels && !way.labelled) return fromLabels(element, way);
      if (type === "file") return "Choose File";
      const alt = element.getAttribute("alt") || "";
      return alt.trim() ? alt : title.trim() ? title : "Submit";
    }
  }
  if (!labels && tag === "BUTTON") {
    visit();
    return hasLabels ? fromLabels(element, way) : undefined;
  }
  if (!labels && tag === "OUTPUT") {
    visit();
    return hasLabels ? fromLabels(element, way) : title;
  }
  if (!labels && (tag === "TEXTAREA" || tag === "SELECT" || tag === "INPUT")) {
    visit();
    if (hasLabels) return fromLabels(element, way);
    const isText = tag === "TEXTAREA" ||
      (tag === "INPUT" && ["text", "password", "search", "tel", "email", "url"].includes(element.type));
    return !isText || title ? title : element.getAttribute("placeholder") || "";
  }
  if (!labels && (tag === "FIELDSET" || tag === "FIGURE")) {
    visit();
    const caption = firstChildOf(element, tag === "FIELDSET" ? "LEGEND" : "FIGCAPTION");
    return caption ? alternative(caption, { ...below, native: shown(caption) }) : title;
  }
  if (tag === "IMG" || tag === "AREA") {
    visit();
    const alt = element.getAttribute("alt") || "";
    return alt.trim() ? alt : title;
  }
  if (tag === "TABLE") {
    visit();
    const caption = firstChildOf(element, "CAPTION");
    if (caption) return alternative(caption, { ...below, native: shown(caption) });
    return element.getAttribute("summary") || undefined;
  }
  return vectorName(element, tag, way, below);
}

function vectorName(element, tag, way, below) {
  if (tag !== "SVG" && !element.ownerSVGElement) return undefined;
  way.visited.add(element);
  const title = [...element.children].find((child) => tagOf(child) === "TITLE" && child.ownerSVGElement);
  if (title) return alternative(title, { ...below, labelled: shown(title) });
  const link = element.ownerSVGElement && tag === "A" ? element.getAttribute("xlink:title") || "" : "";
  return link.trim() ? link : undefined;
}

function fromContent(element, role, way, below) {
  const isWithin = way.place === "within";
  const isAllowed = NAME_FROM_CONTENT.has(role) || (isWithin && (role === "" || CONTENT_WITHIN.has(role))) ||
    (tagOf(element) === "SUMMARY" && !isPresentational(role)) || way.labelled || way.label || way.native;
  if (isAllowed) {
    way.visited.add(element);
    const text = innerText(element, below);
    if (way.place === "self" ? text.trim() : text) return text;
  }
  way.visited.add(element);
  const title = element.getAttribute("title") || "";
  return (!isPresentational(role) || tagOf(element) === "IFRAME") && title.trim() ? title : "";
}

function innerText(element, way) {
  const parts = [textBefore(element) || ""];
  const visit = (node, skipsSlotted) => {
    if (skipsSlotted && node.assignedSlot) return;
    if (node.nodeType === 3) parts.push(node.textContent || "");
    if (node.nodeType !== 1) return;
    const text = alternative(node, way);
    const style = styleOf(node);
    const isInline = ((style && style.display) || "inline") === "inline" && node.nodeName !== "BR";
    parts.push(isInline ? text : ` ${text} `);
  };
  const replaced = textInstead(element);
  const assigned = element.nodeName === "SLOT" ? element.assignedNodes() : [];
  if (replaced !== null) parts.push(replaced);
  else if (assigned.length) for (const node of assigned) visit(node, false);
  else {
    for (const node of ofNode(element, "childNodes")) visit(node, true);
    if (element.shadowRoot) for (const node of element.shadowRoot.childNodes) visit(node, true);
    for (const node of referred(element, element.getAttribute("aria-owns"))) visit(node, true);
  }
  parts.push(textAfter(element) || "");
  return parts.join("");
}
