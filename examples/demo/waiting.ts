// Waiting for a condition, with a deadline and a name.

/** Resolves with the first answer that is not undefined; asks again every `everyMs`. Throws when the time is over. */
export async function until<T>(
  what: string,
  withinMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
  everyMs = 20,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
