// Every question that the reader asks.

const ROW = "value, version, attempt, expires, not_before_epoch, not_before_seq, raised_at";

export type Question =
  | "begin"
  | "end"
  | "head"
  | "row"
  | "notices"
  | "dropped"
  | "birthMark"
  | "markAt"
  | "facts"
  | "sealedFacts"
  | "indexedFacts"
  | "factsOfSession"
  | "listTexts"
  | "listUuidsFrom"
  | "listUuidsAfter"
  | "due";

export const readStatements: Readonly<Record<Question, string>> = {
  begin: "BEGIN",
  end: "COMMIT",
  head: "SELECT epoch, seq, mark FROM head",
  row: `SELECT ${ROW}, refs FROM rows WHERE kind = ? AND tenant = ? AND id = ?`,
  notices: `SELECT seq, epoch, mark, body, at, until FROM notices
    WHERE tenant = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
  dropped: "SELECT dropped_seq, dropped_horizon FROM head",
  birthMark: "SELECT birth_mark AS mark FROM head",
  markAt: "SELECT mark FROM notices WHERE seq = ? AND epoch = ?",
  facts: "SELECT place, kind, session, at, body FROM facts WHERE tenant = ? AND place > ? ORDER BY place LIMIT ?",
  sealedFacts: "SELECT ifnull((SELECT max(last) FROM fact_segments), 0) AS place",
  // CROSS JOIN keeps this order: one look into each segment, and those that are found there.
  indexedFacts: `SELECT f.place, f.kind, f.session, f.at, f.body FROM fact_segments s
    CROSS JOIN fact_index i ON i.segment = s.last AND i.session = ? AND i.place > ?
    CROSS JOIN facts f ON f.place = i.place AND f.tenant = ?
    WHERE s.last > ? ORDER BY s.last, i.place LIMIT ?`,
  // What no segment holds yet: a few thousand at most, and those of an earlier release that ran since.
  factsOfSession: `SELECT place, kind, session, at, body FROM facts
    WHERE session = ? AND tenant = ? AND place > ? ORDER BY place LIMIT ?`,
  // Texts sort before blobs, so an upper bound keeps the first of the two runs to itself.
  listTexts: `SELECT id, ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id > ? AND id < x'' ORDER BY id LIMIT ?`,
  listUuidsFrom: `SELECT id, ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id >= ? ORDER BY id LIMIT ?`,
  listUuidsAfter: `SELECT id, ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id > ? ORDER BY id LIMIT ?`,
  due: "SELECT kind, tenant, id FROM rows WHERE kind = ? AND expires <= ? ORDER BY expires LIMIT ?",
};
