// Whether a Content-Type is exactly the one that an endpoint reads.
// A body under any other type, or with a parameter we would have to interpret, is refused: a
// browser sends text/plain or multipart across origins without asking first, and another charset
// would make the strict parsers read another text.

const MAX_LENGTH = 128;
const MEDIA_TYPE = /^([^\s;]+)(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?[ \t]*$/i;

/**
 * `expected` is a bare type in lower case, such as `application/json`. Case is ignored; the only
 * parameter allowed is one `charset=utf-8`, with or without quotes. Null is no.
 */
export function isMediaType(headerValue: string | null, expected: string): boolean {
  if (headerValue === expected) return true;
  if (headerValue === null || headerValue.length > MAX_LENGTH) return false;
  return MEDIA_TYPE.exec(headerValue)?.[1]?.toLowerCase() === expected;
}
