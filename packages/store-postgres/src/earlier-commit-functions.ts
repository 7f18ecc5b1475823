// The functions that nodes of releases before commit by, row by row. They stay, so that such a node goes on beside a new one; what they promise
// is what commit-function.ts promises, and they lock in the same order.

/** Of the release before there was `facts_after` (facts.ts). */
export const CREATE_COMMIT_1: string = createFunction("commit_1", "pg_current_xact_id()::text::int8");

/** To run with the schema as the search path. */
export const CREATE_COMMIT_2: string = createFunction(
  "commit_2",
  "pg_current_xact_id()::text::int8 + (SELECT facts_after FROM head)",
);

/** `xid`: the transaction as its facts are ordered by it. */
function createFunction(name: string, xid: string): string {
  return `
CREATE FUNCTION ${name}(batch jsonb, channel text)
RETURNS TABLE (outcome text, at_epoch int8, at_seq int8, at_ms int8) LANGUAGE plpgsql AS $body$
DECLARE
  change record;
  line record;
  found_version int8;
  lost boolean[] := array_fill(false, ARRAY[jsonb_array_length(batch)]);
  has_notice boolean := false;
  head_epoch int8;
  head_seq int8;
  head_mark text;
  now_ms int8;
BEGIN
  FOR line IN
    SELECT c.n, r->>'t' AS tenant, r->>'k' AS kind, r->>'i' AS id, (r->>'e')::int8 AS expect, r->>'f' = 'same' AS compares
    FROM jsonb_array_elements(batch) WITH ORDINALITY AS c(body, n), jsonb_array_elements(c.body->'rows') AS r
    ORDER BY (r->>'t') COLLATE "C", (r->>'k') COLLATE "C", (r->>'i') COLLATE "C"
  LOOP
    IF line.expect IS NULL THEN
      IF line.compares THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat(channel, '/', line.tenant, '/', line.kind, '/', line.id), 0));
      ELSE
        PERFORM pg_advisory_xact_lock(hashtextextended(concat(channel, '/', line.tenant, '/', line.kind, '/', line.id), 0));
      END IF;
      PERFORM 1 FROM rows WHERE tenant = line.tenant AND kind = line.kind AND id = line.id;
      IF FOUND THEN lost[line.n] := true; END IF;
    ELSE
      IF line.compares THEN
        SELECT version INTO found_version FROM rows
          WHERE tenant = line.tenant AND kind = line.kind AND id = line.id FOR SHARE;
      ELSE
        SELECT version INTO found_version FROM rows
          WHERE tenant = line.tenant AND kind = line.kind AND id = line.id FOR UPDATE;
      END IF;
      IF found_version IS DISTINCT FROM line.expect THEN lost[line.n] := true; END IF;
    END IF;
  END LOOP;

  FOR change IN SELECT body, n FROM jsonb_array_elements(batch) WITH ORDINALITY AS c(body, n) LOOP
    IF NOT lost[change.n] AND jsonb_array_length(change.body->'notices') > 0 THEN has_notice := true; END IF;
  END LOOP;
  IF has_notice THEN
    SELECT epoch, seq, mark INTO head_epoch, head_seq, head_mark FROM head FOR UPDATE;
  ELSE
    SELECT epoch, seq, mark INTO head_epoch, head_seq, head_mark FROM head;
  END IF;
  now_ms := floor(extract(epoch FROM clock_timestamp()) * 1000);

  FOR change IN SELECT body, n FROM jsonb_array_elements(batch) WITH ORDINALITY AS c(body, n) ORDER BY n LOOP
    IF lost[change.n] THEN
      RETURN QUERY SELECT 'conflict', NULL::int8, NULL::int8, NULL::int8;
      CONTINUE;
    END IF;

    FOR line IN
      SELECT d->>'t' AS tenant, d->>'m' AS mark, d->>'b' AS body, (d->>'l')::int8 AS lives, (d->>'u')::int8 AS until,
             d ? 'e' AS starts_epoch, (d->'e'->>0)::int8 AS above_epoch, (d->'e'->>1)::int8 AS above_seq
      FROM jsonb_array_elements(change.body->'notices') WITH ORDINALITY AS x(d, n) ORDER BY x.n
    LOOP
      IF line.starts_epoch THEN
        head_epoch := greatest(head_epoch, coalesce(line.above_epoch, head_epoch)) + 1;
        head_seq := greatest(head_seq, coalesce(line.above_seq, head_seq)) + 1;
      ELSE
        head_seq := head_seq + 1;
      END IF;
      head_mark := line.mark;
      INSERT INTO notices (seq, epoch, tenant, mark, body, at, until)
        VALUES (head_seq, head_epoch, line.tenant, line.mark, line.body, now_ms, greatest(now_ms + line.lives, line.until));
    END LOOP;

    FOR line IN
      SELECT r->>'t' AS tenant, r->>'k' AS kind, r->>'i' AS id, r->>'e' IS NULL AS makes, r->>'f' AS form,
             r->>'v' AS value, (r->>'x')::int8 AS expires, r->'r' AS refs
      FROM jsonb_array_elements(change.body->'rows') AS r WHERE r->>'f' <> 'same'
    LOOP
      IF line.form = 'gone' THEN
        DELETE FROM rows WHERE tenant = line.tenant AND kind = line.kind AND id = line.id;
      ELSIF line.makes THEN
        INSERT INTO rows (tenant, kind, id, version, attempt, expires, refs, value, not_before_epoch, not_before_seq, raised_at)
          VALUES (line.tenant, line.kind, line.id, 1, change.body->>'attempt', line.expires, line.refs, line.value,
            CASE WHEN line.form = 'raise' THEN head_epoch END, CASE WHEN line.form = 'raise' THEN head_seq END,
            CASE WHEN line.form = 'raise' THEN now_ms END);
      ELSIF line.form = 'raise' THEN
        UPDATE rows SET version = version + 1, attempt = change.body->>'attempt', expires = line.expires, refs = line.refs,
            value = line.value, not_before_epoch = head_epoch, not_before_seq = head_seq, raised_at = now_ms
          WHERE tenant = line.tenant AND kind = line.kind AND id = line.id;
      ELSE
        UPDATE rows SET version = version + 1, attempt = change.body->>'attempt', expires = line.expires, refs = line.refs,
            value = line.value
          WHERE tenant = line.tenant AND kind = line.kind AND id = line.id;
      END IF;
    END LOOP;

    INSERT INTO facts (xid, tenant, kind, session, at, body)
      SELECT ${xid}, f->>'t', f->>'k', f->>'s', (f->>'a')::int8, f->>'b'
      FROM jsonb_array_elements(change.body->'facts') WITH ORDINALITY AS x(f, n) ORDER BY x.n;

    RETURN QUERY SELECT 'committed', head_epoch, head_seq, now_ms;
  END LOOP;

  IF has_notice THEN
    UPDATE head SET epoch = head_epoch, seq = head_seq, mark = head_mark;
    PERFORM pg_notify(channel, '');
  END IF;
END
$body$
`;
}
