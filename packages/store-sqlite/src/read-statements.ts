// Every question that the reader asks.

const ROW = "id, value, version, attempt, expires, not_before_epoch, not_before_seq, raised_at";

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
  factsOfSession: `SELECT place, kind, session, at, body FROM facts
    WHERE session = ? AND tenant = ? AND place > ? ORDER BY place LIMIT ?`,
  // Texts sort before blobs, so an upper bound keeps the first of the two runs to itself.
  listTexts: `SELECT ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id > ? AND id < x'' ORDER BY id LIMIT ?`,
  listUuidsFrom: `SELECT ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id >= ? ORDER BY id LIMIT ?`,
  listUuidsAfter: `SELECT ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id > ? ORDER BY id LIMIT ?`,
  due: "SELECT kind, tenant, id FROM rows WHERE kind = ? AND expires <= ? ORDER BY expires LIMIT ?",
};
