"""The chain is made by PostgreSQL: the application can append and read, nothing else.

One canonical text per entry, built by one SQL function, so that the database and any outside
verifier hash the same bytes. Units are separated by U+001F, times are UTC with microseconds.
"""

from django.db import migrations, models

FORWARD = r"""
CREATE TABLE audit_head (
    chain text PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE FUNCTION audit_canonical(e audit_auditentry) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_to(concat_ws(E'\x1f',
        e.chain, e.seq::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        e.actor_kind, e.actor_id, e.actor_name, e.ip, e.request_id, e.action,
        e.object_type, e.object_id, e.payload, encode(e.prev, 'hex')), 'UTF8')
$$;

CREATE FUNCTION audit_append() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE head audit_head;
BEGIN
    INSERT INTO audit_head VALUES (NEW.chain, 0, sha256(convert_to('GENESIS:' || NEW.chain, 'UTF8')))
        ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM audit_head WHERE chain = NEW.chain FOR UPDATE;
    NEW.seq := head.seq + 1;
    NEW.prev := head.hash;
    NEW.at := clock_timestamp();
    NEW.hash := sha256(audit_canonical(NEW));
    UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash WHERE chain = NEW.chain;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_append BEFORE INSERT ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_append();

CREATE FUNCTION audit_deny() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_auditentry is append-only (%)', TG_OP USING ERRCODE = '42501';
END $$;

CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_deny();

CREATE FUNCTION audit_verify(which text)
RETURNS TABLE (ok boolean, entries bigint, broken_seq bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    e audit_auditentry;
    expected bytea := sha256(convert_to('GENESIS:' || which, 'UTF8'));
    n bigint := 0;
    head audit_head;
BEGIN
    FOR e IN SELECT * FROM audit_auditentry WHERE chain = which ORDER BY seq LOOP
        n := n + 1;
        IF e.seq <> n OR e.prev <> expected OR e.hash <> sha256(audit_canonical(e)) THEN
            RETURN QUERY SELECT false, n, e.seq;
            RETURN;
        END IF;
        expected := e.hash;
    END LOOP;
    SELECT * INTO head FROM audit_head WHERE chain = which;
    -- a tail cut off shows only against the head
    RETURN QUERY SELECT coalesce(head.seq, 0) = n AND (n = 0 OR head.hash = expected), n, NULL::bigint;
END $$;
"""

BACKWARD = """
DROP FUNCTION audit_verify(text);
DROP TRIGGER audit_no_change ON audit_auditentry;
DROP FUNCTION audit_deny();
DROP TRIGGER audit_append ON audit_auditentry;
DROP FUNCTION audit_append();
DROP FUNCTION audit_canonical(audit_auditentry);
DROP TABLE audit_head;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.AddField("auditentry", "prev", models.BinaryField(default=b"", editable=False)),
        migrations.AddField("auditentry", "hash", models.BinaryField(default=b"", editable=False)),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
