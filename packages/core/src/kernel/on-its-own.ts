// What is kept of a text that holds a secret, too, must not keep the secret: the engine makes a piece of a longer text by pointing into all of it.

/** The same text on its own: one that was cut out of a token, a body or a header keeps all of that in memory. UTF-8, so that no two texts become one. */
export function onItsOwn(text: string): string {
  return Buffer.from(text).toString();
}
