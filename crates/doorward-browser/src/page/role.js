// The role of an element: what it says of itself, else what HTML-AAM gives it.

const ROLES = new Set((
  "alert alertdialog application article banner blockquote button caption cell checkbox code columnheader combobox " +
  "complementary contentinfo definition deletion dialog directory document emphasis feed figure form generic grid " +
  "gridcell group heading img insertion link list listbox listitem log main mark marquee math meter menu menubar " +
  "menuitem menuitemcheckbox menuitemradio navigation none note option paragraph presentation progressbar radio " +
  "radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status strong " +
  "subscript superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree treegrid treeitem"
).split(" "));

const SECTIONING =
  "article:not([role]), aside:not([role]), main:not([role]), nav:not([role]), section:not([role]), " +
  "[role=article], [role=complementary], [role=main], [role=navigation], [role=region]";

const FIXED = {
  ARTICLE: "article", ASIDE: "complementary", BLOCKQUOTE: "blockquote", BUTTON: "button", CAPTION: "caption",
  CODE: "code", DATALIST: "listbox", DD: "definition", DEL: "deletion", DETAILS: "group", DFN: "term",
  DIALOG: "dialog", DT: "term", EM: "emphasis", FIELDSET: "group", FIGURE: "figure", H1: "heading", H2: "heading",
  H3: "heading", H4: "heading", H5: "heading", H6: "heading", HR: "separator", HTML: "document", INS: "insertion",
  LI: "listitem", MAIN: "main", MARK: "mark", MATH: "math", MENU: "list", METER: "meter", NAV: "navigation",
  OL: "list", OPTGROUP: "group", OPTION: "option", OUTPUT: "status", P: "paragraph", PROGRESS: "progressbar",
  SEARCH: "search", STRONG: "strong", SUB: "subscript", SUP: "superscript", SVG: "img", TABLE: "table",
  TBODY: "rowgroup", TEXTAREA: "textbox", TFOOT: "rowgroup", THEAD: "rowgroup", TIME: "time", TR: "row", UL: "list",
};

const INPUTS = {
  button: "button", checkbox: "checkbox", image: "button", number: "spinbutton", radio: "radio", range: "slider",
  reset: "button", submit: "button", file: "button",
};

// A child of one of these is presentational where its parent is.
const KIN = {
  DD: ["DL", "DIV"], DIV: ["DL"], DT: ["DL", "DIV"], LI: ["OL", "UL"], TBODY: ["TABLE"], TD: ["TR"], TFOOT: ["TABLE"],
  TH: ["TR"], THEAD: ["TABLE"], TR: ["THEAD", "TBODY", "TFOOT", "TABLE"],
};

const GLOBAL_ARIA = (
  "atomic busy controls current describedby details dropeffect flowto grabbed hidden keyshortcuts label labelledby " +
  "live owns relevant roledescription"
).split(" ");

const NAMELESS = new Set((
  "caption code deletion emphasis generic insertion paragraph presentation strong subscript superscript"
).split(" "));

function isNamed(element) {
  return element.hasAttribute("aria-label") || element.hasAttribute("aria-labelledby");
}

function hasGlobalAria(element, role) {
  return GLOBAL_ARIA.some((name) => {
    if ((name === "label" || name === "labelledby") && NAMELESS.has(role)) return false;
    if (name === "roledescription" && role === "generic") return false;
    return element.hasAttribute("aria-" + name);
  });
}

function hasTabIndex(element) {
  return !Number.isNaN(Number(String(element.getAttribute("tabindex"))));
}

function isFocusable(element) {
  if (isNativelyDisabled(element)) return false;
  const tag = tagOf(element);
  if (["BUTTON", "DETAILS", "SELECT", "TEXTAREA"].includes(tag)) return true;
  if ((tag === "A" || tag === "AREA") && element.hasAttribute("href")) return true;
  if (tag === "INPUT" && !element.hidden) return true;
  return hasTabIndex(element);
}

function nativeRole(element) {
  const tag = tagOf(element);
  switch (tag) {
    case "A":
    case "AREA":
      return element.hasAttribute("href") ? "link" : null;
    case "FOOTER":
      return closestAcross(element, SECTIONING) ? null : "contentinfo";
    case "HEADER":
      return closestAcross(element, SECTIONING) ? null : "banner";
    case "FORM":
      return isNamed(element) ? "form" : null;
    case "SECTION":
      return isNamed(element) ? "region" : null;
    case "IMG": {
      const isDecoration = element.getAttribute("alt") === "" && !element.getAttribute("title");
      return isDecoration && !hasGlobalAria(element) && !hasTabIndex(element) ? "presentation" : "img";
    }
    case "INPUT":
      return inputRole(element);
    case "SELECT":
      return element.hasAttribute("multiple") || element.size > 1 ? "listbox" : "combobox";
    case "TD":
      return cellRole(element);
    case "TH": {
      const scope = element.getAttribute("scope");
      if (scope === "col") return "columnheader";
      return scope === "row" ? "rowheader" : cellRole(element);
    }
    default:
      return Object.hasOwn(FIXED, tag) ? FIXED[tag] : null;
  }
}

