// Where a secret stands: the part that makes it one (a token's signature, a secret's middle), as text, percent-encoded or not, or as the bytes
// that it spells.

export type Place = readonly [name: string, text: string];

export function found(secret: string, places: readonly Place[]): readonly string[] {
  if (secret.length < 41) throw new Error("too short to be looked for");
  const part = secret.slice(-40, -8);
  const bytes = Buffer.from(part, "base64url");
  const forms = [
    part,
    bytes.toString("latin1"),
    bytes.toString("hex"),
    Buffer.from(part).toString("base64").slice(0, 40),
  ];
  return places.filter(([, text]) => forms.some((form) => text.includes(form))).map(([name]) => name);
}
