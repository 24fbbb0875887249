// Turns an answer into JSON text, in the order of the page's own keys. It is made before any script of the page runs and
// keeps what it needs of the engine, so that it tells the truth whatever the page puts in its place later.
(() => {
  const { isArray } = Array;
  const { keys, prototype } = Object;
  const { isFinite } = Number;
  const { stringify } = JSON;
  const { apply } = Reflect;
  const { getTime, toISOString } = Date.prototype;
  const isOf = Function.prototype[Symbol.hasInstance];
  const kinds = { Window, Document, Node, Date, Error, RegExp, Promise, TypeError, RangeError };
  const is = (value, kind) => apply(isOf, kind, [value]);
  const LONGEST = 16 * 1024 * 1024;
  let length = 0;

  // Counts before a text is made: what is too long is told before it has filled the memory.
  const count = (more) => {
    length += more;
    if (length > LONGEST) throw new kinds.RangeError(`The answer has more than ${LONGEST} characters; at most so many are given`);
  };

  const ofObject = (value, indent, own) => {
    if (is(value, kinds.Window)) return '"ref: <Window>"';
    if (is(value, kinds.Document)) return '"ref: <Document>"';
    if (is(value, kinds.Node)) return '"ref: <Node>"';
    if (is(value, kinds.Date)) return isFinite(apply(getTime, value, [])) ? stringify(apply(toISOString, value, [])) : "null";
    if (is(value, kinds.RegExp) || is(value, kinds.Promise)) return "{}";
    for (let at = own.above; at; at = at.above) if (at.value === value) return '"[Circular]"';
    if (own.depth > 200) return '"[Too deep]"';
    const deeper = indent + "  ";
    let made = "";
    const add = (one) => {
      count(deeper.length + 2);
      made += (made ? "," : "") + "\n" + deeper + one;
    };
    if (is(value, kinds.Error)) value = { name: value.name };
    if (isArray(value)) {
      for (let index = 0; index < value.length; index++) add(text(value[index], deeper, own) ?? "null");
      return made ? `[${made}\n${indent}]` : "[]";
    }
    const names = keys(value);
    if (names.length === 0) return ofEmpty(value, indent, own);
    for (let index = 0; index < names.length; index++) {
      let item;
      try {
        item = value[names[index]];
      } catch {
        continue; // A property that nobody may read is left out.
      }
      const one = text(item, deeper, own);
      if (one === undefined) continue;
      count(names[index].length + 4);
      add(stringify(names[index]) + ": " + one);
    }
    return made ? `{${made}\n${indent}}` : "{}";
  };

  // What shows nothing of its own may say what stands for it; what a page lets every object say counts for none.
  const ofEmpty = (value, indent, own) => {
    let instead;
    try {
      const { toJSON } = value;
      if (typeof toJSON !== "function" || toJSON === prototype.toJSON) return "{}";
      instead = apply(toJSON, value, []);
    } catch {
      return "{}";
    }
    return text(instead, indent, own) ?? "null";
  };

  // Undefined for what JSON has no text for.
  const text = (value, indent, above) => {
    switch (typeof value) {
      case "string":
        count(value.length);
        return stringify(value);
      case "boolean":
        return value ? "true" : "false";
      case "number":
        return isFinite(value) ? `${value}` : "null";
      case "bigint":
        throw new kinds.TypeError("Do not know how to serialize a BigInt");
      case "object":
        return value === null ? "null" : ofObject(value, indent, { value, above, depth: above ? above.depth + 1 : 0 });
      default:
        return undefined;
    }
  };

  return (value) => {
    length = 0;
    return text(value, "", null) ?? "undefined";
  };
})()