function inputRole(element) {
  const type = String(element.type).toLowerCase();
  if (type === "hidden") return null;
  if (type === "search") return element.hasAttribute("list") ? "combobox" : "searchbox";
  if (["email", "tel", "text", "url", ""].includes(type)) {
    const [list] = referred(element, element.getAttribute("list"));
    return list && tagOf(list) === "DATALIST" ? "combobox" : "textbox";
  }
  return Object.hasOwn(INPUTS, type) ? INPUTS[type] : "textbox";
}

function cellRole(element) {
  const table = closestAcross(element, "table");
  const role = table ? statedRole(table) : null;
  return role === "grid" || role === "treegrid" ? "gridcell" : "cell";
}

function statedRole(element) {
  const stated = element.getAttribute("role");
  if (!stated) return null;
  const words = stated.split(" ").map((word) => word.trim());
  return words.find((word) => ROLES.has(word)) || null;
}

function isPresentational(role) {
  return role === "none" || role === "presentation";
}

function impliedRole(element) {
  const role = nativeRole(element);
  if (!role || !KIN[tagOf(element)]) return role;
  for (let at = element, above = parentOf(at); above; at = above, above = parentOf(at)) {
    const kin = KIN[tagOf(at)];
    if (!kin || !kin.includes(tagOf(above))) break;
    const stated = statedRole(above);
    if (isPresentational(stated) && !hasGlobalAria(above, stated) && !isFocusable(above)) return stated;
  }
  return role;
}

function roleOf(element) {
  const notes = notesOf(element);
  if (notes.role === undefined) notes.role = findRole(element);
  return notes.role;
}

function findRole(element) {
  const stated = statedRole(element);
  if (!stated) return impliedRole(element);
  if (isPresentational(stated)) {
    const implied = impliedRole(element);
    if (hasGlobalAria(element, implied) || isFocusable(element)) return implied;
  }
  return stated;
}

// States, each only for the roles that have it.

const words = (text) => new Set(text.split(" "));
const CHECKED = words("checkbox menuitemcheckbox option radio switch menuitemradio treeitem");
const SELECTED = words("gridcell option row tab rowheader columnheader treeitem");
const EXPANDED = words(
  "application button checkbox combobox gridcell link listbox menuitem row rowheader tab treeitem columnheader " +
  "menuitemcheckbox menuitemradio switch");
const LEVELLED = words("heading listitem row treeitem");
const DISABLED = words(
  "application button composite gridcell group input link menuitem scrollbar separator tab checkbox columnheader " +
  "combobox grid listbox menu menubar menuitemcheckbox menuitemradio option radio radiogroup row rowheader searchbox " +
  "select slider spinbutton switch tablist textbox toolbar tree treegrid treeitem");
const READONLY = words(
  "checkbox combobox grid gridcell listbox radiogroup slider spinbutton textbox columnheader rowheader searchbox " +
  "switch treegrid");

function checkedOf(element) {
  const tag = tagOf(element);
  if (tag === "INPUT" && element.indeterminate) return "mixed";
  if (tag === "INPUT" && (element.type === "checkbox" || element.type === "radio")) return element.checked;
  if (!CHECKED.has(roleOf(element))) return undefined;
  const value = element.getAttribute("aria-checked");
  return value === "mixed" ? "mixed" : value === "true";
}

function pressedOf(element) {
  const value = element.getAttribute("aria-pressed");
  return value === "mixed" ? "mixed" : value === "true";
}

function selectedOf(element) {
  if (tagOf(element) === "OPTION") return element.selected;
  return (element.getAttribute("aria-selected") || "").toLowerCase() === "true";
}

function expandedOf(element) {
  if (tagOf(element) === "DETAILS") return element.open;
  const value = element.getAttribute("aria-expanded");
  return value === null ? undefined : value === "true";
}

function levelOf(element) {
  const native = /^H([1-6])$/.exec(tagOf(element));
  if (native) return Number(native[1]);
  const value = element.getAttribute("aria-level");
  const level = value === null ? NaN : Number(value);
  return Number.isInteger(level) && level >= 1 ? level : 0;
}

function isNativelyDisabled(element) {
  const tag = tagOf(element);
  if (!["BUTTON", "INPUT", "SELECT", "TEXTAREA", "OPTION", "OPTGROUP"].includes(tag)) return false;
  if (element.hasAttribute("disabled")) return true;
  if (tag === "OPTION" && element.closest("OPTGROUP[DISABLED]")) return true;
  const group = element.closest("FIELDSET[DISABLED]");
  if (!group) return false;
  const legend = group.querySelector(":scope > LEGEND");
  return !legend || !legend.contains(element);
}

function isDisabled(element) {
  if (isNativelyDisabled(element)) return true;
  if (!DISABLED.has(roleOf(element))) return false;
  for (let at = element; at; at = parentOf(at)) {
    const value = (at.getAttribute("aria-disabled") || "").toLowerCase();
    if (value === "true") return true;
    if (value === "false") return false;
  }
  return false;
}

// true, false, or undefined where the question makes no sense.
function isReadOnly(element) {
  if (["INPUT", "TEXTAREA", "SELECT"].includes(tagOf(element))) return element.hasAttribute("readonly");
  if (READONLY.has(roleOf(element))) return element.getAttribute("aria-readonly") === "true";
  return element.isContentEditable ? false : undefined;
}
