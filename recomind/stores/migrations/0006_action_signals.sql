-- What an action may say beyond the contract (docs/decisions/0064). The columns of rows that are there stay empty.
ALTER TABLE video_actions ADD COLUMN list_id text;
ALTER TABLE video_actions ADD COLUMN position integer;
ALTER TABLE video_actions ADD COLUMN watched_ms integer;
ALTER TABLE video_actions ADD COLUMN duration_ms integer;
ALTER TABLE video_actions ADD COLUMN context jsonb;
-- More types of actions: workers check them as they read the log.
ALTER TABLE video_actions DROP CONSTRAINT IF EXISTS video_actions_action_type_check;
-- Until when earlier versions wrote rows without these columns; no row where there were no actions yet. A deployment
-- replaces all workers within ten minutes.
CREATE TABLE bare_actions (until timestamptz NOT NULL);
INSERT INTO bare_actions SELECT now() + interval '10 minutes' WHERE EXISTS (SELECT FROM video_actions);
