-- What feed sessions have shown (docs/decisions/0055). `content` is a `Page` of recomind/stores/feed_sessions.py.
CREATE TABLE feed_pages (
    session bytea NOT NULL,
    page integer NOT NULL,
    user_id text NOT NULL,
    content bytea NOT NULL,
    handed_out_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session, page)
);
CREATE INDEX feed_pages_of_user ON feed_pages (user_id);
-- An anonymous session that has expired: unlike an erased user, it is in no table `forgetting` (docs/decisions/0057).
ALTER TABLE forgotten_people ADD COLUMN has_expired boolean NOT NULL DEFAULT false;
