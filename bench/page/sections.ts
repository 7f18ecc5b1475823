// The frame of docs/performance.md: what is compared and what is not, in short texts without a figure. Figures come from bench/results/.

export interface Section {
  readonly level: 2 | 3;
  readonly title: string;
  readonly results: readonly Shown[];
  /** Experiments of docs/proof.md that say something here. */
  readonly rehearsed?: readonly string[];
  readonly text: string;
}

interface Shown {
  /** Of a file in bench/results/. */
  readonly id: string;
  /** The rows that the others are compared with; otherwise whoever can be. */
  readonly beside?: readonly string[];
}

export const FRAME = {
  about:
    "Printed by `npm run docs` from [the results that are kept](../bench/results), each a file with its rounds, command, commit, date and load. Every figure can be measured again by the command above its table, and kept with `--keep` ([how](../bench/README.md)); `npm run bench -- --quick` makes a rough run of nearly all. Medians of rounds, with the least and the most in brackets; `×` is how many times as much as another row of the same run, the median of the rounds' ratios. Absolutes are this machine's: compare what stands in one table. [Where the time goes, and what each change brought](performance-notes.md).",
  floor:
    "The floor of an operation is bare node:http with the same cryptography and the same durable write, in the same run ([its source](../bench/token/floor-server.ts)): no client, no policy, no reuse, no facts. Goals are bounds in [one table](../bench/page/goals.ts); whether they are met is computed. Of several rows and peers the worst counts.",
  notMeasured:
    "Power cuts, disks that lie about flush, more than one machine, TLS, Node 24 on the server, a load that is not closed-loop, more than 1,000 connected verifiers outside of a [rehearsal](#a-storm-of-verifiers).",
} as const;

const TOKENS = ["oidc-provider (memory)", "oidc-provider (Redis everysec)", "floor: node:http, ES256, fdatasync"];

