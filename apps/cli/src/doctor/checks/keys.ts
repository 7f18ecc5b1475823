// Signing keys.

import { type Check, failure, given, right, unknown, warning } from "../check.ts";

const PUBLISHED: ReadonlySet<string> = new Set(["next", "active", "retiring"]);

export const KEY_CHECKS: readonly Check[] = [
  {
    id: "key-age",
    list: "production",
    title: "Keys rotate when it is due",
    why: "A rotation that does not happen means that nobody tends the keys.",
    mend: "see who is waited for with hallpass keys list; then hallpass keys rotate",
    judge: ({ keys, now_ms: now }) =>
      given(keys, ({ rotations }) => {
        if (rotations.length === 0) return unknown("no rotation is planned");
        const late = rotations.filter((one) => one.proceeds_ms < now);
        return late.length === 0
          ? right(`the next is due ${new Date(Math.min(...rotations.map((one) => one.due_ms))).toISOString()}`)
          : warning(`overdue: ${late.map((one) => one.alg).join(", ")}`);
      }),
  },
  {
    id: "next-key",
    list: "production",
    title: "A next key is published for every active one",
    why: "Without one, a compromise leaves nothing to sign with that verifiers know.",
    mend: "read the server's log: it makes them by itself",
    judge: ({ keys }) =>
      given(keys, ({ keys: all }) => {
        const algs = (state: string): string[] => all.filter((one) => one.state === state).map((one) => one.alg);
        const active = algs("active");
        if (active.length === 0) return failure("no key is active");
        const next = new Set(algs("next"));
        const bare = active.filter((alg) => !next.has(alg));
        return bare.length === 0 ? right(active.join(", ")) : failure(`none for ${bare.join(", ")}`);
      }),
  },
  {
    id: "published-keys",
    list: "production",
    title: "Every key that signs, signed or will sign is in the public key set",
    why: "A cache that holds an old key set rejects good tokens after a rotation.",
    mend: "let the proxy keep /.well-known/jwks.json no longer than its Cache-Control says",
    judge: ({ keys, published }) =>
      given(keys, ({ keys: all }) =>
        given(published, (kids) => {
          const wanted = all.filter((one) => PUBLISHED.has(one.state));
          const missing = wanted.filter((one) => !kids.includes(one.kid));
          return missing.length === 0
            ? right(`${wanted.length} keys`)
            : failure(`missing: ${missing.map((one) => one.kid).join(", ")}`);
        }),
      ),
  },
  {
    id: "key-laggards",
    list: "production",
    title: "No due rotation waits for a verifier",
    why: "Who does not know the next key would reject its tokens.",
    mend: "see the verifier with hallpass verifiers; restart or remove it",
    judge: ({ keys, now_ms: now }) =>
      given(keys, ({ rotations }) => {
        const late = rotations.flatMap((one) => (one.due_ms < now ? one.waiting_for : []));
        return late.length === 0 ? right("none") : warning(late.join(", "));
      }),
  },
  {
    id: "sealed-keys",
    list: "production",
    title: "Keys at rest are sealed under the key-encryption key of today",
    why: "A key-encryption key that was replaced still opens what it sealed.",
    mend: "leave HALLPASS_KEK_PREVIOUS_FILE in place until this is right, then remove it",
    judge: ({ keys }) =>
      given(keys, ({ key_encryption: { current, sealed_under: under } }) => {
        const older = under.filter((id) => id !== current);
        return older.length === 0 ? right(current) : warning(`still under ${older.join(", ")}`);
      }),
  },
];
