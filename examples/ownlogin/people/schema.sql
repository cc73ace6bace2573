-- The people of an app that has its own login, with AuthRocket beside it. authrocket_id and its
-- index are what AuthRocket needs; all the rest an app with passwords has already.

CREATE TABLE IF NOT EXISTS people (
	id              INTEGER PRIMARY KEY,
	email           TEXT NOT NULL,               -- A to Z in lower case
	email_confirmed INTEGER NOT NULL DEFAULT 0,  -- 1: the app's own mail was answered
	name            TEXT NOT NULL,
	password        TEXT,                        -- a hash; NULL: has no password here
	authrocket_id   TEXT                         -- usr_..., the AuthRocket user who is this person; NULL: none yet
);
CREATE UNIQUE INDEX IF NOT EXISTS people_authrocket_id ON people (authrocket_id);
-- One password for an email. People without a password may have any email, also that of others.
CREATE UNIQUE INDEX IF NOT EXISTS people_email ON people (email) WHERE password IS NOT NULL;

-- Who is signed in by the app's own login.
CREATE TABLE IF NOT EXISTS sessions (
	token_hash TEXT PRIMARY KEY,
	person_id  INTEGER NOT NULL,
	expires_at INTEGER NOT NULL -- Unix seconds
);
