// Waits for what may never end.

/** Whether the work ended within so many milliseconds. Rejects with what it rejects with. The process lives until then. */
export async function isOver(work: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
