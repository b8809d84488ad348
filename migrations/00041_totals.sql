-- +goose Up

-- How many customers agreed to what, and how many are in which segment, is kept as coupons are counted (00040): each statement adds what it
-- changed.
CREATE TABLE consent_counts (
    topic text NOT NULL,
    state text NOT NULL,
    n     bigint NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION count_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO consent_counts (topic, state, n) SELECT topic, state, count(*) FROM added GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO consent_counts (topic, state, n) SELECT topic, state, -count(*) FROM gone GROUP BY 1, 2;
    ELSE
        INSERT INTO consent_counts (topic, state, n)
        SELECT topic, state, sum(sign) FROM (SELECT 1 AS sign, topic, state FROM added UNION ALL SELECT -1, topic, state FROM gone) changed
        GROUP BY 1, 2 HAVING sum(sign) <> 0;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consents_added AFTER INSERT ON consents REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_consents();
CREATE TRIGGER consents_changed AFTER UPDATE ON consents REFERENCING OLD TABLE AS gone NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_consents();
CREATE TRIGGER consents_gone AFTER DELETE ON consents REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_consents();

INSERT INTO consent_counts (topic, state, n) SELECT topic, state, count(*) FROM consents GROUP BY 1, 2;

CREATE TABLE segment_counts (
    segment text NOT NULL,
    n       bigint NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO segment_counts (segment, n) SELECT segment, count(*) FROM added WHERE member GROUP BY 1;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO segment_counts (segment, n) SELECT segment, -count(*) FROM gone WHERE member GROUP BY 1;
    ELSE
        INSERT INTO segment_counts (segment, n)
        SELECT segment, sum(sign) FROM (
            SELECT 1 AS sign, segment FROM added WHERE member UNION ALL SELECT -1, segment FROM gone WHERE member) changed
        GROUP BY 1 HAVING sum(sign) <> 0;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER members_added AFTER INSERT ON segment_members REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_members();
CREATE TRIGGER members_changed AFTER UPDATE ON segment_members REFERENCING OLD TABLE AS gone NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_members();
CREATE TRIGGER members_gone AFTER DELETE ON segment_members REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_members();

INSERT INTO segment_counts (segment, n) SELECT segment, count(*) FROM segment_members WHERE member GROUP BY 1;

-- Who has done what, how often and when last, without the rows themselves: segments ask that of everybody.
DROP INDEX event_totals_last;
CREATE INDEX event_totals_last ON event_totals (name, last_at) INCLUDE (customer_id, count);
