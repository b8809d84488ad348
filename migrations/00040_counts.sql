-- +goose Up

-- How many coupons and answers there are is not counted for each look, and no row is shared by those who issue, redeem and answer: each
-- statement that changes some adds what it changed, as rows of its own. The sum of the rows is the count, at any moment; now and then the
-- rows of one group are made one (store/counts.go).

CREATE TABLE coupon_counts (
    pool     text NOT NULL,
    state    text NOT NULL,
    currency text NOT NULL,
    n        bigint NOT NULL,
    valued   bigint NOT NULL,                      -- those of them that have a value
    value    numeric NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION count_coupons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO coupon_counts (pool, state, currency, n, valued, value)
        SELECT pool, state, currency, count(*), count(value), coalesce(sum(value::numeric), 0) FROM added GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO coupon_counts (pool, state, currency, n, valued, value)
        SELECT pool, state, currency, -count(*), -count(value), -coalesce(sum(value::numeric), 0) FROM gone GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO coupon_counts (pool, state, currency, n, valued, value)
        SELECT * FROM (
            SELECT pool, state, currency, sum(sign) AS n, coalesce(sum(sign) FILTER (WHERE value IS NOT NULL), 0) AS valued,
                coalesce(sum(sign * value::numeric), 0) AS value
            FROM (SELECT 1 AS sign, pool, state, currency, value FROM added UNION ALL SELECT -1, pool, state, currency, value FROM gone) changed
            GROUP BY 1, 2, 3) counted
        WHERE (n, valued, value) <> (0, 0, 0);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER coupons_added AFTER INSERT ON coupons REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_coupons();
CREATE TRIGGER coupons_changed AFTER UPDATE ON coupons REFERENCING OLD TABLE AS gone NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_coupons();
CREATE TRIGGER coupons_gone AFTER DELETE ON coupons REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_coupons();

INSERT INTO coupon_counts (pool, state, currency, n, valued, value)
SELECT pool, state, currency, count(*), count(value), coalesce(sum(value::numeric), 0) FROM coupons GROUP BY 1, 2, 3;

-- The version of the journey that asked, so that answers are counted without their enrollments.
ALTER TABLE survey_invites
    ADD COLUMN journey_key text NOT NULL DEFAULT '',
    ADD COLUMN version int NOT NULL DEFAULT 0;
UPDATE survey_invites i SET journey_key = e.journey_key, version = e.version FROM enrollments e WHERE e.id = i.enrollment_id;

CREATE TABLE survey_counts (
    ask         text NOT NULL,
    journey_key text NOT NULL,
    asked       bigint NOT NULL,
    answered    bigint NOT NULL,
    scored      bigint NOT NULL,
    total       bigint NOT NULL,                   -- of the scores
    promoters   bigint NOT NULL,                   -- 9 and more
    detractors  bigint NOT NULL                    -- 6 and less
);

-- +goose StatementBegin
CREATE FUNCTION count_surveys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO survey_counts SELECT ask, journey_key, count(*), count(answered_at), count(score), coalesce(sum(score), 0),
            count(*) FILTER (WHERE score >= 9), count(*) FILTER (WHERE score <= 6) FROM added GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO survey_counts SELECT ask, journey_key, -count(*), -count(answered_at), -count(score), -coalesce(sum(score), 0),
            -count(*) FILTER (WHERE score >= 9), -count(*) FILTER (WHERE score <= 6) FROM gone GROUP BY 1, 2;
    ELSE
        INSERT INTO survey_counts SELECT * FROM (
            SELECT ask, journey_key, sum(sign) AS asked, coalesce(sum(sign) FILTER (WHERE answered_at IS NOT NULL), 0) AS answered,
                coalesce(sum(sign) FILTER (WHERE score IS NOT NULL), 0) AS scored, coalesce(sum(sign * score), 0) AS total,
                coalesce(sum(sign) FILTER (WHERE score >= 9), 0) AS promoters, coalesce(sum(sign) FILTER (WHERE score <= 6), 0) AS detractors
            FROM (SELECT 1 AS sign, ask, journey_key, answered_at, score FROM added
                  UNION ALL SELECT -1, ask, journey_key, answered_at, score FROM gone) changed GROUP BY 1, 2) counted
        WHERE (asked, answered, scored, total, promoters, detractors) <> (0, 0, 0, 0, 0, 0);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER surveys_added AFTER INSERT ON survey_invites REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_surveys();
CREATE TRIGGER surveys_changed AFTER UPDATE ON survey_invites REFERENCING OLD TABLE AS gone NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_surveys();
CREATE TRIGGER surveys_gone AFTER DELETE ON survey_invites REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_surveys();

INSERT INTO survey_counts
SELECT ask, journey_key, count(*), count(answered_at), count(score), coalesce(sum(score), 0), count(*) FILTER (WHERE score >= 9),
    count(*) FILTER (WHERE score <= 6) FROM survey_invites GROUP BY 1, 2;

-- Results of a span are read from these alone; what people wrote is listed by the third.
DROP INDEX survey_invites_answered, survey_invites_opened;
CREATE INDEX survey_invites_answered ON survey_invites (ask, answered_at DESC, id DESC) INCLUDE (journey_key, version, score, customer_id)
    WHERE answered_at IS NOT NULL;
CREATE INDEX survey_invites_opened ON survey_invites (ask, opened_at) INCLUDE (journey_key, version, customer_id);
CREATE INDEX survey_invites_comments ON survey_invites (ask, answered_at DESC, id DESC) WHERE comment <> '' AND answered_at IS NOT NULL;
CREATE INDEX coupons_given ON coupons (pool, id DESC) WHERE state <> 'free';
