BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE feed_file (
	feed VARCHAR(64) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	part VARCHAR(200) NOT NULL, 
	size BIGINT NOT NULL, 
	modified BIGINT NOT NULL, 
	mapping VARCHAR(64) NOT NULL, 
	taken DATETIME NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	reason VARCHAR(1000) NOT NULL, 
	run VARCHAR(64) NOT NULL, 
	succeeded DATETIME, 
	rows JSON NOT NULL, 
	seconds DOUBLE NOT NULL, 
	deleted DATETIME, 
	PRIMARY KEY (feed, name)
);
CREATE TABLE feed_watch (
	feed VARCHAR(64) NOT NULL, 
	since DATETIME NOT NULL, 
	looked DATETIME, 
	confirmed DATETIME, 
	alarmed DATETIME, 
	problem VARCHAR(1000) NOT NULL, 
	trips INTEGER NOT NULL, 
	fetched JSON NOT NULL, 
	PRIMARY KEY (feed)
);
INSERT INTO "feed_watch" VALUES('rivers','2026-11-01 09:00:00.000000',NULL,NULL,NULL,'',0,'{}');
CREATE TABLE heartbeat (
	name VARCHAR(40) NOT NULL, 
	seen DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "heartbeat" VALUES('worker','2026-11-01 09:00:00.000000');
CREATE TABLE ledger (
	number INTEGER NOT NULL, 
	instant VARCHAR(40) NOT NULL, 
	event VARCHAR(80) NOT NULL, 
	actor VARCHAR(200) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	details TEXT NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "ledger" VALUES(1,'2026-11-01T09:00:00.000000+00:00','person suspended','operator:rt','4f1c9a','{"reason":"INC-47"}','0000000000000000000000000000000000000000000000000000000000000000','e5f9d7a2370b9523862f0b3ca152b21e7bca5c7ee0be7267d7b30cf0b8a568d8');
INSERT INTO "ledger" VALUES(2,'2026-11-01T09:00:00.000000+00:00','person merged','operator:rt','9a77','{"into":"4f1c9a","reason":"one person"}','e5f9d7a2370b9523862f0b3ca152b21e7bca5c7ee0be7267d7b30cf0b8a568d8','6bc01224e8f9398a7416961cd5ca33daa5348f08da057ead771d103ac3f6020e');
INSERT INTO "ledger" VALUES(3,'2026-11-01T09:00:00.000000+00:00','feed applied','operator:rt','feed:rivers','{"as of":"2026-11-01","changes":"4","part":"all","rows joined":"4","run":"5f0c2a9d"}','6bc01224e8f9398a7416961cd5ca33daa5348f08da057ead771d103ac3f6020e','600d3d02d69a2275f1449c23524f048bde8d148565b25e0e99546db4850846c4');
CREATE TABLE outbox_mail (
	id INTEGER NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	reference VARCHAR(64) NOT NULL, 
	recipient VARCHAR(320) NOT NULL, 
	subject VARCHAR(250) NOT NULL, 
	text TEXT NOT NULL, 
	html TEXT NOT NULL, 
	reply_to VARCHAR(320) NOT NULL, 
	from_name VARCHAR(200) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	tries INTEGER NOT NULL, 
	due DATETIME NOT NULL, 
	lease VARCHAR(32) NOT NULL, 
	created DATETIME NOT NULL, 
	finished DATETIME, 
	last_error VARCHAR(500) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE ("key"), 
	UNIQUE (reference)
);
INSERT INTO "outbox_mail" VALUES(1,'feed 1','ee76241ec6516fe661147daed5fe04abb04784d3','hr@rivers.example','Rivers HR: file taken','Your file was taken.','','','','waiting',0,'2026-11-01 09:00:00.000000','','2026-11-01 09:00:00.000000',NULL,'');
CREATE TABLE provider (
	id VARCHAR(64) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	entity_id VARCHAR(1024) NOT NULL, 
	details JSON NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (entity_id)
);
CREATE TABLE provider_logo (
	provider_id VARCHAR(64) NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	png BLOB NOT NULL, 
	fetched DATETIME NOT NULL, 
	PRIMARY KEY (provider_id), 
	FOREIGN KEY(provider_id) REFERENCES provider (id) ON DELETE CASCADE
);
CREATE TABLE provider_metadata (
	id INTEGER NOT NULL, 
	provider_id VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	received DATETIME NOT NULL, state VARCHAR(10) DEFAULT 'applied' NOT NULL, words TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(provider_id) REFERENCES provider (id) ON DELETE CASCADE
);
CREATE TABLE provider_version (
	id INTEGER NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "provider_version" VALUES(1,'first');
CREATE TABLE provider_watch (
	provider_id VARCHAR(64) NOT NULL, 
	due DATETIME NOT NULL, 
	tried DATETIME, 
	good DATETIME, 
	failures INTEGER NOT NULL, 
	problem VARCHAR(1000) NOT NULL, 
	warned JSON NOT NULL, 
	PRIMARY KEY (provider_id), 
	FOREIGN KEY(provider_id) REFERENCES provider (id) ON DELETE CASCADE
);
CREATE TABLE waiting_item (
	id INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	summary VARCHAR(2000) NOT NULL, 
	count INTEGER NOT NULL, 
	first_seen DATETIME NOT NULL, 
	last_seen DATETIME NOT NULL, 
	settled DATETIME, 
	settled_by VARCHAR(200) NOT NULL, organisation VARCHAR(64) DEFAULT '' NOT NULL, details JSON DEFAULT '{}' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "waiting_item" VALUES(1,'held feed','rivers/all','Rivers HR was stopped.',1,'2026-11-01 09:00:00.000000','2026-11-01 09:00:00.000000',NULL,'','','{}');
CREATE INDEX outbox_mail_due ON outbox_mail (state, due);
CREATE UNIQUE INDEX waiting_item_open ON waiting_item (kind, "key") WHERE settled IS NULL;
CREATE INDEX waiting_item_age ON waiting_item (settled, first_seen);
CREATE INDEX ix_provider_metadata_provider_id ON provider_metadata (provider_id);
COMMIT;
