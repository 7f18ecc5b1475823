// What the server says, as text. Frames for many are written once and shared; what stands in them was decided elsewhere.

import type { Head, Instant, Issuer, MacKeys, OpenKeys, StoredNotice } from "@hallpass/core";
import { formatCursor } from "@hallpass/core";
import { encodeBase64url, FEED_VERSION, formatPosition, type Ping, type Position } from "@hallpass/protocol";

export function welcomeText(issuer: Issuer, node: string, tokenExpires: Instant, resumed: boolean): string {
  return JSON.stringify({
    type: "welcome",
    feed: FEED_VERSION,
    issuer: issuer.url,
    tenant: issuer.tenant,
    node,
    salt: encodeBase64url(issuer.salt),
    skew_s: issuer.skew,
    max_lifetime_s: issuer.longestToken,
    token_expires_ms: tokenExpires,
    resumed,
  });
}

export function keysText({ version, published }: OpenKeys): string {
  return JSON.stringify({ type: "keys", version, keys: published });
}

export function headText(n: Ping["n"], pos: Position, keys: number, time: Instant): string {
  return `{"type":"head","n":"${n}","pos":"${formatPosition(pos)}","keys":${keys},"time_ms":${time}}`;
}

export function cursorText(mac: MacKeys, issuer: Issuer, at: Head): string {
  return formatCursor(mac, issuer.tenant, { pos: at.pos, mark: at.mark });
}

export interface Stretch {
  readonly to: Position;
  readonly cursor: string;
  readonly notices: readonly StoredNotice[];
  readonly horizon: Instant;
}

export function noticesText({ after, ...stretch }: Stretch & { readonly after: Position }): string {
  return `{"type":"notices","after":"${formatPosition(after)}",${endOf(stretch)},"notices":${noticeTexts(stretch.notices)}}`;
}

/** A part of a snapshot without its notices: its text for those who get them packed. */
export function partHead(part: number, end?: Stretch): string {
  return `{"type":"snapshot","part":${part},"last":${end === undefined ? "false" : `true,${endOf(end)}`}}`;
}

export function partText(head: string, notices: readonly StoredNotice[]): string {
  return `${head.slice(0, -1)},"notices":${noticeTexts(notices)}}`;
}

function endOf({ to, cursor, horizon }: Omit<Stretch, "notices">): string {
  return `"to":"${formatPosition(to)}","cursor":"${cursor}","horizon_ms":${horizon}`;
}

// A notice rests as the JSON text of what it takes away; place and time are put in front of it. A kind of a later version passes unread.
function noticeTexts(notices: readonly StoredNotice[]): string {
  const texts = notices.map(
    ({ pos, at, until, body }) =>
      `{"pos":"${formatPosition(pos)}","at_ms":${at},"until_ms":${until},${body.slice(body.indexOf("{") + 1)}`,
  );
  return `[${texts.join(",")}]`;
}
