-- Videos that are in the catalogue and not to be shown: hidden ones, and expired ones (docs/decisions/0053).
ALTER TABLE videos ADD COLUMN hidden boolean NOT NULL DEFAULT false;
ALTER TABLE videos ADD COLUMN expires_at timestamptz;
-- The transaction of a change: a reader that knows which transactions had ended reads each change, in whatever order
-- the transactions commit.
ALTER TABLE catalogue_changes ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX catalogue_changes_by_transaction ON catalogue_changes (transaction_id);
CREATE INDEX catalogue_changes_of_video ON catalogue_changes (video_id, change_id);
-- Every change of a row is recorded, whoever makes it, while the row is locked: the numbers of a video's changes are in
-- the order of its changes. An empty id stands for all videos.
CREATE FUNCTION record_catalogue_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO catalogue_changes (video_id) VALUES ('');
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO catalogue_changes (video_id) VALUES (OLD.video_id);
    ELSE
        IF TG_OP = 'UPDATE' AND OLD.video_id <> NEW.video_id THEN
            INSERT INTO catalogue_changes (video_id) VALUES (OLD.video_id);
        END IF;
        INSERT INTO catalogue_changes (video_id) VALUES (NEW.video_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_catalogue_change AFTER INSERT OR UPDATE OR DELETE ON videos
    FOR EACH ROW EXECUTE FUNCTION record_catalogue_change();
CREATE TRIGGER record_catalogue_truncation AFTER TRUNCATE ON videos
    FOR EACH STATEMENT EXECUTE FUNCTION record_catalogue_change();