export const SECTIONS: readonly Section[] = [
  {
    level: 2,
    title: "The token endpoint, beside oidc-provider",
    results: [
      { id: "refresh", beside: TOKENS },
      { id: "client_credentials", beside: TOKENS },
    ],
    text: "The server has one core, load and databases have the other, 16 connections ask again at once; the figure is requests per CPU-second of the server with all its threads, and the database's own CPU has a column of its own. Hallpass on SQLite writes with `synchronous=FULL`, on PostgreSQL each commit is flushed: every rotation is on disk before its answer. oidc-provider signs and rotates alike; in memory it keeps everything in a Map, and Redis (`appendfsync everysec`) may lose a second. client_credentials is above its floor because Hallpass signs in a row what arrives together ([where a refresh's time goes](performance-notes.md#a-refresh)).",
  },
  {
    level: 3,
    title: "Further operations beside those who do the like",
    results: [{ id: "introspect", beside: TOKENS }, { id: "revoke", beside: TOKENS }, { id: "open" }, { id: "check" }],
    text: "What is compared is not the same work everywhere. Introspection: oidc-provider finds an opaque token, Hallpass judges a JWT by its session's rows. Revocation: oidc-provider deletes, Hallpass commits a notice that verifiers enforce, durably. Opening: express-session writes one entry in another process and not durably, Hallpass authenticates its caller, writes session, subject and fact, and signs. `/check`: the others look one entry up, Hallpass judges session, subject, client and head and answers with a token for the upstream. Everything is warm: 25,000 requests of each contender go before the first round that counts.",
  },
  {
    level: 3,
    title: "A protected route",
    results: [
      {
        id: "route",
        beside: [
          "express-session (connect-redis everysec)",
          "@fastify/session (memory)",
          "@fastify/jwt (cache)",
          "floor: node:http, nobody is judged",
        ],
      },
    ],
    text: "Each connection has the token or cookie of another person, the same each time. The verifier judges time, audience, key, notices and lease on each request; sessions are looked up; @fastify/jwt with its cache verifies a signature once for each token, and learns of no revocation. Five times express-session can't be reached on node:http where the server that judges nobody is below it.",
  },
  {
    level: 2,
    title: "What an operation costs, in counts",
    results: [],
    text: "Reads, commits, flushes, signatures and allocations of each operation depend on no machine. They stand, as limits that the tests hold, in [their own table](costs.md).",
  },
  {
    level: 2,
    title: "A verdict, beside fast-jwt",
    results: [
      { id: "verify-remembered" },
      {
        id: "verify-fresh",
        beside: ["floor: node:crypto (ieee-p1363) + JSON.parse", "fast-jwt, no cache", "jose", "jsonwebtoken"],
      },
      { id: "verify-notices" },
    ],
    text: "In one process, per CPU-second in user mode. A remembered verdict judges time, audience, key, notices and lease again; a cache hit of fast-jwt judges time alone. The floor of a fresh one is the bare signature and `JSON.parse`; 10,000 notices live. What a verdict costs does not depend on how many do.",
  },
  {
    level: 2,
    title: "Signatures and durable changes, beside their floors",
    results: [{ id: "sign" }, ...["write-1", "write-16", "write-64"].map((id) => ({ id }))],
    text: "The floors hold up the event loop while they flush. The store writes in a thread of its own, with versions, terms, a head, an index of what is due and outcomes: a lone change pays for the way there and back, many at once share it.",
  },
  {
    level: 2,
    title: "From acknowledgement to refusal",
    results: [{ id: "push" }],
    text: "From the moment at which a revocation was acknowledged: until a verifier in another process had received it, and until the server knew that all had applied it, so that the receipt says so. Store in memory, WebSockets on the loopback.",
  },
  {
    level: 3,
    title: "From one node to the verifiers of another",
    results: [{ id: "push-cross-node" }],
    text: "Two nodes on one PostgreSQL; until `onEnded` of a verifier at the node that did not revoke. A notice waits for no timer on its way: the commit notifies, the other node reads and pushes. The clients of the second row refresh without a pause and take all of the processor that there is.",
  },
  {
    level: 2,
    title: "A function that has just started",
    results: [{ id: "verifier-start-10000" }],
    text: "A bearer, one pull, the keys, 10,000 notices, one signature; the server in another process. The floor asks for the same bytes in a new process and does nothing with them.",
  },
  {
    level: 3,
    title: "With 100,000 notices",
    results: [{ id: "verifier-start-100000" }, { id: "notices-refresh" }, { id: "notices-route" }],
    text: "The first pull waits until the server has built its snapshot, once for all who ask. A process that connects again shows its cursor and gets none. While notices live, neither a refresh nor a route costs more; a route's process needs more memory.",
  },
  {
    level: 2,
    title: "A store as it grows",
    results: [{ id: "sizes-sqlite" }, { id: "sizes-postgres" }],
    text: "Stores of several sizes with a node each, all up at once and asked over HTTP in turn, so that whatever else the machine does falls on all; each request is for another session, chosen evenly from all. A ratio is the median of each round's. A p99 of a few hundred requests moves a good deal between runs. Sessions are filled by SQL and compared with what the code writes.",
  },
  {
    level: 3,
    title: "Starting a node, and what a million sessions take",
    results: [{ id: "server-start" }, { id: "footprint" }, { id: "sweep-sqlite" }, { id: "sweep-postgres" }],
    text: "The floor is a new process with a bare node:http that listens. A start does not depend on how many sessions there are, and they take no memory of the node before they are asked for; what is remembered then is bounded. Most of a start is loading: these nodes run from TypeScript. A sweep of ended sessions goes in short steps (GRO-6), so that who refreshes beside it hardly waits.",
  },
  {
    level: 2,
    title: "The store",
    results: [{ id: "store" }, { id: "store-bytes" }],
    text: "The SQLite store alone, without a server: one session row with a new due time for each rotation. The p99 is the checkpoint of the log, between batches.",
  },
  {
    level: 2,
    title: "A request with a session's cookie, in one process",
    results: [{ id: "session-verifier" }, { id: "session-check" }],
    text: "Without a socket. `/check` reads the rows for every request; the signature of what the upstream gets is made twice a minute for a session.",
  },
  {
    level: 2,
    title: "A revocation by query, beside those who refresh",
    results: [{ id: "revoke-query" }],
    text: "Eight clients refresh with one request each under way. One change of at most 13 sessions follows another, and each waits its turn behind those of the refreshes.",
  },
  {
    level: 2,
    title: "A turn of the event loop",
    results: [{ id: "turns-sqlite" }, { id: "turns-postgres" }],
    text: "How late a timer of 1 ms is in the server while as many clients refresh without a pause. At most 24 requests go on in a turn ([LOAD-8](../spec/overload.md)). With more connections than it can serve a server turns some away at once; their answers are counted, too, and the last column says how many they are.",
  },
  {
    level: 2,
    title: "Ten times the capacity",
    results: [{ id: "overload" }],
    text: "A store that takes one change after another, slowly, is where ten times the capacity really arrives. Where the processor is what is missing, load and server have a core each, and what arrives is what the load can send: a thousand requests that come in at once take a core twenty milliseconds to read alone. The second row is the control, without admission. Revocations go before traffic ([overload](guides/overload.md)).",
  },
  {
    level: 2,
    title: "A storm of verifiers",
    results: [],
    rehearsed: ["storm"],
    text: "The node of many connected verifiers is killed and comes back; the longest wait of the protocol is 30 s. They speak the feed and judge nothing, without TLS.",
  },
  {
    level: 2,
    title: "A lost store",
    results: [{ id: "restore-sqlite" }, { id: "restore-postgres" }],
    rehearsed: ["restore"],
    text: "By the commands themselves, as an operator calls them; afterwards everything that was revoked since the backup was refused, and a hundred others refreshed.",
  },
];
