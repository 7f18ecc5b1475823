// Answers need a head that was read after they were asked for (LEASE-4). One read serves everyone who had asked when it
// began; who asks while it is under way waits for the next. So reads cost the same for one verifier and for thousands.

export interface HeadReader<T> {
  /** The first result whose reading begins after this call. Rejects when that reading failed; the next one is tried afresh. */
  next(): Promise<T>;
}

export function createHeadReader<T>(read: () => Promise<T>, failed: (cause: unknown) => void): HeadReader<T> {
  let waiting: PromiseWithResolvers<T> | undefined;
  let running = false;

  async function run(): Promise<void> {
    // Lets the caller's turn end: whoever asks in the same turn shares the read.
    await Promise.resolve();
    while (waiting !== undefined) {
      const batch = waiting;
      waiting = undefined;
      try {
        batch.resolve(await read());
      } catch (cause) {
        failed(cause);
        batch.reject(cause);
      }
    }
    running = false;
  }

  return {
    next: () => {
      if (waiting === undefined) {
        waiting = Promise.withResolvers<T>();
        // Told once, above; not every reading has someone who waits for it.
        waiting.promise.catch(() => {});
      }
      const { promise } = waiting;
      if (!running) {
        running = true;
        void run();
      }
      return promise;
    },
  };
}
