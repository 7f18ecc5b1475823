// Notices as bytes (spec/feed.md, Packed). A process that has just started gets ten thousand of them before any of this is compiled, so
// nothing is done for each: every field of a stretch stands in a column of its own width, and any byte in a column means something.

import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { type Notice, type Taking, takingFromWire } from "./notice.ts";
import type { Position } from "./position.ts";
import { isJsonObject, parseStrictJson } from "./strict-json.ts";
import { bytesToUuid, uuidToBytes } from "./uuid.ts";

/** The first byte of a stretch. A notice of another kind is never packed. */
export const PACKED_KINDS = { session: 1, outdated: 2, family: 3, token: 4, subject: 5, client: 6 } as const;

const KEY_BYTES = 16;
const FAM_BYTES = 4;
/** Kind, count, epoch; then the bases of seq, `at` and `until`. */
const HEADER_BYTES = 1 + 4 + 4 * 8;
const OFFSET_BYTES = 4;
const OFFSETS = 2 ** 32;
const BODY_LIMITS = { maxLength: 4096, maxDepth: 4, maxMembers: 64 };

/** What a server packs: a notice whose `body` is the JSON text of what it takes away. */
export interface StoredBody {
  readonly pos: Position;
  readonly at: number;
  readonly until: number;
  readonly body: string;
}

/** A stretch of packed notices of one kind and one epoch. */
export interface NoticeRows {
  /** One of PACKED_KINDS. */
  readonly kind: number;
  readonly size: number;
  readonly epoch: number;
  /** Sixteen bytes each, at the beginning of a buffer of their own: a session's id, a token's, or a salted hash. */
  readonly keys: Uint8Array<ArrayBuffer>;
  /** Of families, four bytes each; empty for every other kind. */
  readonly fams: Uint8Array;
  /** The position of the last row: none of them lies after it. */
  readonly newest: Position;
  readonly seqOf: (row: number) => number;
  readonly atOf: (row: number) => number;
  readonly untilOf: (row: number) => number;
}

export interface Packing<T> {
  readonly packed: Uint8Array;
  /** Those that have no packed form, in their order. */
  readonly others: readonly T[];
}

interface Stretch {
  readonly kind: number;
  readonly first: StoredBody;
  readonly keys: Uint8Array[];
  readonly of: StoredBody[];
}

/** Whatever has a packed form, in stretches; the rest is told. */
export function packNotices<T extends StoredBody>(notices: readonly T[]): Packing<T> {
  const open = new Map<number, Stretch>();
  const all: Stretch[] = [];
  const others: T[] = [];
  for (const one of notices) {
    const form = packedForm(one.body);
    if (form === undefined || ![one.pos.epoch, one.pos.seq, one.at, one.until].every(isBase)) {
      others.push(one);
      continue;
    }
    let stretch = open.get(form.kind);
    if (stretch === undefined || !belongs(one, stretch.first, stretch.of.at(-1))) {
      stretch = { kind: form.kind, first: one, keys: [], of: [] };
      open.set(form.kind, stretch);
      all.push(stretch);
    }
    stretch.keys.push(form.key);
    stretch.of.push(one);
  }
  return { packed: joined(all.map(stretchBytes)), others };
}

/** Whether it lies after the last one, and offsets from the first can say where and when it is. */
function belongs({ pos, at, until }: StoredBody, first: StoredBody, last: StoredBody = first): boolean {
  const fits = (value: number, base: number): boolean => value >= base && value - base < OFFSETS;
  return (
    pos.epoch === first.pos.epoch &&
    pos.seq > last.pos.seq &&
    fits(pos.seq, first.pos.seq) &&
    fits(at, first.at) &&
    fits(until, first.until)
  );
}

