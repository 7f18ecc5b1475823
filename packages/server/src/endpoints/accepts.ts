// Whether an Accept header names a media type itself and does not like JSON better (RFC 9110 section 12.5.1). A wildcard is no wish for a JWT.

const JSON_TYPE = "application/json";

/** `type` in lower case. What can't be read is no wish. */
export function accepts(header: string | null, type: string): boolean {
  if (header === null || header.length > 1024) return false;
  const weight = weightOf(header, type);
  return weight > 0 && weight >= weightOf(header, JSON_TYPE);
}

function weightOf(header: string, type: string): number {
  let most = 0;
  for (const range of header.split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    if (name === type) most = Math.max(most, quality(parameters));
  }
  return most;
}

function quality(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  if (q === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q.slice(2)) : 0;
}
