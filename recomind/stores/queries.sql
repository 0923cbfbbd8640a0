-- session_id --
-- Two connections with the same one share a session: a pooler stands between.
SELECT pg_backend_pid()

-- lock_schema --
-- Held until the transaction ends: one worker at a time migrates.
SELECT pg_advisory_xact_lock(8642)

-- create_schema_migrations --
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- schema_version --
SELECT coalesce(max(version), 0) FROM schema_migrations

-- record_migration --
INSERT INTO schema_migrations (version, name) VALUES ($1, $2)

-- insert_actions --
-- Columns of equal length. Skips ids that exist, and actions at or before their user's erasure offset.
INSERT INTO video_actions (id, user_id, video_id, action_type, timestamp)
SELECT id, user_id, video_id, action_type, timestamp
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[])
    AS given (id, user_id, video_id, action_type, timestamp, log_offset)
WHERE NOT EXISTS (
    SELECT FROM forgotten_people f WHERE f.user_id = given.user_id AND f.log_offset >= given.log_offset
)
ON CONFLICT (id) DO NOTHING

-- lock_actions --
-- Blocks inserts until the transaction ends; a blocked insert then sees the new erasure offset.
LOCK TABLE video_actions IN SHARE ROW EXCLUSIVE MODE

-- record_erasure --
-- Returns no row if this or a later erasure is recorded already.
INSERT INTO forgotten_people (user_id, log_offset) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET log_offset = excluded.log_offset
WHERE forgotten_people.log_offset < excluded.log_offset
RETURNING user_id

-- delete_actions --
DELETE FROM video_actions WHERE user_id = $1

-- delete_user --
DELETE FROM users WHERE user_id = $1

-- delete_profiles --
-- Fenced like put_popularity; returns a row if our generation is current.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE),
deleted AS (DELETE FROM user_profiles WHERE user_id = ANY($3::text[]) AND EXISTS (SELECT FROM fence))
SELECT FROM fence

-- recent_actions --
-- A user's latest actions, newest first.
SELECT video_id, action_type, timestamp FROM video_actions
WHERE user_id = $1 ORDER BY timestamp DESC LIMIT $2

-- seen_videos --
SELECT DISTINCT video_id FROM video_actions WHERE user_id = $1

-- put_video --
WITH put AS (
    INSERT INTO videos (video_id, title, url, tags, creator_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (video_id) DO UPDATE
    SET title = $2, url = $3, tags = $4, creator_id = $5, created_at = $6
    RETURNING video_id
)
INSERT INTO catalogue_changes (video_id) SELECT video_id FROM put

-- upsert_video --
-- A null in $3 or $7, and false in $6, keep what is stored; $8 is the upload time of a new video.
WITH put AS (
    INSERT INTO videos (video_id, title, url, tags, creator_id, created_at)
    VALUES ($1, $2, coalesce($3::text, ''), $4, $5, coalesce($7::timestamptz, $8::timestamptz))
    ON CONFLICT (video_id) DO UPDATE
    SET title = excluded.title,
        url = coalesce($3::text, videos.url),
        tags = excluded.tags,
        creator_id = CASE WHEN $6::boolean THEN excluded.creator_id ELSE videos.creator_id END,
        created_at = coalesce($7::timestamptz, videos.created_at)
    RETURNING video_id, title, url, tags, creator_id, created_at
),
change AS (INSERT INTO catalogue_changes (video_id) SELECT video_id FROM put)
SELECT video_id, title, url, tags, creator_id, created_at FROM put

-- put_user --
INSERT INTO users (user_id, name) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET name = $2

-- video --
SELECT video_id, title, url, tags, creator_id, created_at FROM videos WHERE video_id = $1

-- latest_change --
SELECT coalesce(max(change_id), 0) FROM catalogue_changes

-- all_videos --
SELECT video_id, title, url, tags, creator_id, created_at FROM videos

-- changed_videos --
-- Changes after $1 and 100 before it: a change may become visible after one with a higher number.
SELECT c.change_id, v.video_id, v.title, v.url, v.tags, v.creator_id, v.created_at
FROM catalogue_changes c JOIN videos v USING (video_id)
WHERE c.change_id > $1 - 100 ORDER BY c.change_id

-- register_generation --
-- From now on only this generation of the group writes. A generation without a write for $3 seconds is replaced.
INSERT INTO generations (group_id, generation) VALUES ($1, $2)
ON CONFLICT (group_id) DO UPDATE SET generation = $2, since = now()
WHERE generations.generation < $2 OR generations.since < now() - make_interval(secs => $3)

-- put_popularity --
-- Writes nothing if a later generation is registered. The row lock makes a later generation wait for this write.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE)
INSERT INTO video_popularity (video_id, score, last_updated)
SELECT * FROM unnest($3::text[], $4::float8[], $5::timestamptz[]) WHERE EXISTS (SELECT FROM fence)
ON CONFLICT (video_id) DO UPDATE SET score = excluded.score, last_updated = excluded.last_updated

-- put_profiles --
-- Fenced like put_popularity.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE)
INSERT INTO user_profiles (user_id, top_tags, updated_at)
SELECT user_id, string_to_array(tags, chr(31)), updated_at
FROM unnest($3::text[], $4::text[], $5::timestamptz[]) AS given (user_id, tags, updated_at)
WHERE EXISTS (SELECT FROM fence)
ON CONFLICT (user_id) DO UPDATE SET top_tags = excluded.top_tags, updated_at = excluded.updated_at

-- popular_videos --
SELECT video_id FROM video_popularity ORDER BY score DESC, video_id LIMIT $1

-- likes --
-- All likes, grouped by user, newest first: the training data of the EASE model.
SELECT user_id, video_id FROM video_actions WHERE action_type = 'like' ORDER BY user_id, timestamp DESC

-- profile_times --
SELECT user_id, updated_at FROM user_profiles WHERE user_id = ANY($1::text[])

-- popularity_rows --
SELECT video_id, score, last_updated FROM video_popularity WHERE video_id = ANY($1::text[])

-- all_actions --
SELECT id, user_id, video_id, action_type, timestamp FROM video_actions

-- profile_ids --
SELECT user_id FROM user_profiles

-- popularity_ids --
SELECT video_id FROM video_popularity