function stretchBytes({ kind, first, keys, of }: Stretch): Uint8Array {
  const [size, width] = [of.length, (keys[0]?.length ?? 0) + 3 * OFFSET_BYTES];
  const bytes = new Uint8Array(HEADER_BYTES + size * width);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, size);
  [first.pos.epoch, first.pos.seq, first.at, first.until].forEach((base, index) => {
    view.setBigUint64(5 + index * 8, BigInt(base));
  });
  let at = HEADER_BYTES;
  for (const [from, to] of [
    [0, KEY_BYTES],
    [KEY_BYTES, KEY_BYTES + FAM_BYTES],
  ] as const) {
    for (const key of keys) {
      const piece = key.subarray(from, to);
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  const columns = [
    of.map(({ pos }) => pos.seq - first.pos.seq),
    of.map((one) => one.at - first.at),
    of.map(({ until }) => until - first.until),
  ];
  columns.flat().forEach((offset, index) => {
    view.setUint32(at + index * OFFSET_BYTES, offset);
  });
  return bytes;
}

function packedForm(text: string): { readonly kind: number; readonly key: Uint8Array } | undefined {
  const parsed = parseStrictJson(text, BODY_LIMITS);
  const taking = parsed.ok && isJsonObject(parsed.value) ? takingFromWire(parsed.value) : undefined;
  if (taking === undefined || "unknownKind" in taking) return undefined;
  const key = keyOf(taking);
  return key === undefined || taking.kind === "tenant" || taking.kind === "epoch"
    ? undefined
    : { kind: PACKED_KINDS[taking.kind], key };
}

/** With a family's own four bytes after its session's. Undefined for a `jti` that is not base64url of sixteen bytes. */
function keyOf(taking: Taking): Uint8Array | undefined {
  switch (taking.kind) {
    case "session":
    case "outdated":
      return uuidToBytes(taking.sid);
    case "family":
      return joined([uuidToBytes(taking.sid), decodeBase64url(taking.fam)].filter((part) => part !== undefined));
    case "token": {
      const jti = decodeBase64url(taking.jti);
      return jti?.length === KEY_BYTES ? jti : undefined;
    }
    case "subject":
      return decodeBase64url(taking.subject);
    case "client":
      return decodeBase64url(taking.client);
    case "tenant":
    case "epoch":
      return undefined;
  }
}

/** Undefined unless all of the bytes are stretches of at most `most` notices together. */
export function unpackNotices(bytes: Uint8Array, most: number): readonly NoticeRows[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all: NoticeRows[] = [];
  let left = most;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < HEADER_BYTES) return undefined;
    const kind = view.getUint8(at);
    const size = view.getUint32(at + 1);
    const [epoch = 0, seq = 0, time = 0, until = 0] = [5, 13, 21, 29].map((base) =>
      Number(view.getBigUint64(at + base)),
    );
    if (kind < PACKED_KINDS.session || kind > PACKED_KINDS.client || size === 0 || size > left) return undefined;
    if (![epoch, seq, time, until].every(isBase) || epoch === 0 || seq === 0) return undefined;
    left -= size;
    const keysAt = at + HEADER_BYTES;
    const famsAt = keysAt + size * KEY_BYTES;
    const seqsAt = famsAt + (kind === PACKED_KINDS.family ? size * FAM_BYTES : 0);
    const atsAt = seqsAt + size * OFFSET_BYTES;
    const untilsAt = atsAt + size * OFFSET_BYTES;
    at = untilsAt + size * OFFSET_BYTES;
    if (at > bytes.length || !isAscending(view, seqsAt, size)) return undefined;
    all.push({
      kind,
      size,
      epoch,
      keys: new Uint8Array(bytes.subarray(keysAt, famsAt)),
      fams: bytes.subarray(famsAt, seqsAt),
      newest: { epoch, seq: seq + view.getUint32(atsAt - OFFSET_BYTES) },
      seqOf: (row) => seq + view.getUint32(seqsAt + row * OFFSET_BYTES),
      atOf: (row) => time + view.getUint32(atsAt + row * OFFSET_BYTES),
      untilOf: (row) => until + view.getUint32(untilsAt + row * OFFSET_BYTES),
    });
  }
  return all;
}

/** From 0 and strictly: a stretch begins with its first notice, and no position names two. */
function isAscending(view: DataView, from: number, size: number): boolean {
  let before = view.getUint32(from);
  if (before !== 0) return false;
  for (let row = 1; row < size; row += 1) {
    const offset = view.getUint32(from + row * OFFSET_BYTES);
    if (offset <= before) return false;
    before = offset;
  }
  return true;
}

/** Such that any offset may be added. */
function isBase(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER - OFFSETS;
}

/** The rows as notices, for who has to look at each. */
export function noticesOfRows(rows: NoticeRows): Notice[] {
  return Array.from({ length: rows.size }, (_, row) => ({
    pos: { epoch: rows.epoch, seq: rows.seqOf(row) },
    at: rows.atOf(row),
    until: rows.untilOf(row),
    taking: takingOfRow(rows, row),
  }));
}

function takingOfRow({ kind, keys, fams }: NoticeRows, row: number): Taking {
  const key = keys.subarray(row * KEY_BYTES, (row + 1) * KEY_BYTES);
  switch (kind) {
    case PACKED_KINDS.session:
      return { kind: "session", sid: bytesToUuid(key) };
    case PACKED_KINDS.outdated:
      return { kind: "outdated", sid: bytesToUuid(key) };
    case PACKED_KINDS.family: {
      const fam = encodeBase64url(fams.subarray(row * FAM_BYTES, (row + 1) * FAM_BYTES));
      return { kind: "family", sid: bytesToUuid(key), fam };
    }
    case PACKED_KINDS.token:
      return { kind: "token", jti: encodeBase64url(key) };
    case PACKED_KINDS.subject:
      return { kind: "subject", subject: encodeBase64url(key) };
    case PACKED_KINDS.client:
      return { kind: "client", client: encodeBase64url(key) };
    default:
      throw new TypeError("rows of no kind were not read by unpackNotices");
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
