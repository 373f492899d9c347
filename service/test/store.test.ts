import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { imageFileOf } from "../lib/store/image-file.js";
import type { Part } from "../lib/store/part.js";
import { loadSqlite } from "../lib/store/sqlite.js";
import { killAgainAndAgain } from "./support/kill-trial.js";
import { newPart, openStore } from "./support/stored-parts.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const testOfStore = testWithSqlite();

const image = Buffer.from("\x89PNG, more or less", "latin1");

async function imagesIn(folder: string): Promise<string[]> {
  const found = await readdir(join(folder, "images"), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ name }) => name);
}

testOfStore(
  "what was acknowledged outlives kills at any moment, with its image, review and event",
  async (t) => {
    const report = await killAgainAndAgain(join(await temporaryFolder(t), "store"), 5, Math.random);
    t.deepEqual(report.wrong, []);
    t.true(report.acknowledged > 0 && report.reviewed > 0, JSON.stringify(report));
    t.true(report.rows >= report.acknowledged);
  },
);

testOfStore("images are kept of what was not accepted, readable by the owner and group alone", async (t) => {
  const folder = await temporaryFolder(t);
  const store = await openStore(folder);
  const accepted = await store.add(newPart(image, "accept"), image);
  const unjudged = await store.add(newPart(image, null), image);
  const review = await store.add(newPart(image, "review"), image);
  const reject = await store.add(newPart(image, "reject"), image);
  t.deepEqual((await imagesIn(folder)).sort(), [review.id, reject.id].sort());
  t.deepEqual(await store.image(review.id), { type: "image/png", bytes: image });
  for (const { id } of [accepted, unjudged]) await t.throwsAsync(store.image(id), { code: "IMAGE_NOT_KEPT" });
  const { mode } = await stat(join(folder, "images", reject.id.slice(0, 2), reject.id));
  t.is(mode & 0o137, 0);
  await t.throwsAsync(store.review(unjudged.id, "confirm", "zoe"), { code: "NO_VERDICT" });
  await store.close();
});

testOfStore(
  "parts that are too old or too many are removed with their images, and so are leftovers",
  async (t) => {
    const folder = await temporaryFolder(t);
    let store = await openStore(folder, { keepDays: 2, keepParts: 3 });
    const old = newPart(image, "reject", { time: new Date(Date.now() - 3 * 86_400_000) });
    await store.add(old, image);
    const parts = [];
    for (let i = 0; i < 5; i++) parts.push(await store.add(newPart(image, "reject"), image));
    await store.expire();
    const kept = parts.slice(2).map(({ id }) => id);
    t.deepEqual(
      store.list({}, 10).parts.map(({ id }) => id),
      kept.toReversed(),
    );
    t.deepEqual((await imagesIn(folder)).sort(), kept.toSorted());
    await store.close();
    await writeFile(join(folder, "images", "00", ".unfinished.tmp"), "");
    await writeFile(join(folder, "images", "00", old.id), "");
    store = await openStore(folder);
    t.deepEqual((await imagesIn(folder)).sort(), kept.toSorted());
    await store.close();
  },
);

testOfStore("as many parts are kept as asked for, whatever the order of their times", async (t) => {
  const folder = await temporaryFolder(t);
  const open = () => openStore(folder, { keepDays: 2, keepParts: 3 });
  let store = await open();
  const ages = [0, 3, 0, 3, 0, 0, 0];
  const parts: Part[] = [];
  for (const age of ages)
    parts.push(
      await store.add(newPart(image, "accept", { time: new Date(Date.now() - age * 86_400_000) }), image),
    );
  await store.expire();
  const ids = () => store.list({}, 10).parts.map(({ id }) => id);
  t.deepEqual(
    ids(),
    [6, 5, 4].map((index) => parts[index]!.id),
  );
  await store.close();

  store = await open();
  const added = await store.add(newPart(image, "accept"), image);
  await store.expire();
  t.deepEqual(ids(), [added.id, parts[6]!.id, parts[5]!.id]);
  await store.close();
});

testOfStore("a store of an earlier version is brought up to date with its parts", async (t) => {
  const folder = await temporaryFolder(t);
  let store = await openStore(folder);
  const parts: Part[] = [];
  for (let i = 0; i < 3; i++) parts.push(await store.add(newPart(image, "accept"), image));
  await store.close();
  const database = new (loadSqlite())(join(folder, "parts.sqlite"));
  database.exec(`DROP TRIGGER part_added; DROP TRIGGER part_removed; DROP TABLE part_count;
    DROP INDEX parts_reviewed; DROP INDEX parts_station; DROP TRIGGER version_part_added;
    DROP TRIGGER version_part_removed; DROP TRIGGER version_part_reviewed; DROP TABLE version_counts;
    DROP INDEX parts_version; DROP INDEX parts_to_review; PRAGMA user_version = 1`);
  database.close();
  store = await openStore(folder, { keepParts: 2 });
  await store.expire();
  t.deepEqual(
    store.list({}, 10).parts.map(({ id }) => id),
    [parts[2]!.id, parts[1]!.id],
  );
  t.deepEqual(store.counts("part", 1), [{ verdict: "accept", decision: null, parts: 2 }]);
  await store.close();
});

testOfStore("one process alone uses a store, and none of a newer version", async (t) => {
  const folder = await temporaryFolder(t);
  const store = await openStore(folder);
  await t.throwsAsync(openStore(folder), { message: /is used by another process/ });
  await store.close();
  const database = new (loadSqlite())(join(folder, "parts.sqlite"));
  database.pragma("user_version = 1000");
  database.close();
  await t.throwsAsync(openStore(folder), { message: /newer version/ });
});

testOfStore("a result that cannot be written is not acknowledged, and leaves no image", async (t) => {
  const folder = await temporaryFolder(t);
  const store = await openStore(folder);
  const part = newPart(image, "reject");
  await store.add(part, image);
  const taken = newPart(image, "accept", { id: part.id });
  await t.throwsAsync(store.add(taken, image), { code: "NOT_STORED" });
  await t.throwsAsync(store.add({ ...newPart(image, "reject"), id: "../../escaped" }, image), {
    code: "NOT_STORED",
  });
  t.deepEqual(await imagesIn(folder), [part.id]);
  await store.close();
});

test("raw pixels are kept as PAM", (t) => {
  const data = Uint8Array.from({ length: 2 * 8 }, (_, index) => index);
  const bgr = imageFileOf({ data, width: 2, height: 2, channels: 3, order: "bgr", stride: 8 });
  t.is(bgr.type, "image/x-portable-anymap");
  t.deepEqual([...bgr.bytes.slice(-12)], [2, 1, 0, 5, 4, 3, 10, 9, 8, 13, 12, 11]);
  const deep = imageFileOf({ data: Uint16Array.of(0, 4095), width: 2, height: 1, channels: 1, depth: 12 });
  t.deepEqual([...deep.bytes.slice(-4)], [0, 0, 0x0f, 0xff]);
  t.regex(Buffer.from(deep.bytes).toString("latin1"), /^P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 4095\n/);
});
