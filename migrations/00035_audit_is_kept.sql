-- +goose Up

-- The audit is append-only: what was done stays written, whoever connects as this role. An erasure alone may take out of an entry what
-- tells of her: its detail, and an address as its target, which is sealed.
-- +goose StatementBegin
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.detail = '{}' AND (NEW.id, NEW.at, NEW.actor, NEW.role, NEW.verb) = (OLD.id, OLD.at, OLD.actor, OLD.role, OLD.verb)
            AND (NEW.target = OLD.target OR starts_with(NEW.target, 'sealed:')) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();
