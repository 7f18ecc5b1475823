// A database is filled by itself, with the lines that the store's commit function writes.

import pg from "pg";
import type { Crowd } from "./crowd.ts";

/** Sessions of a transaction. */
const TOGETHER = 100_000;

/** Answers the cursor of the last fact. */
export async function fillPostgres(
  url: string,
  crowd: Crowd,
  count: number,
  said: (n: number) => void,
): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query("SET search_path = hallpass; SET synchronous_commit = off");
  const { texts, client: ofClient, tenant } = crowd;
  let cursor = "";
  for (let n = 0; n < count; n += TOGETHER) {
    said(n);
    const upTo = Math.min(count, n + TOGETHER) - 1;
    const values = [n, upTo, count, crowd.last, crowd.apart, crowd.expires, crowd.until];
    const { rows } = await client.query(FILL, [...values, texts.session, texts.subject, texts.fact, tenant, ofClient]);
    const [{ cursor: last } = { cursor: "" }] = rows as { readonly cursor: string }[];
    cursor = last;
  }
  await client.query("VACUUM ANALYZE rows");
  await client.end();
  return cursor;
}

const BASE64URL = (bytes: string): string => `translate(rtrim(encode(${bytes}, 'base64'), '='), '+/', '-_')`;

/** The marks are those of crowd.ts. */
const FILL = `
  WITH made AS MATERIALIZED (
    SELECT n, digest, encode(digest, 'hex') AS hex, $4::int8 - ($3::int8 - n) * $5::int8 AS opened
    FROM (SELECT n, sha256(convert_to(n::text, 'UTF8')) AS digest FROM generate_series($1::int8, $2::int8) AS n) AS numbers
  ),
  marked AS MATERIALIZED (
    SELECT n, opened, lpad(to_hex(opened), 12, '0') AS time, hex, 'u-' || substr(hex, 19, 12) || '-' || n AS subject,
      ${BASE64URL("substr(digest, 16, 16)")} AS seed, ${BASE64URL("substr(digest, 1, 4)")} AS family, ${BASE64URL("substr(digest, 9, 8)")} AS attempt
    FROM made
  ),
  named AS MATERIALIZED (
    SELECT *, substr(time, 1, 8) || '-' || substr(time, 9) || '-7' || substr(hex, 1, 3) || '-8' || substr(hex, 4, 3) || '-' || substr(hex, 7, 12) AS id
    FROM marked
  ),
  sessions AS (
    INSERT INTO rows (tenant, kind, id, version, attempt, expires, refs, value)
    SELECT $11, 'session', id, 1, attempt, opened + $6::int8,
      jsonb_build_array(jsonb_build_array($11::text, 'subject', subject), jsonb_build_array($11::text, 'client', $12::text)),
      replace(replace(replace(replace($8, '@seed', seed), '@family', family), '@subject', subject), '@opened', opened::text)
    FROM named
  ),
  subjects AS (
    INSERT INTO rows (tenant, kind, id, version, attempt, expires, refs, value)
    SELECT $11, 'subject', subject, 1, attempt, NULL, '[]', replace(replace($9, '@id', id), '@until', (opened + $7::int8)::text)
    FROM named
  ),
  told AS (
    INSERT INTO facts (xid, tenant, kind, session, at, body)
    SELECT pg_current_xact_id()::text::int8 + (SELECT facts_after FROM head), $11, 'session_opened', id, opened,
      replace(replace(replace(replace($10, '@family', family), '@subject', subject), '@id', id), '@opened', opened::text)
    FROM named ORDER BY n
    RETURNING xid, place
  )
  SELECT max(xid) || '.' || max(place) AS cursor FROM told`;
