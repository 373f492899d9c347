import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import type { LineBody } from "../lib/http/bodies/line.js";
import { Line, minutesKept, mostRecent } from "../lib/line/line.js";
import { png, TestModels } from "./support/models.js";
import { running } from "./support/running.js";
import { newPart, openStore } from "./support/stored-parts.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const testOfStore = testWithSqlite();

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

const version = { name: "part", version: 1 };

test("parts are counted by minute and verdict, and the latest ones of a version are remembered", (t) => {
  const line = new Line(undefined);
  line.expect(version);
  const now = new Date();
  for (let score = 0; score < mostRecent + 5; score++)
    line.add(version, now, { verdict: score % 2 ? "accept" : "reject", score, pValue: null });
  line.add({ name: "other", version: 3 }, now, { verdict: null, score: 1, pValue: null });
  const recent = line.recent("part", 1);
  t.deepEqual([recent.length, recent[0]!.score, recent.at(-1)!.score], [mostRecent, 5, mostRecent + 4]);
  t.deepEqual(line.recent("part", 2), []);
  const minutes = line.minutes("part");
  t.is(minutes.length, minutesKept);
  const sum = (of: "accept" | "reject" | "none") => minutes.reduce((total, minute) => total + minute[of], 0);
  t.deepEqual([sum("accept"), sum("reject"), sum("none")], [502, 503, 0]);
  t.is(
    line.minutes("other").reduce((total, { none }) => total + none, 0),
    1,
  );
});

testOfStore("a line begins with what the store has, and counts no part twice", async (t) => {
  const store = await openStore(join(await temporaryFolder(t), "store"));
  t.teardown(() => store.close());
  const image = await png();
  const add = (score: number) => store.add(newPart(image, "review", { score }), image);
  await add(1);
  await add(2);
  const line = new Line(store);
  // Two parts are judged at once: both are kept before either is added.
  line.expect(version);
  await Promise.all([add(3), add(4)]);
  for (const score of [3, 4]) line.add(version, new Date(), { verdict: "review", score, pValue: 0.25 });
  t.deepEqual(
    line.recent("part", 1).map(({ score }) => score),
    [1, 2, 3, 4],
  );
  t.is(
    line.minutes("part").reduce((total, { review }) => total + review, 0),
    4,
  );
});

test("GET /line has counts, p-values and drift of the version that serves", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  for (let i = 0; i < 3; i++) await ask("/models/part/inspect", { method: "POST", body: image });
  const [model] = ((await (await ask("/line")).json()) as LineBody).models;
  t.like(model, { name: "part", serving: 2, watch: { parts: 3, drift: null } });
  t.is(
    model!.minutes.reduce((total, { reject }) => total + reject, 0),
    3,
  );
  t.is(
    model!.pValues!.reduce((total, count) => total + count, 0),
    3,
  );
});
