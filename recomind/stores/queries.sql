-- lock_schema --
-- Until the transaction ends: one worker at a time creates what is missing.
SELECT pg_advisory_xact_lock(8642)

-- insert_actions --
-- Columns of equal length; an action whose id is there already is left out, and what was forgotten.
INSERT INTO video_actions (id, user_id, video_id, action_type, timestamp)
SELECT id, user_id, video_id, action_type, timestamp
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[])
    AS given (id, user_id, video_id, action_type, timestamp, log_offset)
WHERE NOT EXISTS (
    SELECT FROM forgotten_people f WHERE f.user_id = given.user_id AND f.log_offset >= given.log_offset
)
ON CONFLICT (id) DO NOTHING

-- lock_actions --
-- Until the transaction ends nothing is inserted: who waits for it then sees who was forgotten.
LOCK TABLE video_actions IN SHARE ROW EXCLUSIVE MODE

-- note_forgotten --
-- No row if it was noted before.
INSERT INTO forgotten_people (user_id, log_offset) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET log_offset = excluded.log_offset
WHERE forgotten_people.log_offset < excluded.log_offset
RETURNING user_id

-- delete_actions --
DELETE FROM video_actions WHERE user_id = $1

-- delete_user --
DELETE FROM users WHERE user_id = $1

-- delete_profiles --
-- Behind the same fence; a row if it is not outdated.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE),
gone AS (DELETE FROM user_profiles WHERE user_id = ANY($3::text[]) AND EXISTS (SELECT FROM fence))
SELECT FROM fence

-- recent_actions --
-- A person's latest actions, newest first.
SELECT video_id, action_type, timestamp FROM video_actions
WHERE user_id = $1 ORDER BY timestamp DESC LIMIT $2

-- put_video --
WITH put AS (
    INSERT INTO videos (video_id, title, url, tags, creator_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (video_id) DO UPDATE
    SET title = $2, url = $3, tags = $4, creator_id = $5, created_at = $6
    RETURNING video_id
)
INSERT INTO catalogue_changes (video_id) SELECT video_id FROM put

-- put_user --
INSERT INTO users (user_id, name) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET name = $2

-- video --
SELECT video_id, title, url, tags, creator_id, created_at FROM videos WHERE video_id = $1

-- last_change --
SELECT coalesce(max(change_id), 0) FROM catalogue_changes

-- all_videos --
SELECT video_id, title, url, tags, creator_id, created_at FROM videos

-- changed_videos --
-- Changes after $1, a little overlapped: a change may become visible after a later one.
SELECT c.change_id, v.video_id, v.title, v.url, v.tags, v.creator_id, v.created_at
FROM catalogue_changes c JOIN videos v USING (video_id)
WHERE c.change_id > $1 - 100 ORDER BY c.change_id

-- raise_generation --
-- From now on only this generation of the group writes; an old one's number is forgotten after $3 seconds.
INSERT INTO generations (group_id, generation) VALUES ($1, $2)
ON CONFLICT (group_id) DO UPDATE SET generation = $2, since = now()
WHERE generations.generation < $2 OR generations.since < now() - make_interval(secs => $3)

-- put_popularity --
-- Nothing, where a later generation has begun to write; one that is about to waits for us.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE)
INSERT INTO video_popularity (video_id, score, last_updated)
SELECT * FROM unnest($3::text[], $4::float8[], $5::timestamptz[]) WHERE EXISTS (SELECT FROM fence)
ON CONFLICT (video_id) DO UPDATE SET score = excluded.score, last_updated = excluded.last_updated

-- put_profiles --
-- Behind the same fence.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE)
INSERT INTO user_profiles (user_id, top_tags, updated_at)
SELECT user_id, string_to_array(tags, chr(31)), updated_at
FROM unnest($3::text[], $4::text[], $5::timestamptz[]) AS given (user_id, tags, updated_at)
WHERE EXISTS (SELECT FROM fence)
ON CONFLICT (user_id) DO UPDATE SET top_tags = excluded.top_tags, updated_at = excluded.updated_at

-- popular --
SELECT video_id FROM video_popularity ORDER BY score DESC, video_id LIMIT $1

-- likes --
-- Every like, person by person in the order of time: what the item-item model is trained on.
SELECT user_id, video_id FROM video_actions WHERE action_type = 'like' ORDER BY user_id, timestamp DESC

-- profiles_of --
SELECT user_id, updated_at FROM user_profiles WHERE user_id = ANY($1::text[])

-- popularity_of --
SELECT video_id, score, last_updated FROM video_popularity WHERE video_id = ANY($1::text[])

-- all_actions --
SELECT id, user_id, video_id, action_type, timestamp FROM video_actions

-- profile_ids --
SELECT user_id FROM user_profiles

-- popularity_ids --
SELECT video_id FROM video_popularity
