// Sessions are opened, a backup is made while they are refreshed, more is revoked, by every kind of target, the store is lost, and the backup
// comes back in one of three ways. Then everybody returns with what they hold.

import type { Verifier } from "@hallpass/verifier";
import { until } from "../nodes/serving-process.ts";
import { Deployment, kidOf, type Session } from "./deployment.ts";
import { comeBackWithoutRestore } from "./without-restore.ts";

export interface Rehearsal {
  readonly store: "sqlite" | "postgres";
  /** `neither` is no way to restore: it shows what the other two prevent. */
  readonly way: "journal" | "ended" | "neither";
  readonly sessions: number;
  readonly say: (words: string) => void;
}

export interface Rehearsed {
  /** What was revoked after the backup, by the kind of its target, and accepted again. */
  readonly acceptedAgain: readonly string[];
  /** Who was revoked by nobody, was in the backup, and had to sign in again. */
  readonly loggedOut: number;
  readonly kept: number;
  readonly revoked: number;
  readonly epochs: number;
  readonly restoreMs: number;
  /** After the node listened again, until the verifier accepted no token of the lost stretch. */
  readonly noticedMs: number;
  readonly problems: readonly string[];
}

/** Seconds: M of the verifier. */
const MOST_STALE = 5;

interface Taken {
  readonly kind: string;
  readonly session: Session;
  readonly client: string;
  /** Whether the session itself is over, or only its access token. */
  readonly whole: boolean;
}

export async function rehearse({ store, way, sessions, say }: Rehearsal): Promise<Rehearsed> {
  const one = await Deployment.of(store);
  const problems: string[] = [];
  let verifier: Verifier | undefined;
  try {
    await one.start();
    await register(one, "kiosk");
    const verifying = one.verifier(MOST_STALE);
    verifier = verifying;
    const { kept, meant } = await openAll(one, sessions);
    say(`${store}, ${way}: ${kept.length + meant.length} sessions open`);
    const backup = one.path("backup");
    const [made] = await Promise.all([one.hallpass("backup", backup), refreshAll(one, kept)]);
    if (made.code !== 0) throw new Error(`no backup was made: ${made.said}`);
    const taken = await revokeAll(one, meant);
    const late = await one.open("came-after-the-backup");
    await refreshAll(one, kept);
    await refreshAll(one, kept);
    await accepted(verifier, (await one.open("watched")).access);
    say(`${store}, ${way}: ${taken.length} revoked since the backup, the rest refreshed; the store is lost`);
    await one.lose();

    const began = performance.now();
    if (way === "neither") await comeBackWithoutRestore(one, store, backup);
    else {
      const without =
        way === "journal" ? await one.hallpass("restore", backup, "--journal", one.path("nothing")) : null;
      if (without !== null && without.code !== 3) problems.push(`without a journal it was restored: ${without.said}`);
      const how = way === "journal" ? [] : ["--journal", one.path("nothing"), "--end-all-sessions"];
      const restored = await one.hallpass("restore", backup, ...how);
      if (restored.code !== 0) throw new Error(`nothing was restored: ${restored.said}`);
      say(`${store}, ${way}: ${restored.said.trim()}`);
    }
    const restoreMs = performance.now() - began;
    await one.start(way !== "neither");

    const acceptedAgain: string[] = [];
    // A lease from before the loss may hold for M (spec/feed.md LEASE-1); after it the verifier knows the store that came back.
    const noticing = performance.now();
    await until("a token of the lost stretch is accepted no more", MOST_STALE + 1, async () => {
      const { kind } = await verifying.verify(late.access);
      return kind !== "accepted";
    });
    const noticedMs = performance.now() - noticing;
    await knowsAgain(verifying, one);
    for (const { kind, session, client, whole } of taken) {
      if ((await verifier.verify(session.access)).kind === "accepted") acceptedAgain.push(`${kind}: access token`);
      if (whole && (await one.refresh(session.refresh, client)).status === 200)
        acceptedAgain.push(`${kind}: refresh token`);
    }
    for (const { session } of taken.filter(({ kind }) => kind === "key"))
      if (await one.publishes(kidOf(session.access))) acceptedAgain.push("key: published again");
    let loggedOut = 0;
    for (const session of kept) {
      const { status, json } = await one.refresh(session.refresh);
      if (status !== 200) loggedOut += 1;
      else if ((await verifier.verify(String(json["access_token"]))).kind !== "accepted")
        problems.push("a fresh token of a session that was kept is not accepted");
    }
    return {
      acceptedAgain,
      loggedOut,
      kept: kept.length,
      revoked: taken.length,
      epochs: await epochsOf(one),
      restoreMs,
      noticedMs,
      problems,
    };
  } finally {
    verifier?.close();
    await one.close();
  }
}

