// A bound for the messages of Node's WebSocket. Its own is 128 MB, whatever a compressed frame of a few kilobytes unfolds to. Node's client is
// undici, which asks whoever dispatches the upgrade for the bounds; whatever dispatches for this process (through the app's proxy, with its
// certificates) goes on doing so.

/** Beyond what any text of the feed may have. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;
const MOST_FRAGMENTS = 4096;

interface Dispatcher {
  dispatch(options: unknown, handler: unknown): unknown;
}

interface NodeGlobals {
  readonly navigator?: { readonly userAgent?: string };
  readonly process?: { readonly versions?: { readonly undici?: string } };
}

/** Where each version keeps what dispatches for the process, in the form that this version calls. */
const KEPT_AT: Readonly<Record<string, symbol>> = {
  "7": Symbol.for("undici.globalDispatcher.1"),
  "8": Symbol.for("undici.globalDispatcher.2"),
};

/** What a WebSocket's options need besides. Empty where the platform is not Node, or a Node that is not known: its own bounds hold there. */
export function boundedMessages(): { readonly dispatcher?: object } {
  const { navigator, process } = globalThis as NodeGlobals;
  if (navigator?.userAgent?.startsWith("Node.js/") !== true) return {};
  const version = process?.versions?.undici?.split(".", 1)[0] ?? "";
  const own = (globalThis as Readonly<Record<symbol, Partial<Dispatcher> | undefined>>)[KEPT_AT[version] ?? Symbol()];
  if (typeof own?.dispatch !== "function") return {};
  return {
    dispatcher: {
      dispatch: (options: unknown, handler: unknown) => own.dispatch?.(options, handler),
      webSocketOptions: { maxPayloadSize: LONGEST_MESSAGE, maxFragments: MOST_FRAGMENTS },
    },
  };
}
