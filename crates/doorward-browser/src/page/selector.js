// Finding elements by selectors as people and other tools write them: CSS, `text=…`, `role=…`, XPath, parts joined by
// `>>`, and the calls that other tools write into their code, such as `getByRole('button', { name: 'Send' })`.

const inQuotes = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/s;
const betweenSlashes = /^\/((?:[^/\\]|\\.)+)\/([a-z]*)/;

// The text or pattern at the start, and what follows it.
function literal(source) {
  const quotes = inQuotes.exec(source);
  if (quotes) {
    const raw = quotes.slice(1).find((one) => one !== undefined).replace(/\\(.)/gs, (_, one) => ({ n: "\n", t: "\t" })[one] || one);
    return { what: { raw, text: flattened(raw) }, rest: source.slice(quotes[0].length) };
  }
  const slashes = betweenSlashes.exec(source);
  if (!slashes) throw new SyntaxError(`no text: ${source}`);
  return { what: { pattern: new RegExp(slashes[1], slashes[2].replace("g", "")) }, rest: source.slice(slashes[0].length) };
}

// One argument of a call: a text, a pattern, a number, a yes or no, or an object of these.
function argument(source) {
  const plain = /^(?:(-?\d+)|(true|false)\b)/.exec(source);
  if (plain) return { what: plain[1] === undefined ? plain[2] === "true" : Number(plain[1]), rest: source.slice(plain[0].length) };
  if (!source.startsWith("{")) return literal(source);
  const what = {};
  let rest = source.slice(1).trimStart();
  while (!rest.startsWith("}")) {
    const key = /^(\w+)\s*:\s*/.exec(rest);
    if (!key) throw new SyntaxError(`no name: ${rest}`);
    const made = argument(rest.slice(key[0].length));
    what[key[1]] = made.what;
    rest = made.rest.trimStart().replace(/^,\s*/, "");
  }
  return { what, rest: rest.slice(1) };
}

const BY_ATTRIBUTE = { getByPlaceholder: "placeholder", getByAltText: "alt", getByTitle: "title" };

function callTokens(name, [first = {}, options = {}]) {
  const wanted = { text: first.text, pattern: first.pattern, isExact: options.exact === true };
  if (Object.hasOwn(BY_ATTRIBUTE, name)) return [token("attribute", 0, { ...wanted, name: BY_ATTRIBUTE[name] })];
  switch (name) {
    case "getByRole": {
      const { text, pattern } = options.name || {};
      return [token("role", 0, { role: first.text, text, pattern, isExact: options.exact === true })];
    }
    case "getByText":
      return [token("text", 0, wanted)];
    case "getByLabel":
      return [token("label", 0, wanted)];
    case "getByTestId":
      return [token("testId", 0, { text: first.raw })];
    case "locator":
      return tokensOf(first.raw);
    case "frameLocator":
      return [...tokensOf(first.raw), token("frame", 0, {})];
    case "contentFrame":
      return [token("frame", 0, {})];
    case "filter":
      return [token("has", 0, { ...first.hasText, isExact: false })];
    case "first":
      return [token("nth", 0, { index: 0 })];
    case "last":
      return [token("nth", 0, { index: -1 })];
    case "nth":
      return [token("nth", 0, { index: first })];
    default:
      throw new SyntaxError(`no such call: ${name}`);
  }
}

function codeTokens(source) {
  const tokens = [];
  let rest = source.replace(/^(?:await\s+)?page\./, "");
  while (rest.trim()) {
    const head = /^\s*\.?\s*(\w+)\(\s*/.exec(rest);
    if (!head) throw new SyntaxError(`no call: ${rest}`);
    rest = rest.slice(head[0].length);
    const given = [];
    while (!rest.startsWith(")")) {
      const made = argument(rest);
      given.push(made.what);
      rest = made.rest.trimStart().replace(/^,\s*/, "");
    }
    rest = rest.slice(1);
    const made = callTokens(head[1], given);
    // Which of several frames: `frameLocator('iframe').nth(1)`.
    const isFrame = made[0].engine === "nth" && tokens.length && tokens[tokens.length - 1].engine === "frame";
    tokens.splice(isFrame ? -1 : tokens.length, 0, ...made);
  }
  return tokens;
}

// A text after `text=`, exact where it stands in quotes.
function textToken(engine, source) {
  const isLiteral = (inQuotes.exec(source) || betweenSlashes.exec(source) || [])[0] === source;
  const what = isLiteral ? literal(source).what : { text: flattened(source) };
  return token(engine, 0, { ...what, isExact: isLiteral && !what.pattern });
}

function roleToken(source) {
  const whole = /^([\w-]+)(?:\[name=(.*?)\s*([is])?\])?$/s.exec(source);
  if (!whole) throw new SyntaxError(`no role: ${source}`);
  const [, role, name, flag] = whole;
  if (name === undefined) return token("role", 0, { role });
  return token("role", 0, { role, ...(/^["'`/]/.test(name) ? literal(name).what : { text: name }), isExact: flag === "s" });
}

// CSS, with the classes that other tools add at the end: `:has-text("…")`, `:text("…")`, `:text-is("…")`, `:visible`.
function cssTokens(source) {
  const added = /^(.*?):(has-text|text-is|text|visible)(?:\(\s*(.*)\s*\))?$/s.exec(source);
  if (!added) return [token("css", 0, { selector: source })];
  const [, base, name, given] = added;
  const before = cssTokens(base.trim() || "*");
  if (name === "visible") return [...before, token("seen", 0, {})];
  const { what } = literal(given || "");
  return [...before, token(name === "has-text" ? "has" : "is", 0, { ...what, isExact: name === "text-is" })];
}

function partTokens(part) {
  if (/^\(*(?:\/\/|\.\.)/.test(part)) return [token("xpath", 0, { path: part })];
  if (/^(["']).*\1$/s.test(part)) return [textToken("text", part)];
  const [, engine, rest] = /^([\w-]+|internal:control)=(.*)$/s.exec(part) || [];
  switch (engine) {
    case "xpath":
      return [token("xpath", 0, { path: rest })];
    case "text":
      return [textToken("text", rest)];
    case "role":
      return [roleToken(rest)];
    case "id":
    case "data-testid":
    case "data-test-id":
    case "data-test":
      return [token("css", 0, { selector: `[${engine}=${quoted(rest)}]` })];
    case "nth":
      return [token("nth", 0, { index: Number(rest) })];
    case "internal:control":
      return [token("frame", 0, {})];
    case "visible":
      return [token("seen", 0, {})];
    default:
      return cssTokens(engine === "css" ? rest : part);
  }
}

// The parts around `>>`, which stands in no quotes.
function partsOf(selector) {
  const parts = [""];
  for (const [piece] of selector.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|>>|[^]/g)) {
    if (piece === ">>") parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts.map((part) => part.trim());
}

function tokensOf(selector) {
  if (/^(?:(?:await\s+)?page\.)?(?:getBy[A-Z]\w*|locator|frameLocator)\(/.test(selector)) return codeTokens(selector);
  return partsOf(selector).flatMap(partTokens);
}

// What a selector finds in this document. One that leads through frames has a step for each: the frame, then what is in it.
function selected(selector, step) {
  const steps = [[]];
  for (const one of tokensOf(selector.trim())) {
    if (one.engine === "frame") steps.push([]);
    else steps[steps.length - 1].push(one);
  }
  if (steps.some((tokens) => !tokens.length)) throw new SyntaxError("a frame and nothing in it");
  return { all: looking(() => matchingAll(document, steps[step])), leadsOn: step + 1 < steps.length };
}
