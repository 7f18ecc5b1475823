// A request body in application/x-www-form-urlencoded, read strictly.
// A proxy and a server that read one body differently can be played against each other, so a body
// with two readings is refused: bad escapes, two values for one name, names that no RFC could
// have registered (RFC 6749 section 8.2), empty pairs.

import { decodeFormComponent, literalText } from "./form-component.ts";

export interface FormLimits {
  /** Bytes of the body. */
  readonly maxLength: number;
  readonly maxParameters: number;
  /** Names that may stand more than once, such as `resource` (RFC 8707) and `audience` (RFC 8693). */
  readonly repeatable?: readonly string[];
}

/** Parameters that were given a value; one without is as absent as one never sent. */
export interface Form {
  readonly size: number;
  has(name: string): boolean;
  /** The value, of a repeatable parameter the first. */
  get(name: string): string | undefined;
  getAll(name: string): readonly string[];
  names(): readonly string[];
}

export type FormRefusal = "form_malformed" | "form_too_large" | "duplicate_parameter";

export type ParsedForm =
  | { readonly ok: true; readonly form: Form }
  | { readonly ok: false; readonly code: FormRefusal };

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

const NAME = /^[A-Za-z0-9._-]+$/;

/** Reads the whole body or nothing; never throws. */
export function parseForm(body: Uint8Array, limits: FormLimits): ParsedForm {
  if (body.length > limits.maxLength) return refuse("form_too_large");
  const repeatable = limits.repeatable ?? [];
  // A handful of names: looking through them costs less than a text that is hashed.
  const seen: string[] = [];
  const given: Given[] = [];
  let pairs = 0;
  const text = literalText(body);
  for (let from = 0; from < body.length; ) {
    pairs += 1;
    if (pairs > limits.maxParameters) return refuse("form_too_large");
    const ampersand = body.indexOf(AMPERSAND, from);
    // An ampersand at the very end would leave an empty pair after it.
    if (ampersand === body.length - 1) return refuse("form_malformed");
    const end = ampersand === -1 ? body.length : ampersand;
    const sign = body.indexOf(EQUALS, from);
    const equals = sign === -1 || sign > end ? end : sign;
    const name = component(body, text, from, equals);
    const value = equals === end ? "" : component(body, text, equals + 1, end);
    from = end + 1;
    if (name === undefined || value === undefined || !NAME.test(name)) return refuse("form_malformed");
    // RFC 6749 section 3.1 forbids the second one even where the first had no value.
    if (seen.includes(name) && !repeatable.includes(name)) return refuse("duplicate_parameter");
    seen.push(name);
    if (value !== "") given.push({ name, value });
  }
  return { ok: true, form: new GivenForm(given) };
}

function component(body: Uint8Array, text: string | undefined, from: number, to: number): string | undefined {
  return text === undefined ? decodeFormComponent(body.subarray(from, to)) : text.slice(from, to);
}

interface Given {
  readonly name: string;
  readonly value: string;
}

class GivenForm implements Form {
  readonly #given: readonly Given[];

  constructor(given: readonly Given[]) {
    this.#given = given;
  }

  get size(): number {
    return this.names().length;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get(name: string): string | undefined {
    for (const one of this.#given) if (one.name === name) return one.value;
    return undefined;
  }

  getAll(name: string): readonly string[] {
    if (!this.has(name)) return NONE;
    return this.#given.flatMap((one) => (one.name === name ? [one.value] : []));
  }

  names(): readonly string[] {
    return [...new Set(this.#given.map(({ name }) => name))];
  }
}

const NONE: readonly string[] = [];

function refuse(code: FormRefusal): ParsedForm {
  return { ok: false, code };
}
