/*
 * Schema step 2: applications and all that belongs to them.
 *
 * Ids of applications, appeals, reports and evidence are drawn by whoever
 * makes them, since a seal binds the id before the row is there.
 */
#include "store/sqlite.h"

/* clang-format off */
#define NO_CHANGE(table, what)						       \
	"CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table	       \
	" BEGIN SELECT raise(ABORT, '" what " are never changed'); END;"       \
	"CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table	       \
	" BEGIN SELECT raise(ABORT, '" what " are never deleted'); END;"

#define COPY_APPROVALS(row)						       \
	"UPDATE publishers SET approvals = ifnull((SELECT group_concat("       \
	"category || ' ' || since_s || ' ' || until_s || ' ' || lapse_s, ';')" \
	" FROM approvals a WHERE a.jid = " row ".jid), '')"		       \
	" WHERE jid = " row ".jid;"

const char *const sqlite_migration_2[] = {
    /*
     * What an approval stands on: the version of the agreement (0: none was
     * on record), and from when on that is too old (0: never).  is_over: its
     * end was noticed; is_lapsed: that the agreement's was.
     */
    "ALTER TABLE approvals ADD COLUMN agreement INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE approvals ADD COLUMN lapse_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE approvals ADD COLUMN is_over INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE approvals ADD COLUMN is_lapsed INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX approvals_until ON approvals (until_s) WHERE is_over = 0;"
    "CREATE INDEX approvals_lapse ON approvals (lapse_s)"
    " WHERE lapse_s > 0 AND is_lapsed = 0;"
    "DROP TRIGGER approvals_insert;"
    "DROP TRIGGER approvals_update;"
    "DROP TRIGGER approvals_delete;"
    "CREATE TRIGGER approvals_insert AFTER INSERT ON approvals"
    " BEGIN " COPY_APPROVALS("new") " END;"
    /* Notes of the calendar's are no business of the check path. */
    "CREATE TRIGGER approvals_update AFTER UPDATE"
    " OF jid, category, since_s, until_s, lapse_s ON approvals"
    " BEGIN " COPY_APPROVALS("new") " END;"
    "CREATE TRIGGER approvals_delete AFTER DELETE ON approvals"
    " BEGIN " COPY_APPROVALS("old") " END;"
    "UPDATE publishers AS p SET approvals = (SELECT group_concat("
    "category || ' ' || since_s || ' ' || until_s || ' ' || lapse_s, ';')"
    " FROM approvals a WHERE a.jid = p.jid) WHERE p.approvals <> '';",

    "CREATE TABLE applications ("
    " id TEXT NOT NULL UNIQUE,"
    " jid TEXT NOT NULL,"
    " host TEXT NOT NULL," /* domain of the account, for limits */
    " kind TEXT NOT NULL CHECK (kind IN ('new', 'renewal', 'change')),"
    " state TEXT NOT NULL CHECK (state IN ('draft', 'open', 'asked',"
    "  'approved', 'refused', 'withdrawn')),"
    " version INTEGER NOT NULL,"
    " created_s INTEGER NOT NULL,"
    " submitted_s INTEGER NOT NULL DEFAULT 0,"
    " since_s INTEGER NOT NULL,"
    " changed_s INTEGER NOT NULL,"
    " changed_by TEXT NOT NULL,"
    " looked_s INTEGER NOT NULL DEFAULT 0,"
    " lang TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " organisation TEXT NOT NULL,"
    " domain TEXT NOT NULL,"
    " website TEXT NOT NULL,"
    " evidence TEXT NOT NULL DEFAULT '',"
    " question TEXT NOT NULL DEFAULT '',"
    " decision INTEGER REFERENCES decisions (id),"
    " decided_by TEXT NOT NULL DEFAULT '') STRICT;"
    /* One at a time, whatever else goes wrong. */
    "CREATE UNIQUE INDEX applications_current ON applications (jid)"
    " WHERE state IN ('draft', 'open', 'asked');"
    "CREATE INDEX applications_jid ON applications (jid, created_s);"
    "CREATE INDEX applications_host ON applications (host, created_s);"
    "CREATE INDEX applications_state ON applications (state, since_s, id);"
    "CREATE INDEX applications_draft ON applications (changed_s)"
    " WHERE state = 'draft';",

    "CREATE TABLE application_categories ("
    " application TEXT NOT NULL,"
    " position INTEGER NOT NULL,"
    " category TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),"
    " PRIMARY KEY (application, category)) STRICT, WITHOUT ROWID;",

    "CREATE TABLE agreements ("
    " category TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " lang TEXT NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " since_s INTEGER NOT NULL,"
    " PRIMARY KEY (category, version, lang)) STRICT, WITHOUT ROWID;"
    NO_CHANGE("agreements", "agreements")
    /* The newest version, and from when on the older ones are too old. */
    "CREATE TABLE agreement_terms ("
    " category TEXT PRIMARY KEY,"
    " version INTEGER NOT NULL,"
    " lapse_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;",

    "CREATE TABLE acceptances ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " jid TEXT NOT NULL,"
    " category TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " lang TEXT NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " at_s INTEGER NOT NULL,"
    " application TEXT NOT NULL) STRICT;"
    "CREATE INDEX acceptances_jid ON acceptances (jid, category, version);"
    NO_CHANGE("acceptances", "acceptances"),

    "CREATE TABLE votes ("
    " application TEXT NOT NULL,"
    " category TEXT NOT NULL,"
    " voter TEXT NOT NULL,"
    " at_s INTEGER NOT NULL,"
    " until_s INTEGER NOT NULL,"
    " reason TEXT NOT NULL,"
    " PRIMARY KEY (application, category, voter)) STRICT, WITHOUT ROWID;",

    "CREATE TABLE identities ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " jid TEXT NOT NULL,"
    " method TEXT NOT NULL,"
    " checked_by TEXT NOT NULL,"
    " at_s INTEGER NOT NULL,"
    " until_s INTEGER NOT NULL,"
    " evidence TEXT NOT NULL,"
    " application TEXT NOT NULL) STRICT;"
    "CREATE INDEX identities_jid ON identities (jid, until_s);",

    /* What is public about who is, or was, approved, beside the name; apart,
     * so that the row of a check stays small. */
    "CREATE TABLE profiles ("
    " jid TEXT PRIMARY KEY REFERENCES publishers (jid),"
    " organisation TEXT NOT NULL,"
    " domain TEXT NOT NULL,"
    " website TEXT NOT NULL,"
    " lang TEXT NOT NULL,"
    " method TEXT NOT NULL) STRICT, WITHOUT ROWID;",

    "CREATE TABLE proofs ("
    " jid TEXT NOT NULL,"
    " domain TEXT NOT NULL,"
    " method TEXT NOT NULL,"
    " token TEXT NOT NULL,"
    " outcome TEXT NOT NULL,"
    " dnssec TEXT NOT NULL,"
    " detail TEXT NOT NULL,"
    " begun_s INTEGER NOT NULL,"
    " checked_s INTEGER NOT NULL DEFAULT 0,"
    " proved_s INTEGER NOT NULL DEFAULT 0,"
    " lost_s INTEGER NOT NULL DEFAULT 0,"
    " next_s INTEGER NOT NULL DEFAULT 0,"
    " tries INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (jid, domain)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX proofs_next ON proofs (next_s) WHERE next_s > 0;",

    "CREATE TABLE events ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at_s INTEGER NOT NULL,"
    " action TEXT NOT NULL,"
    " jid TEXT NOT NULL,"
    " object TEXT NOT NULL,"
    " done_by TEXT NOT NULL,"
    " role TEXT NOT NULL,"
    " category TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " method TEXT NOT NULL,"
    " evidence TEXT NOT NULL,"
    " until_s INTEGER NOT NULL,"
    " decision INTEGER REFERENCES decisions (id)) STRICT;"
    "CREATE INDEX events_jid ON events (jid, id);"
    "CREATE INDEX events_object ON events (object, id) WHERE object <> '';"
    "CREATE INDEX events_count ON events (jid, action, at_s);"
    NO_CHANGE("events", "events"),

    "CREATE TABLE appeals ("
    " id TEXT NOT NULL UNIQUE,"
    " jid TEXT NOT NULL,"
    " decision INTEGER NOT NULL UNIQUE REFERENCES decisions (id),"
    " application TEXT NOT NULL,"
    " evidence TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('open', 'upheld', 'dismissed')),"
    " at_s INTEGER NOT NULL,"
    " closed_s INTEGER NOT NULL DEFAULT 0,"
    " closed_by TEXT NOT NULL DEFAULT '',"
    " version INTEGER NOT NULL DEFAULT 1) STRICT;"
    "CREATE INDEX appeals_state ON appeals (state, at_s, id);"
    "CREATE INDEX appeals_jid ON appeals (jid);",

    "CREATE TABLE reports ("
    " id TEXT NOT NULL UNIQUE,"
    " jid TEXT NOT NULL,"
    " place TEXT NOT NULL,"
    " post TEXT NOT NULL,"
    " is_open INTEGER NOT NULL DEFAULT 1,"
    " at_s INTEGER NOT NULL,"
    " last_s INTEGER NOT NULL,"
    " count INTEGER NOT NULL DEFAULT 1,"
    " closed_s INTEGER NOT NULL DEFAULT 0,"
    " closed_by TEXT NOT NULL DEFAULT '',"
    " result TEXT NOT NULL DEFAULT '',"
    " is_founded INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE UNIQUE INDEX reports_post ON reports (jid, place, post)"
    " WHERE is_open = 1;"
    "CREATE INDEX reports_open ON reports (is_open, at_s, id);"
    "CREATE TABLE reporters ("
    " report TEXT NOT NULL,"
    " mark TEXT NOT NULL," /* keyed hash of the reader's JID */
    " at_s INTEGER NOT NULL,"
    " lang TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " evidence TEXT NOT NULL,"
    " PRIMARY KEY (report, mark)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX reporters_mark ON reporters (mark, at_s);",

    /*
     * Sealed blobs.  key: which key sealed it, as the blob itself says.
     * over_s: when the case was over that it belongs to; 0: it is not.
     */
    "CREATE TABLE evidence ("
    " id TEXT NOT NULL UNIQUE,"
    " kind TEXT NOT NULL,"
    " jid TEXT NOT NULL,"
    " object TEXT NOT NULL,"
    " at_s INTEGER NOT NULL,"
    " over_s INTEGER NOT NULL DEFAULT 0,"
    " erased_s INTEGER NOT NULL DEFAULT 0,"
    " key BLOB,"
    " blob BLOB,"
    " CHECK ((blob IS NULL) = (erased_s > 0))) STRICT;"
    "CREATE INDEX evidence_jid ON evidence (jid);"
    "CREATE INDEX evidence_object ON evidence (object);"
    "CREATE INDEX evidence_key ON evidence (key) WHERE blob IS NOT NULL;"
    "CREATE INDEX evidence_over ON evidence (over_s)"
    " WHERE over_s > 0 AND blob IS NOT NULL;",

    "CREATE TABLE notices ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at_s INTEGER NOT NULL,"
    " date_s INTEGER NOT NULL,"
    " jid TEXT NOT NULL,"
    " lang TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " category TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " domain TEXT NOT NULL,"
    " application TEXT NOT NULL,"
    " evidence TEXT NOT NULL,"
    " decision INTEGER) STRICT;"
    "CREATE INDEX notices_jid ON notices (jid);",

    /* What was reminded of already. */
    "CREATE TABLE reminders ("
    " jid TEXT NOT NULL,"
    " category TEXT NOT NULL,"
    " until_s INTEGER NOT NULL,"
    " before_s INTEGER NOT NULL,"
    " PRIMARY KEY (jid, category, until_s, before_s)) STRICT, WITHOUT ROWID;",
    NULL
};
