-- Typed metadata of videos and users (docs/decisions/0060): what filters, rules and restrictions read. A column that
-- somebody else has added under one of these names is used as it is.
ALTER TABLE videos ADD COLUMN IF NOT EXISTS language text;
ALTER TABLE videos ADD COLUMN IF NOT EXISTS countries text[] DEFAULT '{}';
ALTER TABLE videos ADD COLUMN IF NOT EXISTS duration_ms integer;
ALTER TABLE videos ADD COLUMN IF NOT EXISTS age_rating integer DEFAULT 0;
ALTER TABLE videos ADD COLUMN IF NOT EXISTS thumbnail_url text DEFAULT '';
ALTER TABLE videos ADD COLUMN IF NOT EXISTS labels text[] DEFAULT '{}';
ALTER TABLE users ADD COLUMN IF NOT EXISTS language text;
ALTER TABLE users ADD COLUMN IF NOT EXISTS country text;
ALTER TABLE users ADD COLUMN IF NOT EXISTS birth_year integer;
ALTER TABLE users ADD COLUMN IF NOT EXISTS followed_creators text[] DEFAULT '{}';
ALTER TABLE users ADD COLUMN IF NOT EXISTS blocked_creators text[] DEFAULT '{}';
ALTER TABLE users ADD COLUMN IF NOT EXISTS followed_tags text[] DEFAULT '{}';
ALTER TABLE users ADD COLUMN IF NOT EXISTS blocked_tags text[] DEFAULT '{}';
-- The latest change of each user's row, in order of change; every worker follows them. An empty id stands for all users.
CREATE SEQUENCE user_change_numbers;
CREATE TABLE user_changes (
    user_id text PRIMARY KEY,
    change_id bigint NOT NULL,
    transaction_id xid8 NOT NULL
);
CREATE INDEX user_changes_by_transaction ON user_changes (transaction_id);
CREATE FUNCTION record_user_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        changed := ARRAY[''];
    ELSIF TG_OP = 'DELETE' THEN
        changed := ARRAY[OLD.user_id];
    ELSIF TG_OP = 'UPDATE' AND OLD.user_id <> NEW.user_id THEN
        changed := ARRAY[OLD.user_id, NEW.user_id];
    ELSE
        changed := ARRAY[NEW.user_id];
    END IF;
    INSERT INTO user_changes (user_id, change_id, transaction_id)
    SELECT one, nextval('user_change_numbers'), pg_current_xact_id() FROM unnest(changed) AS one
    ON CONFLICT (user_id) DO UPDATE SET change_id = excluded.change_id, transaction_id = excluded.transaction_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_user_change AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION record_user_change();
CREATE TRIGGER record_user_truncation AFTER TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION record_user_change();
