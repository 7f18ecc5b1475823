// JSON that every honest parser reads alike (I-JSON, RFC 7493), with limits.
// JSON.parse alone keeps the last of two equal member names, accepts lone surrogates and turns
// 1e999 into Infinity: each lets two readers of one signed text see different claims.
// What must stay true: everything that could grow (length, depth, members) is bounded by one
// linear scan before JSON.parse sees the text.

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export interface JsonLimits {
  /** Characters of a text (UTF-16 units), or bytes where bytes are given. */
  readonly maxLength: number;
  /** Objects and arrays inside one another; `{"a":1}` is 1 deep, a bare number 0. */
  readonly maxDepth: number;
  /** Object members in the whole text. */
  readonly maxMembers: number;
  /** Refuses numbers beyond 2^53 - 1, of which a reader with doubles and one with integers make two (RFC 7493 section 2.2). */
  readonly onlyExactNumbers?: boolean;
}

export type StrictJsonRefusal =
  | "json_malformed"
  | "json_duplicate_member"
  | "json_too_deep"
  | "json_too_large"
  | "json_bad_string";

export type StrictJson =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly code: StrictJsonRefusal };

const QUOTE = 0x22;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

// A member of one of these names could be mistaken for what every object inherits. The list is
// written out, so that the answer doesn't depend on what others hang onto Object.prototype.
const INHERITED_NAMES: ReadonlySet<string> = new Set([
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
  "toString",
  "valueOf",
  "__defineGetter__",
  "__defineSetter__",
  "__lookupGetter__",
  "__lookupSetter__",
]);

// Keeps a byte order mark as a character, which JSON.parse then refuses.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parses a text, or says why not. Never throws, whatever the text holds. */
export function parseStrictJson(text: string, limits: JsonLimits): StrictJson {
  if (text.length > limits.maxLength) return { ok: false, code: "json_too_large" };
  if (!text.isWellFormed()) return { ok: false, code: "json_bad_string" };
  const escaped = text.includes("\\");
  const written = countWrittenMembers(text, limits, escaped);
  if (typeof written === "string") return { ok: false, code: written };
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return { ok: false, code: "json_malformed" };
  }
  const kept = countKeptMembers(value, escaped, limits.onlyExactNumbers === true ? Number.MAX_SAFE_INTEGER : Infinity);
  if (typeof kept === "string") return { ok: false, code: kept };
  // JSON.parse keeps one of several equal names, however they are spelled, so any duplicate at
  // any level leaves fewer members than were written.
  if (kept !== written) return { ok: false, code: "json_duplicate_member" };
  return { ok: true, value };
}

/** The same for bytes, which must be UTF-8 without a byte order mark (RFC 8259 section 8.1). */
export function parseStrictJsonBytes(bytes: Uint8Array, limits: JsonLimits): StrictJson {
  if (bytes.length > limits.maxLength) return { ok: false, code: "json_too_large" };
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return { ok: false, code: "json_malformed" };
  }
  return parseStrictJson(text, limits);
}

// In well-formed JSON each colon outside a string is one member; JSON.parse judges the form.
function countWrittenMembers(text: string, limits: JsonLimits, escaped: boolean): number | StrictJsonRefusal {
  let members = 0;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = escaped ? closingQuote(text, index + 1) : text.indexOf('"', index + 1);
      // A string without an end, which JSON.parse refuses.
      if (index < 0) return members;
    } else if (code === COLON) {
      members += 1;
      if (members > limits.maxMembers) return "json_too_large";
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > limits.maxDepth) return "json_too_deep";
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return members;
}

function closingQuote(text: string, from: number): number {
  for (let index = from; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index += 1;
  }
  return text.length;
}

// Recursion is safe here: the scan has bounded the depth. Only an escape can still hide a lone
// surrogate, because the text itself is well formed. What holds nothing more is judged in place: a
// snapshot of the feed has tens of thousands of such values, read before any of this is compiled.
function countKeptMembers(value: JsonValue, escaped: boolean, most: number): number | StrictJsonRefusal {
  if (typeof value !== "object" || value === null) return wrongIn(value, escaped, most) ?? 0;
  const array = isArray(value);
  const names = array ? undefined : Object.keys(value);
  let members = 0;
  if (names !== undefined) {
    members = names.length;
    for (const name of names) {
      if (INHERITED_NAMES.has(name) || (escaped && !name.isWellFormed())) return "json_bad_string";
    }
  }
  for (const item of array ? value : Object.values(value)) {
    if (typeof item === "string" && !escaped) continue;
    if (typeof item === "object" && item !== null) {
      const below = countKeptMembers(item, escaped, most);
      if (typeof below === "string") return below;
      members += below;
    } else {
      const wrong = wrongIn(item, escaped, most);
      if (wrong !== undefined) return wrong;
    }
  }
  return members;
}

function wrongIn(
  value: string | number | boolean | null,
  escaped: boolean,
  most: number,
): StrictJsonRefusal | undefined {
  if (typeof value === "string") return escaped && !value.isWellFormed() ? "json_bad_string" : undefined;
  if (typeof value !== "number") return undefined;
  return Number.isFinite(value) && Math.abs(value) <= most ? undefined : "json_malformed";
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Whether a parsed value is an object, which neither an array nor null is. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
