// How a batch is committed: one call of one function, which is one round trip and one transaction, whatever the batch holds a few statements.
//
// 1. Every row is locked in the order of its key, those that are written FOR UPDATE, those that are compared FOR SHARE, and only
//    then compared: what another transaction takes back in between (a cut-off, an end) can't be missed. One order for all means no
//    deadlock: each row is looked up by itself, in turn (LATERAL), and never by a join that has an order of its own. A row that must not
//    exist can't be locked, so its key is: an advisory lock, shared by those who compare. Whether it exists is asked by another statement,
//    whose snapshot is of after the lock.
// 2. The head is locked after all rows, and only if a change has a notice: a refresh never touches it, so it never serialises the
//    fleet. NOTIFY takes a lock of the whole server at commit, so it is called only then, too.
// 3. A change that conflicts writes nothing; its neighbours in the batch do.
// 4. What is written is counted: a row that stood twice in one UPDATE would be written once, and nobody would be told.
// 5. A row is found by its key, and then by its place, whatever the planner believes of a table that grows faster than its statistics.
//
// Each version of the function has its own name and stays, so that a node of the release before goes on beside a new one
// (commit-function-3.ts, earlier-commit-functions.ts). Positions and ends of notices are those of core's `placeAfter` and `livesUntil`; the
// contract's rules compare them.

export const COMMIT_FUNCTION = "commit_4";
/** How many values it takes. */
export const COMMIT_VALUES = 20;

/**
 * To run with the schema as the search path, and with what connections.ts says of plans. The values are what batch-text.ts writes: the attempt
 * of each change; rows, each by the number of its change; changes that compare a row which another one brings, by its place; notices; facts.
 * Answers one text: the time of the commit, and for each change its position as epoch.seq, or - where it conflicts.
 */
