// Bugs that were in the product: what was wrong, the harness or test that came with the change and shows it, and the commit that mended it. A row is added by whoever mends one. The planted bugs are in drills/simulation/bugs.ts and models/variants.ts.

export interface Mended {
  readonly bug: string;
  /** The harness or the test that shows it. */
  readonly shownBy: string;
  readonly commit: string;
}

export const MENDED: readonly Mended[] = [
  {
    bug: "A server whose log could not be written, because its reader was gone, answered nobody and ignored SIGTERM",
    shownBy: "packages/server/src/journeys/signals.test.ts",
    commit: "3d242cf",
  },
  {
    bug: "A receipt counted a verifier as enforced that had said hello again while the fleet's row of that hello was not written yet",
    shownBy: "packages/server/src/feed/node-notes.test.ts",
    commit: "5d2fa32",
  },
  {
    bug: "A failover behind PgBouncer never came to its end: the old history was ended outside of the store's schema",
    shownBy: "packages/store-postgres/src/pooled-failover.needs-pgbouncer.test.ts",
    commit: "ff9a712",
  },
  {
    bug: "After an unknown outcome a node showed what the standby might not have: a revocation could be seen, and be gone after a promotion",
    shownBy: "drills/failover/deposed.ts, packages/store-postgres/src/primary.needs-postgres.test.ts",
    commit: "c812fdf",
  },
  {
    bug: "One lost commit that many clients showed began many epochs",
    shownBy: "drills/failover/main.ts, packages/core/src/operations/refresh.test.ts",
    commit: "d4df37c",
  },
  {
    bug: "After a failed fsync SQLite was answered from what was in memory alone: a revocation was a success that no disk held",
    shownBy: "drills/disk/main.ts",
    commit: "e1ec066",
  },
  {
    bug: "An epoch excused a commit that was lost long after it",
    shownBy: "packages/core/src/operations/refresh.test.ts",
    commit: "50fd1ab",
  },
  {
    bug: "A restored store counted its rows anew, and the journal took what was of a later epoch for a conflict",
    shownBy: "packages/core/src/journal/replay-journal.test.ts",
    commit: "4368dca",
  },
  {
    bug: "A database that fell silent at a connection's first word kept whoever waited for ten seconds",
    shownBy: "packages/store-postgres/src/primary.needs-postgres.test.ts, drills/slow-database/main.ts",
    commit: "88a497f",
  },
  {
    bug: "Callers that waited for receipts could shut the lanes of an idle server",
    shownBy: "packages/server/src/host/waiting.test.ts",
    commit: "3880019",
  },
  {
    bug: "A full disk on which a journal's file could not be begun took the server down",
    shownBy: "packages/server/src/journal/journal.test.ts",
    commit: "73064af",
  },
  {
    bug: "A receipt whose revocation a failover took back was answered with 404 alone",
    shownBy: "drills/failover/main.ts, packages/server/src/endpoints/revocations/judge.test.ts",
    commit: "fad6bc0",
  },
  {
    bug: "The name of a data directory that the first start made was never flushed: a power cut could take it, and all that had been acknowledged",
    shownBy: "drills/power-loss/main.ts",
    commit: "da37e8d",
  },
  {
    bug: "A cookie whose name began with a no-break space was read as the session cookie",
    shownBy: "packages/protocol/src/cookie-credential.test.ts",
    commit: "d53a688",
  },
  {
    bug: "A session of a client beyond the caller's mandate could be made a parent",
    shownBy: "packages/server/src/endpoints/borrowed.test.ts",
    commit: "d53a688",
  },
  {
    bug: "The key of an opening gave its answer again after its day, until it was swept",
    shownBy: "packages/server/src/endpoints/borrowed.test.ts",
    commit: "d53a688",
  },
  {
    bug: "A store's clock that was set back brought sessions to life that had only just expired",
    shownBy: "packages/core/src/operations/sweep-passed.test.ts, packages/server/src/host/store-time.test.ts",
    commit: "eacea53",
  },
  {
    bug: "A receipt's bound counted from the time of its commit, which the commit has before it is on the disk: a verifier whose ping was answered in between accepted some milliseconds beyond it",
    shownBy:
      "drills/bounded/main.ts, packages/core/src/revocation/receipt.test.ts, packages/server/src/feed/seen-heads.test.ts",
    commit: "ec1d675",
  },
  {
    bug: "Whoever held a feed credential could say hello, acknowledge and say goodbye under the name of another client's verifier: a receipt called enforced what that verifier had not applied",
    shownBy: "packages/server/src/feed/borrowed-name.test.ts",
    commit: "53c083b",
  },
  {
    bug: "A session was opened with an assurance class, methods or claims for which every reader refused its tokens",
    shownBy: "packages/server/src/endpoints/sessions/own-tokens.test.ts",
    commit: "00f42eb",
  },
  {
    bug: "A client that was named like what every object has was counted as a text when a policy was tried",
    shownBy: "packages/core/src/operations/apply-policy.test.ts",
    commit: "00f42eb",
  },
  {
    bug: "A verifier took what the issuer said of another session for the answer about a session token",
    shownBy: "packages/verifier/src/session-token-answers.test.ts",
    commit: "996719f",
  },
  {
    bug: "An answer to a verifier that pulls on Node which was too long, and whose end came with it, was handed on with zeros in the place of the rest",
    shownBy: "drills/mutation/main.ts, packages/verifier/src/node-post.test.ts",
    commit: "7049090",
  },
  {
    bug: "Of many connections in one moment all beyond 511 were dropped by the kernel, and came back after seconds to a server that was idle: a stampede of 18,000 clients with a connection each went on for two minutes",
    shownBy: "packages/server/src/host/turned-away.test.ts",
    commit: "adeb801",
  },
  {
    bug: "Under Node 24 an answer that was too long, and whose end came with it, ended the verifier's process: the error that it was given up with was handed to a connection to which nobody listened any more",
    shownBy: "packages/verifier/src/node-post.test.ts",
    commit: "09e04e7",
  },
  {
    bug: "Whoever followed the log and lost a part of its mandate read on until its token was over, and one that waited for a fact was told it whatever had been taken from it meanwhile",
    shownBy: "packages/server/src/endpoints/log/stream.test.ts, packages/server/src/endpoints/log/log.test.ts",
    commit: "53978a2",
  },
  {
    bug: "A client that is bounded by its mandate could read in a cursor the name of what its page had left out, and in an opening which sessions of others it had evicted",
    shownBy: "packages/server/src/endpoints/mandates.test.ts",
    commit: "53978a2",
  },
  {
    bug: "The key of a revocation, or of a change of a client, gave its answer again to a client whose mandate had been narrowed since",
    shownBy: "packages/server/src/endpoints/borrowed.test.ts",
    commit: "53978a2",
  },
  {
    bug: "With the guide's files for nginx and HAProxy a cookie that a neighbour can set had the session's handed on to the upstream",
    shownBy: "conformance/gateways/guide.test.ts, conformance/gateways/forward-auth.ts",
    commit: "b506a33",
  },
  {
    bug: "A callback of onEnded that threw kept all other streams open beyond the end of their tokens and of the view, and ended the process where a notice called it",
    shownBy: "packages/verifier/src/ended.test.ts",
    commit: "42e0475",
  },
  {
    bug: "A first start that was killed or found the disk full left an empty file in the place of the key-encryption key, on which every later start stopped",
    shownBy: "packages/server/src/host/private-files.test.ts",
    commit: "005fc8b",
  },
  {
    bug: "The command line sent a secret from elsewhere to whichever address stood in the folder in which it was started",
    shownBy: "apps/cli/src/connection/settings.test.ts",
    commit: "4bcbb70",
  },
  {
    bug: "The text of a defect on the command line carried what a server had answered to the terminal as it was",
    shownBy: "apps/cli/src/log/follow.test.ts",
    commit: "5d9511e",
  },
  {
    bug: "A file of configuration with very many names was read in the square of their number",
    shownBy: "packages/server/src/host/document.test.ts",
    commit: "ba6dc67",
  },
  {
    bug: "With the guide's files for Caddy and Apache a client reached the upstream without the identity headers that the gateway had put in, whichever it named in its Connection header",
    shownBy: "conformance/gateways/forward-auth.ts, conformance/gateways/verifies-tokens.ts",
    commit: "d51bc10",
  },
  {
    bug: "A client that may not assert a session's assurance could set a later time of its sign-in: one of long ago passed as a recent one of that assurance",
    shownBy: "packages/server/src/endpoints/mandates.test.ts",
    commit: "9ebfd4e",
  },
  {
    bug: "A client that named somebody else as the actor in a body stood in no fact itself",
    shownBy: "packages/server/src/endpoints/human-actor.test.ts",
    commit: "2993d5a",
  },
  {
    bug: "A command of the line whose output nobody read any more ended with 0, also where a file was half applied",
    shownBy: "apps/cli/src/unread.test.ts",
    commit: "b73f816",
  },
  {
    bug: "PostgreSQL's tools, which a backup and a restore run, took any certificate or a connection in the clear where the node itself verifies",
    shownBy: "packages/store-postgres/src/tool-environment.needs-postgres.test.ts",
    commit: "7d88258",
  },
  {
    bug: "A receipt cost the square of the fleet where each verifier said a service of its own, and failed after the commit for hundreds of thousands",
    shownBy: "packages/core/src/revocation/receipt-services.test.ts",
    commit: "2b64944",
  },
];
