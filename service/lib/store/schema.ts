import type { Database } from "better-sqlite3";

/** Statements that bring a database from one version to the next. Those that were published never change. */
const migrations = [
  `CREATE TABLE parts (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- milliseconds since 1970
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    verdict TEXT,
    score REAL NOT NULL,
    p_value REAL,
    regions TEXT NOT NULL, -- JSON
    digest TEXT NOT NULL, -- SHA-256 of the image as given
    station TEXT,
    source TEXT, -- the name of the file in a watched folder
    image TEXT, -- the media type, if the image is kept
    decision TEXT,
    reviewer TEXT,
    reviewed INTEGER
  ) STRICT;
  CREATE INDEX parts_time ON parts (time);
  CREATE INDEX parts_model ON parts (model, sequence);
  CREATE INDEX parts_verdict ON parts (verdict, sequence);

  CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    event TEXT NOT NULL, -- the id of the event
    body TEXT NOT NULL, -- the event as JSON
    time INTEGER NOT NULL,
    refused TEXT -- why the destination will never take it
  ) STRICT;
  CREATE INDEX outbox_destination ON outbox (destination, sequence) WHERE refused IS NULL;

  CREATE TABLE files (
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    stamp TEXT NOT NULL,
    part TEXT, -- null if the file was refused
    reason TEXT,
    time INTEGER NOT NULL,
    PRIMARY KEY (folder, path, digest)
  ) STRICT;`,

  // To count a million rows takes a tenth of a second, and so does to look through them for a few.
  `CREATE TABLE part_count (parts INTEGER NOT NULL) STRICT;
  INSERT INTO part_count SELECT count(*) FROM parts;
  CREATE TRIGGER part_added AFTER INSERT ON parts BEGIN UPDATE part_count SET parts = parts + 1; END;
  CREATE TRIGGER part_removed AFTER DELETE ON parts BEGIN UPDATE part_count SET parts = parts - 1; END;
  CREATE INDEX parts_reviewed ON parts (sequence) WHERE reviewed IS NOT NULL;
  CREATE INDEX parts_station ON parts (station, sequence);`,

  // The page asks again and again for the latest parts of a version, for those to review, and for counts.
  `CREATE INDEX parts_version ON parts (model, version, sequence);
  CREATE INDEX parts_to_review ON parts (sequence) WHERE verdict IN ('review', 'reject') AND reviewed IS NULL;
  CREATE TABLE version_counts (
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    verdict TEXT NOT NULL, -- empty for none
    decision TEXT NOT NULL, -- empty for none
    parts INTEGER NOT NULL,
    PRIMARY KEY (model, version, verdict, decision)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO version_counts
    SELECT model, version, ifnull(verdict, ''), ifnull(decision, ''), count(*) FROM parts GROUP BY 1, 2, 3, 4;
  CREATE TRIGGER version_part_added AFTER INSERT ON parts BEGIN
    INSERT INTO version_counts
      VALUES (new.model, new.version, ifnull(new.verdict, ''), ifnull(new.decision, ''), 1)
      ON CONFLICT DO UPDATE SET parts = parts + 1;
  END;
  CREATE TRIGGER version_part_removed AFTER DELETE ON parts BEGIN
    UPDATE version_counts SET parts = parts - 1
      WHERE model = old.model AND version = old.version
        AND verdict = ifnull(old.verdict, '') AND decision = ifnull(old.decision, '');
  END;
  CREATE TRIGGER version_part_reviewed AFTER UPDATE OF decision ON parts BEGIN
    UPDATE version_counts SET parts = parts - 1
      WHERE model = old.model AND version = old.version
        AND verdict = ifnull(old.verdict, '') AND decision = ifnull(old.decision, '');
    INSERT INTO version_counts
      VALUES (new.model, new.version, ifnull(new.verdict, ''), ifnull(new.decision, ''), 1)
      ON CONFLICT DO UPDATE SET parts = parts + 1;
  END;`,
];

/** @throws Error if the database was written by a newer version of the service. */
export function migrate(database: Database): void {
  const from = database.pragma("user_version", { simple: true }) as number;
  if (from > migrations.length)
    throw new Error(
      `${database.name} was written by a newer version of the service (schema ${from}; this one knows ${migrations.length}).`,
    );
  database.transaction(() => {
    for (const statements of migrations.slice(from)) database.exec(statements);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}