export const CREATE_COMMIT_4: string = `
CREATE FUNCTION ${COMMIT_FUNCTION}(
  attempts text[],
  row_n int4[], row_tenant text[], row_kind text[], row_id text[], row_expect int8[], row_form text[],
  row_value text[], row_expires int8[], row_refs jsonb[],
  also_n int4[], also_place int4[],
  notices_of jsonb,
  fact_n int4[], fact_tenant text[], fact_kind text[], fact_session text[], fact_at int8[], fact_body text[],
  channel text
) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
  makes int8; changes int8; removes int8; absents int8; written int8;
  lost int4[] := '{}';
  lost_places int4[];
  taken int4[];
  line record;
  has_notice boolean;
  xid int8;
  at_epoch int8[]; at_seq int8[];
  head_epoch int8; head_seq int8; head_mark text;
  now_ms int8;
BEGIN
  SELECT array_agg(a.place) FILTER (WHERE a.expect IS NOT NULL AND coalesce(w.version, s.version) IS DISTINCT FROM a.expect), count(l.held)
    INTO lost_places, absents
    FROM (
      SELECT * FROM unnest(row_tenant, row_kind, row_id, row_expect, row_form) WITH ORDINALITY AS r(tenant, kind, id, expect, form, place)
      ORDER BY tenant COLLATE "C", kind COLLATE "C", id COLLATE "C"
    ) AS a
    LEFT JOIN LATERAL (
      SELECT r.version FROM rows r
      WHERE a.expect IS NOT NULL AND a.form <> 'same' AND r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id FOR UPDATE
    ) AS w ON true
    LEFT JOIN LATERAL (
      SELECT r.version FROM rows r
      WHERE a.expect IS NOT NULL AND a.form = 'same' AND r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id FOR SHARE
    ) AS s ON true
    LEFT JOIN LATERAL (
      SELECT CASE WHEN a.form = 'same'
        THEN pg_advisory_xact_lock_shared(hashtextextended(concat(channel, '/', a.tenant, '/', a.kind, '/', a.id), 0))::text
        ELSE pg_advisory_xact_lock(hashtextextended(concat(channel, '/', a.tenant, '/', a.kind, '/', a.id), 0))::text
      END AS held WHERE a.expect IS NULL
    ) AS l ON true;
  IF absents > 0 THEN
    SELECT array_agg(a.place) INTO taken
      FROM unnest(row_tenant, row_kind, row_id, row_expect) WITH ORDINALITY AS a(tenant, kind, id, expect, place),
        LATERAL (SELECT FROM rows r WHERE a.expect IS NULL AND r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id OFFSET 0) AS r;
    lost_places := lost_places || taken;
  END IF;
  IF cardinality(lost_places) > 0 THEN
    SELECT array_agg(n) INTO lost FROM (
      SELECT row_n[place] AS n FROM unnest(lost_places) AS place
      UNION SELECT n FROM unnest(also_n, also_place) AS a(n, place) WHERE place = ANY (lost_places)
    ) AS all_lost;
  END IF;

  SELECT coalesce(bool_or(NOT n = ANY (lost)), false) INTO has_notice FROM jsonb_to_recordset(notices_of) AS d(n int4);
  IF has_notice THEN
    SELECT epoch, seq, mark, pg_current_xact_id()::text::int8 + facts_after INTO head_epoch, head_seq, head_mark, xid FROM head FOR UPDATE;
  ELSE
    SELECT epoch, seq, pg_current_xact_id()::text::int8 + facts_after INTO head_epoch, head_seq, xid FROM head;
  END IF;
  now_ms := floor(extract(epoch FROM clock_timestamp()) * 1000);
  at_epoch := array_fill(head_epoch, ARRAY[cardinality(attempts)]);
  at_seq := array_fill(head_seq, ARRAY[cardinality(attempts)]);

  IF has_notice THEN
    FOR line IN
      SELECT * FROM ROWS FROM (jsonb_to_recordset(notices_of) AS (n int4, t text, m text, b text, l int8, u int8, e jsonb))
        WITH ORDINALITY AS d(n, tenant, mark, body, lives, until, above, place)
      WHERE NOT n = ANY (lost) ORDER BY place
    LOOP
      IF line.above IS NULL THEN
        head_seq := head_seq + 1;
      ELSE
        head_epoch := greatest(head_epoch, coalesce((line.above->>0)::int8, head_epoch)) + 1;
        head_seq := greatest(head_seq, coalesce((line.above->>1)::int8, head_seq)) + 1;
      END IF;
      head_mark := line.mark;
      INSERT INTO notices (seq, epoch, tenant, mark, body, at, until)
        VALUES (head_seq, head_epoch, line.tenant, line.mark, line.body, now_ms, greatest(now_ms + line.lives, line.until));
      -- Whoever comes later in the batch sees this head.
      FOR later IN line.n .. cardinality(attempts) LOOP
        at_epoch[later] := head_epoch;
        at_seq[later] := head_seq;
      END LOOP;
    END LOOP;
  END IF;

  SELECT count(*) FILTER (WHERE form = 'gone'), count(*) FILTER (WHERE form IN ('put', 'raise') AND expect IS NULL),
      count(*) FILTER (WHERE form IN ('put', 'raise') AND expect IS NOT NULL)
    INTO removes, makes, changes FROM unnest(row_n, row_form, row_expect) AS a(n, form, expect) WHERE NOT n = ANY (lost);
  IF changes > 0 THEN
    UPDATE rows r SET version = r.version + 1, attempt = attempts[a.n], expires = a.expires, refs = a.refs, value = a.value,
        not_before_epoch = CASE WHEN a.form = 'raise' THEN at_epoch[a.n] ELSE r.not_before_epoch END,
        not_before_seq = CASE WHEN a.form = 'raise' THEN at_seq[a.n] ELSE r.not_before_seq END,
        raised_at = CASE WHEN a.form = 'raise' THEN now_ms ELSE r.raised_at END
      FROM (
        SELECT a.*, t.at
        FROM unnest(row_n, row_tenant, row_kind, row_id, row_expect, row_form, row_value, row_expires, row_refs)
          AS a(n, tenant, kind, id, expect, form, value, expires, refs),
          LATERAL (SELECT r.ctid AS at FROM rows r WHERE r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id OFFSET 0) AS t
        WHERE a.form IN ('put', 'raise') AND a.expect IS NOT NULL AND NOT a.n = ANY (lost)
      ) AS a
      WHERE r.ctid = a.at;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> changes THEN RAISE EXCEPTION 'a row stands twice in one batch' USING ERRCODE = 'integrity_constraint_violation'; END IF;
  END IF;
  IF makes > 0 THEN
    INSERT INTO rows (tenant, kind, id, version, attempt, expires, refs, value, not_before_epoch, not_before_seq, raised_at)
      SELECT a.tenant, a.kind, a.id, 1, attempts[a.n], a.expires, a.refs, a.value, CASE WHEN a.form = 'raise' THEN at_epoch[a.n] END,
        CASE WHEN a.form = 'raise' THEN at_seq[a.n] END, CASE WHEN a.form = 'raise' THEN now_ms END
      FROM unnest(row_n, row_tenant, row_kind, row_id, row_expect, row_form, row_value, row_expires, row_refs)
        AS a(n, tenant, kind, id, expect, form, value, expires, refs)
      WHERE a.form IN ('put', 'raise') AND a.expect IS NULL AND NOT a.n = ANY (lost);
  END IF;
  IF removes > 0 THEN
    DELETE FROM rows r USING (
        SELECT t.at
        FROM unnest(row_n, row_tenant, row_kind, row_id, row_form) AS a(n, tenant, kind, id, form),
          LATERAL (SELECT r.ctid AS at FROM rows r WHERE r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id OFFSET 0) AS t
        WHERE a.form = 'gone' AND NOT a.n = ANY (lost)
      ) AS a
      WHERE r.ctid = a.at;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> removes THEN RAISE EXCEPTION 'a row stands twice in one batch' USING ERRCODE = 'integrity_constraint_violation'; END IF;
  END IF;

  INSERT INTO facts (xid, tenant, kind, session, at, body)
    SELECT xid, f.tenant, f.kind, f.session, f.at, f.body
    FROM unnest(fact_n, fact_tenant, fact_kind, fact_session, fact_at, fact_body) WITH ORDINALITY
      AS f(n, tenant, kind, session, at, body, place)
    WHERE NOT f.n = ANY (lost) ORDER BY f.place;

  IF has_notice THEN
    UPDATE head SET epoch = head_epoch, seq = head_seq, mark = head_mark;
    PERFORM pg_notify(channel, '');
  END IF;
  RETURN concat(now_ms, ' ', (
    SELECT string_agg(CASE WHEN n = ANY (lost) THEN '-' ELSE concat(at_epoch[n], '.', at_seq[n]) END, ' ' ORDER BY n)
    FROM generate_series(1, cardinality(attempts)) AS n
  ));
END
$body$
`;