async function register(one: Deployment, id: string): Promise<void> {
  const { status, json } = await one.operate("/v1/clients", {
    client_id: id,
    token_endpoint_auth_method: "none",
    grant_types: ["refresh_token"],
    scope: "",
    audiences: ["http://localhost:8027"],
  });
  if (status !== 201) throw new Error(`a client could not be registered: ${JSON.stringify(json)}`);
}

const KINDS = ["session", "family", "token", "subject", "client", "query", "leaked", "key"] as const;

interface Meant {
  readonly kind: (typeof KINDS)[number];
  readonly subject: string;
  readonly session: Session;
}

async function openAll(one: Deployment, sessions: number): Promise<{ kept: Session[]; meant: Meant[] }> {
  const kept: Session[] = [];
  for (let n = 0; n < sessions; n += 1) kept.push(await one.open(`kept-${n}`));
  const meant: Meant[] = [];
  for (const kind of KINDS) {
    const subject = `meant-${kind}`;
    meant.push({ kind, subject, session: await one.open(subject, kind === "client" ? "kiosk" : "demo") });
  }
  return { kept, meant };
}

async function refreshAll(one: Deployment, all: readonly Session[]): Promise<void> {
  for (const session of all) {
    const { status, json } = await one.refresh(session.refresh);
    if (status !== 200) throw new Error(`a refresh was refused: ${JSON.stringify(json)}`);
    session.refresh = String(json["refresh_token"]);
  }
}

async function revokeAll(one: Deployment, meant: readonly Meant[]): Promise<readonly Taken[]> {
  const taken: Taken[] = [];
  for (const { kind, subject, session } of meant) {
    const done =
      kind === "key"
        ? await compromise(one, session)
        : await one.operate("/v1/revocations", { targets: [targetOf(kind, subject, session)] });
    if (done.status >= 300) throw new Error(`${kind} could not be revoked: ${JSON.stringify(done.json)}`);
    if (kind === "query") await complete(one, String(done.json["id"]));
    taken.push({
      kind,
      session,
      client: kind === "client" ? "kiosk" : "demo",
      whole: kind !== "token" && kind !== "key",
    });
  }
  return taken;
}

function targetOf(
  kind: Exclude<Meant["kind"], "key">,
  subject: string,
  { sid, fam, access, refresh }: Session,
): object {
  switch (kind) {
    case "session":
      return { type: kind, sid };
    case "family":
      return { type: kind, sid, fam };
    case "token":
      return { type: "leaked", token: access };
    case "subject":
      return { type: kind, subject };
    case "client":
      return { type: kind, client_id: "kiosk" };
    case "query":
      return { type: kind, query: { subject } };
    case "leaked":
      return { type: kind, token: refresh };
  }
}

async function compromise(one: Deployment, { access }: Session): ReturnType<Deployment["operate"]> {
  const done = await one.operate("/v1/keys/compromise", { kids: [kidOf(access)] });
  one.forgetToken();
  return done;
}

async function complete(one: Deployment, id: string): Promise<void> {
  await until("a revocation by query is complete", 20, async () => {
    const { json } = await one.operate(`/v1/revocations/${id}`);
    return json["status"] !== "running";
  });
}

async function accepted(verifier: Verifier, access: string): Promise<void> {
  await until("a verifier knows the server again", 30, async () => (await verifier.verify(access)).kind === "accepted");
}

/** A verifier that shows what it knows may have an epoch begun, which a token of before does not outlive. */
async function knowsAgain(verifier: Verifier, one: Deployment): Promise<void> {
  let probe = await one.open("probe");
  await until("a verifier knows the server again", 30, async () => {
    const { kind } = await verifier.verify(probe.access);
    if (kind === "rejected") {
      one.forgetToken();
      probe = await one.open("probe");
    }
    return kind === "accepted";
  });
}

async function epochsOf(one: Deployment): Promise<number> {
  // What came back from the lost stretch may have started one.
  one.forgetToken();
  const { json } = await one.operate("/v1/log?kind=epoch_started");
  const facts = json["facts"];
  if (!Array.isArray(facts)) throw new Error(`the log was not read: ${JSON.stringify(json)}`);
  return facts.length;
}
