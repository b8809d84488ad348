-- +goose Up

-- The audit is narrowed by who did it, by what was done, and by when.
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_verb ON audit (verb text_pattern_ops, id);
CREATE INDEX audit_age ON audit USING brin (at);
