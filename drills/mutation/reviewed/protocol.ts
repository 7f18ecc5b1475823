import type { Reviewed } from "../reviewed.ts";

export const PROTOCOL: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "A check of the type in front of one that refuses every other type, too: the compiler needs it to narrow, the machine does not.",
    lines: {
      "access-token-claims.ts": ['return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;'],
      "frame-members.ts": ['return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;'],
      "verifier-frames.ts": [
        'if (typeof type !== "string") return undefined;',
        'if (typeof value !== "number" || !Number.isFinite(value)) return undefined;',
        'if (typeof sid !== "string" || !isUuid(sid) || !isCount(at)) return undefined;',
      ],
      "notice.ts": [
        'const pos = typeof posText === "string" ? parsePosition(posText) : undefined;',
        'if (pos === undefined || !isInstant(at) || !isInstant(until) || typeof kind !== "string") return undefined;',
        'return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;',
        'return typeof value === "string" && parsePosition(value) !== undefined;',
      ],
      "packed-notices.ts": [
        "const taking = parsed.ok && isJsonObject(parsed.value) ? takingFromWire(parsed.value) : undefined;",
        'if (taking === undefined || "unknownKind" in taking) return undefined;',
        'return key === undefined || taking.kind === "tenant" || taking.kind === "epoch"',
        "return joined([uuidToBytes(taking.sid), decodeBase64url(taking.fam)].filter((part) => part !== undefined));",
        'case "tenant":',
        'case "epoch":',
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "A quicker way beside one that answers the same: it may be taken more often, less often or never, and only the time differs.",
    lines: {
      "access-token-claims.ts": [
        "if (lists !== undefined && list !== undefined && lists.size < MOST_LISTS) lists.set(text, Object.freeze(list));",
        "const actor = act === undefined ? undefined : parseActor(act, MAX_ACTORS);",
      ],
      "authorization-header.ts": [
        'if (text !== undefined) return { kind: "basic", clientId: text.slice(0, colon), clientSecret: text.slice(colon + 1) };',
        'if (value.startsWith("Basic ")) return { scheme: "basic", rest: value.slice(6) };',
        'if (value.startsWith("Bearer ")) return { scheme: "bearer", rest: value.slice(7) };',
        'const isPlain = !body.includes("+") && !body.includes("/");',
      ],
      "base64url.ts": [
        "return toBase64 === undefined ? encodePlainly(bytes) : toBase64.call(bytes, UNPADDED);",
        "setFromBase64 === undefined || text.length < WORTH_THE_CALL",
      ],
      "compact-jws.ts": ["if (text.length > DECODED.length) return decodeBase64url(text);"],
      "form-component.ts": [
        "if (literal !== undefined) return literal;",
        "const LITERAL = /^[\\x20-\\x24\\x26-\\x2a\\x2c-\\x7e]*$/;",
        "export function literalText(encoded: Uint8Array): string | undefined {",
      ],
      "form.ts": [
        'const value = equals === end ? "" : component(body, text, equals + 1, end);',
        "return text === undefined ? decodeFormComponent(body.subarray(from, to)) : text.slice(from, to);",
        "if (!this.has(name)) return NONE;",
      ],
      "media-type.ts": ["if (headerValue === expected) return true;"],
      "scope.ts": ["if (tokens.length > FEW) return new Set(tokens).size < tokens.length;"],
      "strict-json.ts": [
        'const escaped = text.includes("\\\\");',
        'if (typeof item === "string" && !escaped) continue;',
        'if (typeof item === "object" && item !== null) {',
      ],
      "text-table.ts": [
        "if (this.#items.length * 2 > this.#slots.length) this.#grow();",
        "if (this.#tags[slot] === tag && this.#texts[place - 1] === text) break;",
        "for (let at = Math.max(0, text.length - TAIL); at < text.length; at += 1) {",
      ],
    },
  },
  {
    why: "equivalent",
    reason: "What it would let through is refused, with the same answer, by what follows.",
    lines: {
      "authorization-header.ts": [
        'return { scheme: scheme.toLowerCase(), rest: space === -1 ? "" : value.slice(space + 1) };',
      ],
      "base64url.ts": [
        "if (rest === 1 || length > into.length || !hasCanonicalEnd(text, text.length - rest, rest)) return undefined;",
        "if (rest > 1) {",
        "if (rest === 1) return false;",
      ],
      "compact-jws.ts": [
        "if (first < 1 || second <= first + 1 || second === token.length - 1) {",
        "return length === undefined ? undefined : DECODED.subarray(0, length);",
      ],
      "form-component.ts": [
        "if (high < 0 || low < 0) return undefined;",
        "if (code === undefined) return -1;",
        "if (code >= 0x30 && code <= 0x39) return code - 0x30;",
      ],
      "packed-frames.ts": ["if (count === MOST_FRAMES || bytes.length - at < LENGTHS) return undefined;"],
      "packed-notices.ts": ["if (bytes.length - at < HEADER_BYTES) return undefined;"],
      "position.ts": [
        'const dot = text.length <= 2 * MOST_DIGITS + 1 ? text.indexOf(".") : -1;',
        "if (dot < 0) return undefined;",
        "if (digits < 1 || digits > MOST_DIGITS || (digits > 1 && text.charCodeAt(from) === ZERO)) return -1;",
      ],
      "prefixed-text.ts": ["if (text.length !== body + CHECKSUM_LENGTH || !text.startsWith(prefix)) return undefined;"],
      "uuid.ts": ["if (character >= 0x30 && character <= 0x39) return character - 0x30;"],
    },
  },
  {
    why: "equivalent",
    reason:
      "A case that can't be: where it stands, the value is never that one, or there is nothing left to read or write.",
    lines: {
      "base64url.ts": ["for (let from = 0; from < bytes.length; from += 3) {"],
      "cookie-credential.ts": [
        "while (from < to && isBlank(text, from)) from += 1;",
        "while (to > from && isBlank(text, to - 1)) to -= 1;",
      ],
      "verifier-frames.ts": ["default:"],
      "form.ts": ["const equals = sign === -1 || sign > end ? end : sign;"],
      "media-type.ts": ["return MEDIA_TYPE.exec(headerValue)?.[1]?.toLowerCase() === expected;"],
      "packed-notices.ts": [
        "const [size, width] = [of.length, (keys[0]?.length ?? 0) + 3 * OFFSET_BYTES];",
        "return value >= 0 && value <= Number.MAX_SAFE_INTEGER - OFFSETS;",
        "default:",
        'throw new TypeError("rows of no kind were not read by unpackNotices");',
      ],
      "refresh-token.ts": [
        "if (sid === undefined || fam?.length !== 4 || !inRange)",
        "for (let at = 0; at < 4; at += 1) bytes[22 + at] = token.generation >>> (24 - 8 * at);",
      ],
      "scope.ts": ['if (tokens.indexOf(tokens[index] ?? "") < index) return true;'],
      "strict-json.ts": [
        "for (let index = 0; index < text.length; index += 1) {",
        "if (index < 0) return members;",
        "for (let index = from; index < text.length; index += 1) {",
      ],
      "text-table.ts": [
        "return place === FREE ? undefined : this.#items[place - 1];",
        "if (place === FREE || this.#items[place - 1] === undefined) return;",
        "for (let from = 0; from < slots.length; from += 1) {",
        "if (place === FREE) continue;",
      ],
    },
  },
  {
    why: "equivalent",
    reason: "A body that ends without `return` gives undefined or what counts as no, as it does with it.",
    lines: {
      "base64url.ts": ["} catch {"],
      "form-component.ts": ["} catch {"],
      "packed-frames.ts": ["} catch {"],
    },
  },
  {
    why: "equivalent",
    reason: "Bounds that are absent compare as bounds that nothing exceeds.",
    lines: { "compact-jws.ts": ["const [least, most] = SIGNATURE_LENGTHS.get(alg) ?? [0, Number.POSITIVE_INFINITY];"] },
  },
  {
    why: "accepted",
    reason:
      "Only an algorithm that nobody has is refused with another code: it is refused later because no key has it.",
    lines: { "compact-jws.ts": ['if (/^(?:none$|hs)/i.test(alg)) return refuse("jws_algorithm");'] },
  },
  {
    why: "accepted",
    reason: "A list with one more entry, a name that no client sends.",
    lines: {
      "form.ts": ["const repeatable = limits.repeatable ?? [];", "const seen: string[] = [];"],
    },
  },
];
