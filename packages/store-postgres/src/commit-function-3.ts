// The function that nodes of the release before commit by: a whole batch as one JSON text. It stays, so that such a node goes on beside a new
// one; what it promises is what commit-function.ts promises, and it locks in the same order.

/** To run with the schema as the search path. */
export const CREATE_COMMIT_3: string = `
CREATE FUNCTION commit_3(batch jsonb, channel text) RETURNS text LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $body$
DECLARE
  attempts text[];
  row_n int4[]; row_tenant text[]; row_kind text[]; row_id text[]; row_expect int8[]; row_form text[];
  row_value text[]; row_expires int8[]; row_refs jsonb[];
  makes int8; changes int8; removes int8; absents int8; written int8;
  lost int4[] := '{}';
  taken int4[];
  line record;
  has_notice boolean;
  xid int8;
  at_epoch int8[]; at_seq int8[];
  head_epoch int8; head_seq int8; head_mark text;
  now_ms int8;
BEGIN
  SELECT array_agg(a ORDER BY n) INTO attempts FROM jsonb_array_elements_text(batch->'a') WITH ORDINALITY AS x(a, n);

  SELECT array_agg(n), array_agg(t), array_agg(k), array_agg(i), array_agg(e), array_agg(f), array_agg(v), array_agg(x), array_agg(r)
    INTO row_n, row_tenant, row_kind, row_id, row_expect, row_form, row_value, row_expires, row_refs
    FROM (
      SELECT * FROM jsonb_to_recordset(batch->'r') AS r(n int4, t text, k text, i text, e int8, f text, v text, x int8, r jsonb)
      ORDER BY t COLLATE "C", k COLLATE "C", i COLLATE "C"
    ) AS sorted;

  SELECT coalesce(array_agg(a.n) FILTER (WHERE a.expect IS NOT NULL AND coalesce(w.version, s.version) IS DISTINCT FROM a.expect), '{}'),
      count(l.held)
    INTO lost, absents
    FROM unnest(row_n, row_tenant, row_kind, row_id, row_expect, row_form) AS a(n, tenant, kind, id, expect, form)
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
    SELECT array_agg(a.n) INTO taken FROM unnest(row_n, row_tenant, row_kind, row_id, row_expect) AS a(n, tenant, kind, id, expect)
      WHERE a.expect IS NULL AND EXISTS (SELECT FROM rows r WHERE r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id);
    lost := lost || coalesce(taken, '{}');
  END IF;

  SELECT coalesce(bool_or(NOT n = ANY (lost)), false) INTO has_notice FROM jsonb_to_recordset(batch->'d') AS d(n int4);
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
      SELECT * FROM ROWS FROM (jsonb_to_recordset(batch->'d') AS (n int4, t text, m text, b text, l int8, u int8, e jsonb))
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
      FROM unnest(row_n, row_tenant, row_kind, row_id, row_expect, row_form, row_value, row_expires, row_refs)
        AS a(n, tenant, kind, id, expect, form, value, expires, refs)
      WHERE r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id
        AND a.form IN ('put', 'raise') AND a.expect IS NOT NULL AND NOT a.n = ANY (lost);
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
    DELETE FROM rows r USING unnest(row_n, row_tenant, row_kind, row_id, row_form) AS a(n, tenant, kind, id, form)
      WHERE r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id AND a.form = 'gone' AND NOT a.n = ANY (lost);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> removes THEN RAISE EXCEPTION 'a row stands twice in one batch' USING ERRCODE = 'integrity_constraint_violation'; END IF;
  END IF;

  INSERT INTO facts (xid, tenant, kind, session, at, body)
    SELECT xid, f.tenant, f.kind, f.session, f.at, f.body
    FROM ROWS FROM (jsonb_to_recordset(batch->'f') AS (n int4, t text, k text, s text, a int8, b text))
      WITH ORDINALITY AS f(n, tenant, kind, session, at, body, place)
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
