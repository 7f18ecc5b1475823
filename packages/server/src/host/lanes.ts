// Which lane a request is in, by its method and path alone: nothing else of it has to be read, and whoever is turned away costs little.
// What takes something away, what verifiers live on, and what watches the server have lanes of their own (spec/overload.md).

export const LANES = ["revocations", "feed", "probes", "clients", "traffic", "waits"] as const;

export type LaneName = (typeof LANES)[number];

/** As the table of endpoints writes them, with a method where the same path stands for something else, too. Every other one is in `traffic`. */
export const PATHS_OF_LANES: Readonly<Record<"revocations" | "feed" | "probes", readonly string[]>> = {
  revocations: [
    "/oauth2/revoke",
    "/v1/revocations",
    "/v1/revocations/:id",
    "/v1/revocations/:id/affected",
    "/v1/sessions/:id/end",
    "/v1/sessions/:id/session-token",
    "PATCH /v1/sessions/:id",
    "/v1/subjects/:ref/block",
    "/v1/subjects/:ref/erase",
    "/v1/clients/:id/disable",
    "DELETE /v1/clients/:id",
    "/v1/keys/compromise",
    "/v1/keys/:kid/compromise",
  ],
  feed: ["/v1/feed"],
  probes: ["/healthz", "/readyz", "/metrics"],
};

export const TOKEN_PATH = "/oauth2/token";

interface Pattern {
  /** Of any method if undefined. */
  readonly method: string | undefined;
  readonly path: RegExp;
  readonly lane: LaneName;
}

/** The lane of a method and a target, with its query or without. A path that is in no row is in `traffic`, too. */
export function laneFinder(): (method: string, target: string) => LaneName {
  const whole = new Map<string, LaneName>();
  const patterns: Pattern[] = [];
  for (const lane of ["revocations", "feed", "probes"] as const) {
    const withIds = PATHS_OF_LANES[lane].filter((path) => path.includes(":"));
    for (const path of PATHS_OF_LANES[lane]) if (!withIds.includes(path)) whole.set(path, lane);
    for (const [method, paths] of Map.groupBy(withIds, methodIn)) {
      const all = paths.map((path) => path.slice(path.indexOf("/")).replaceAll(/:\w+/g, "[^/]+"));
      patterns.push({ method, path: new RegExp(`^(?:${all.join("|")})$`), lane });
    }
  }
  let last: { readonly method: string; readonly target: string; readonly lane: LaneName } | undefined;

  function find(method: string, target: string): LaneName {
    const question = target.indexOf("?");
    const path = question === -1 ? target : target.slice(0, question);
    const known = whole.get(path);
    if (known !== undefined) return known;
    const fits = (one: Pattern): boolean => (one.method ?? method) === method && one.path.test(path);
    return patterns.find(fits)?.lane ?? "traffic";
  }

  return (method, target) => {
    // What a busy server is asked for most, and what was asked for last.
    if (target === TOKEN_PATH) return "traffic";
    if (last?.target === target && last.method === method) return last.lane;
    last = { method, target, lane: find(method, target) };
    return last.lane;
  };
}

function methodIn(row: string): string | undefined {
  return row.startsWith("/") ? undefined : row.slice(0, row.indexOf(" "));
}

const OWN = "grant_type=client_credentials";

/** Whether a client asks for a token for itself: without one nobody revokes, and no verifier gets at the feed. */
export function asksForItself(body: Uint8Array): boolean {
  const at = Buffer.from(body.buffer, body.byteOffset, body.byteLength).indexOf(OWN);
  return at === 0 || (at > 0 && body[at - 1] === 0x26);
}
