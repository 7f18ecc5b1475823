// Turns of the event loop, without a timer.

/** Lets everything else that is ready go first. */
export function turn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    resolve();
  };
  channel.port2.postMessage(null);
  return promise;
}

/** Looks again and again, `watchers` at a time, while the work goes on. */
export async function lookBeside(work: Promise<void>, look: () => Promise<void>, watchers = 2): Promise<void> {
  const state = { isDone: false };
  const watch = async (): Promise<void> => {
    while (!state.isDone) {
      await look();
      await turn();
    }
  };
  const done = work.finally(() => {
    state.isDone = true;
  });
  await Promise.all([done, ...Array.from({ length: watchers }, watch)]);
}
