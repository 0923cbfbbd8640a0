-- Until when earlier versions, which remembered the latest likes and feedback of a user only, folded actions; no row
-- where there were no actions yet. A deployment replaces all workers within ten minutes.
CREATE TABLE forgetful_actions (until timestamptz NOT NULL);
INSERT INTO forgetful_actions SELECT now() + interval '10 minutes' WHERE EXISTS (SELECT FROM video_actions);
