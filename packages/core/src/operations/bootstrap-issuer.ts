// The issuer's own row: the salt of its notices, and which token lifetimes it ever allowed, so that no notice is forgotten too early.

import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs, type Instant, isPast, secondsOf } from "../kernel/time.ts";
import { answer, change, write } from "../store/change.ts";
import type { Row, RowKey, Store } from "../store/store.ts";

/** A lifetime that was the longest allowed; tokens of it may live until `until`, null while it still is. */
interface AllowedLifetime {
  readonly seconds: number;
  readonly until: Instant | null;
}

interface IssuerRow {
  readonly layout: 1;
  readonly url: string;
  readonly salt: string;
  readonly lifetimes: readonly AllowedLifetime[];
}

export function issuerKey(tenant: TenantId): RowKey {
  return { tenant, kind: "issuer", id: "issuer" };
}

/** Makes the row when it is absent, notes a changed lifetime when it is there. Throws when the store belongs to another issuer: its tokens would not verify. */
export async function bootstrapIssuer(
  deps: { readonly store: Store; readonly dice: Dice },
  settings: Pick<Issuer, "tenant" | "url" | "skew" | "maxTokenLifetime">,
): Promise<Issuer> {
  const key = issuerKey(settings.tenant);
  const fresh = encodeBase64url(deps.dice.bytes(16));
  return change(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const known = row === undefined ? undefined : issuerFromRow(row);
    if (known !== undefined && known.url !== settings.url) {
      throw new Error(`this store belongs to the issuer ${known.url}; it can't be opened as ${settings.url}`);
    }
    const lifetimes = allowedNow(known?.lifetimes ?? [], settings.maxTokenLifetime, snapshot.clock);
    const next: IssuerRow = { layout: 1, url: settings.url, salt: known?.salt ?? fresh, lifetimes };
    const issuer = issuerOf(settings, next);
    const value = JSON.stringify(next);
    if (row?.value === value) return answer(issuer);
    return write({
      rows: [{ key, expect: row?.version ?? "absent", next: { value, expires: null } }],
      answer: () => issuer,
    });
  });
}

/** The issuer as its row says; undefined before a first start has made it. */
export async function readIssuer(
  store: Store,
  { tenant, skew }: Pick<Issuer, "tenant" | "skew">,
): Promise<Issuer | undefined> {
  const key = issuerKey(tenant);
  const row = (await store.read([key])).get(key);
  if (row === undefined) return undefined;
  const known = issuerFromRow(row);
  const allowed = known.lifetimes.find(({ until }) => until === null)?.seconds ?? 0;
  return issuerOf({ tenant, skew, url: known.url, maxTokenLifetime: secondsOf(allowed) }, known);
}

/** The present lifetime is open-ended; an earlier one stays until its last token has expired. */
function allowedNow(known: readonly AllowedLifetime[], seconds: number, now: Instant): readonly AllowedLifetime[] {
  const earlier = known
    .filter((one) => one.seconds !== seconds)
    .map((one): AllowedLifetime => (one.until === null ? { ...one, until: afterMs(now, one.seconds * 1000) } : one))
    .filter((one) => one.until === null || !isPast(one.until, now));
  return [{ seconds, until: null }, ...earlier];
}

function issuerOf(settings: Pick<Issuer, "tenant" | "url" | "skew" | "maxTokenLifetime">, row: IssuerRow): Issuer {
  const salt = decodeBase64url(row.salt);
  if (salt === undefined) throw new Error("the issuer's row holds a malformed salt");
  return { ...settings, salt, longestToken: Math.max(...row.lifetimes.map((one) => one.seconds)) };
}

function issuerFromRow(row: Row): IssuerRow {
  const value = JSON.parse(row.value) as IssuerRow;
  if (value.layout !== 1) throw new Error("the issuer's row has a layout that this version does not know");
  return value;
}
