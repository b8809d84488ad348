-- +goose Up

-- Conditions in SQL (store/conditions.go) mean what journey's evaluator means. These functions are the part of that meaning that
-- an operator of Postgres does not have; a property test holds the two against each other.

-- Zones that this server knows, as callers spell them: AT TIME ZONE fails on any other name, and would take everybody's query along.
CREATE TABLE zones (name text PRIMARY KEY);
INSERT INTO zones SELECT name FROM pg_timezone_names WHERE name !~ '^(posix|right)/' AND name NOT IN ('localtime', 'posixrules');

-- The value at a dotted path (journey.at): a key that contains dots itself goes first, a number indexes a list. NULL: not there.
-- +goose StatementBegin
CREATE FUNCTION reach(j jsonb, path text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    head text;
BEGIN
    LOOP
        head := split_part(path, '.', 1);
        IF jsonb_typeof(j) = 'object' THEN
            IF j ? path THEN RETURN j -> path; END IF;
            IF strpos(path, '.') = 0 THEN RETURN NULL; END IF;
            j := j -> head;
        ELSIF jsonb_typeof(j) = 'array' THEN
            IF head !~ '^[+-]?[0-9]{1,9}$' OR head::int < 0 THEN RETURN NULL; END IF;
            j := j -> head::int;
            IF strpos(path, '.') = 0 THEN RETURN j; END IF;
        ELSE
            RETURN NULL;
        END IF;
        path := substr(path, strpos(path, '.') + 1);
    END LOOP;
END $$;
-- +goose StatementEnd

-- The first instant at which clocks in the zone show that minute. A time that a clock change skips is the next one that there is.
-- +goose StatementBegin
CREATE FUNCTION local_moment(t timestamp, zone text) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    early timestamptz := (t - interval '26 hours') AT TIME ZONE 'UTC'; -- certainly before it, and certainly after it
    late  timestamptz := (t + interval '26 hours') AT TIME ZONE 'UTC';
    middle timestamptz;
    before interval;
BEGIN
    before := (early AT TIME ZONE zone) - (early AT TIME ZONE 'UTC');
    middle := (t - before) AT TIME ZONE 'UTC';
    IF middle AT TIME ZONE zone = t THEN RETURN middle; END IF;
    middle := (t - ((late AT TIME ZONE zone) - (late AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC';
    IF middle AT TIME ZONE zone = t THEN RETURN middle; END IF;
    early := middle; -- skipped: the change lies between the two readings
    late := (t - before) AT TIME ZONE 'UTC';
    WHILE late - early > interval '1 minute' LOOP
        middle := early + date_trunc('minute', (late - early) / 2);
        IF (middle AT TIME ZONE zone) - (middle AT TIME ZONE 'UTC') = before THEN early := middle; ELSE late := middle; END IF;
    END LOOP;
    RETURN late;
END $$;
-- +goose StatementEnd

-- The moment that a value names (journey.momentOf), NULL where it names none: an RFC 3339 string; or a date or a local time, which
-- is meant in the zone, or in the other one where the zone is not known.
-- +goose StatementBegin
CREATE FUNCTION moment(v jsonb, zone text, other text) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    s text;
    day date;
    tail text;
    seconds text;
BEGIN
    IF jsonb_typeof(v) <> 'string' THEN RETURN NULL; END IF;
    s := v #>> '{}';
    IF length(s) > 64 OR s !~ ('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
        || '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?)?$')
        OR substr(s, 1, 4) = '0000' THEN
        RETURN NULL;
    END IF;
    IF substr(s, 9, 2) > '28' AND substr(s, 9, 2)::int > extract(day FROM make_date(substr(s, 1, 4)::int, substr(s, 6, 2)::int, 1)
        + interval '1 month - 1 day') THEN
        RETURN NULL;
    END IF;
    day := make_date(substr(s, 1, 4)::int, substr(s, 6, 2)::int, substr(s, 9, 2)::int);
    tail := substring(s FROM '(Z|[+-][0-9]{2}:[0-9]{2})$');
    IF length(s) > 19 AND tail IS NOT NULL THEN
        IF substr(s, 11, 1) = ' ' THEN RETURN NULL; END IF;
        -- Six digits of the fraction count; what is finer is cut off.
        seconds := substr(s, 18, 2) || coalesce('.' || substring(substr(s, 20) FROM '^[.,]([0-9]{1,6})'), '');
        RETURN (day + make_interval(0, 0, 0, 0, substr(s, 12, 2)::int, substr(s, 15, 2)::int, seconds::float8)
            - CASE tail WHEN 'Z' THEN interval '0' ELSE tail::interval END) AT TIME ZONE 'UTC';
    END IF;
    IF NOT EXISTS (SELECT FROM zones WHERE name = zone) THEN zone := other; END IF;
    RETURN local_moment(day + make_interval(0, 0, 0, 0, coalesce(nullif(substr(s, 12, 2), ''), '0')::int,
        coalesce(nullif(substr(s, 15, 2), ''), '0')::int), zone)
        + make_interval(secs => coalesce(nullif(substr(s, 18, 2), ''), '0')::float8);
END $$;
-- +goose StatementEnd

-- A number as the evaluator reads it, NULL for what is none.
CREATE FUNCTION number(v jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN jsonb_typeof(v) = 'number' THEN v::float8 END $$;

-- A text as the evaluator reads it, NULL for what is none.
CREATE FUNCTION string(v jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN jsonb_typeof(v) = 'string' THEN v #>> '{}' END $$;

-- Whether two values are equal: 3 equals 3.0, "3" does not.
CREATE FUNCTION same(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN jsonb_typeof(a) = 'number' AND jsonb_typeof(b) = 'number' THEN a::float8 = b::float8 ELSE a = b END $$;

-- The order of two values (journey.compare): as numbers, as moments or as texts, -1, 0 or 1; NULL where they have none.
-- +goose StatementBegin
CREATE FUNCTION compared(a jsonb, b jsonb, zone text, other text) RETURNS int LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    m timestamptz;
    n timestamptz;
BEGIN
    IF jsonb_typeof(a) = 'number' AND jsonb_typeof(b) = 'number' THEN
        RETURN CASE WHEN a::float8 < b::float8 THEN -1 WHEN a::float8 > b::float8 THEN 1 ELSE 0 END;
    END IF;
    IF jsonb_typeof(a) <> 'string' OR jsonb_typeof(b) <> 'string' THEN RETURN NULL; END IF;
    m := moment(a, zone, other);
    n := moment(b, zone, other);
    IF m IS NOT NULL AND n IS NOT NULL THEN
        RETURN CASE WHEN m < n THEN -1 WHEN m > n THEN 1 ELSE 0 END;
    END IF;
    RETURN CASE WHEN (a #>> '{}') COLLATE "C" < (b #>> '{}') COLLATE "C" THEN -1
                WHEN (a #>> '{}') COLLATE "C" > (b #>> '{}') COLLATE "C" THEN 1 ELSE 0 END;
END $$;
-- +goose StatementEnd

-- Events of a name in a span of time, for conditions with `within` that are asked of everybody at once.
CREATE INDEX events_when ON events (name, happened_at, customer_id) WHERE number IS NOT NULL AND kind <> 'colleague';
