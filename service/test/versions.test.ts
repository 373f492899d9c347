import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Detector } from "reverse-distillation";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { addToken } from "../lib/access/tokens.js";
import type { AboutBody } from "../lib/http/bodies/about.js";
import type { CardBody, ScoresBody, TrialBody } from "../lib/http/bodies/version.js";
import { png, TestModels } from "./support/models.js";
import { running } from "./support/running.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const testOfStore = testWithSqlite();

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

const json = { "content-type": "application/json" };

test.serial("the card of a version says what is in its file", async (t) => {
  const { ask, folder } = await running(t, models);
  const card = (await (await ask("/models/part/versions/2")).json()) as CardBody;
  const file = await readFile(join(folder, "part@2.safetensors"));
  const sha256 = createHash("sha256").update(file).digest("hex");
  t.deepEqual(card.file, { name: "part@2.safetensors", bytes: file.length, sha256 });
  t.like(card.training, { images: 2, epochs: 1 });
  t.is(card.thresholds!.reject, models.detector.thresholds!.reject);
  t.like(card.calibration, { images: 20, reject: { rate: 0.1, images: 20 } });
  t.is(card.counts, null);
  t.is((await ask("/models/part/versions/7")).status, 404);
});

testOfStore("a card counts kept parts by verdict and review", async (t) => {
  const { ask } = await running(t, models, { store: join(await temporaryFolder(t), "store") });
  const image = await png();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const response = await ask("/models/part/inspect", { method: "POST", body: image });
    ids.push(((await response.json()) as { id: string }).id);
  }
  for (const decision of ["overrule", "confirm"])
    await ask(`/parts/${ids[0]}/review`, {
      method: "PUT",
      body: JSON.stringify({ decision }),
      headers: json,
    });
  const { counts } = (await (await ask("/models/part/versions/2")).json()) as CardBody;
  t.deepEqual(
    counts!.sort((a, b) => a.parts - b.parts),
    [
      { verdict: "reject", decision: "confirm", parts: 1 },
      { verdict: "reject", decision: null, parts: 2 },
    ],
  );
});

test.serial("a trial says what thresholds promise and what they would have done", async (t) => {
  const { ask } = await running(t, models);
  for (let i = 0; i < 3; i++) await ask("/models/part/inspect", { method: "POST", body: await png() });
  const scores = (await (await ask("/models/part/versions/2/scores")).json()) as ScoresBody;
  t.deepEqual(scores.good, models.detector.calibration!.scores);
  t.is(scores.recent.length, 3);
  const [score] = scores.recent as [number];
  const between = (scores.good[18]! + scores.good[19]!) / 2;
  const trial = async (reject: number, review: number) => {
    const response = await ask(`/models/part/versions/2/trial?reject=${reject}&review=${review}`);
    return (await response.json()) as TrialBody;
  };
  const { reject, review } = await trial(scores.good[18]!, scores.good[16]!);
  t.deepEqual(
    [reject.rate, review.rate].map((rate) => Math.round(rate * 21)),
    [2, 4],
  );
  t.deepEqual((await trial(between, between)).reject.interval, reject.interval);
  t.deepEqual((await trial(score * 2, score)).recent, {
    now: { accept: 0, review: 0, reject: 3 },
    then: { accept: 0, review: 3, reject: 0 },
    changed: 3,
  });
  t.is((await ask("/models/part/versions/2/trial?reject=1&review=2")).status, 400);
  t.is((await ask("/models/part/versions/2/trial?reject=1")).status, 400);
  t.is((await ask("/models/part/versions/9/scores")).status, 404);
});

test.serial("without a calibration, there is nothing to choose thresholds by", async (t) => {
  const { ask, folder, service } = await running(t, models);
  await models.put(folder, "plain", models.uncalibrated);
  for (let look = 0; look < 2; look++) await service.models.refresh();
  for (const path of ["scores", "trial?reject=1&review=1"]) {
    const response = await ask(`/models/plain/versions/1/${path}`);
    t.deepEqual(
      [response.status, ((await response.json()) as { code: string }).code],
      [409, "NO_CALIBRATION"],
    );
  }
});

test.serial("thresholds are written into a new version, which serves; the one before stays", async (t) => {
  const { ask, folder, service } = await running(t, models);
  const before = await readFile(join(folder, "part@2.safetensors"));
  const derive = (body: object) =>
    ask("/models/part/versions/2/derive", { method: "POST", body: JSON.stringify(body), headers: json });
  const response = await derive({ reject: 0.5, review: 0.25 });
  t.deepEqual([response.status, await response.json()], [200, { version: 3 }]);
  const written = await Detector.load(join(folder, "part@3.safetensors"), { device: "cpu" });
  t.like(written.thresholds, { reject: 0.5, review: 0.25 });
  t.deepEqual(written.calibration, models.detector.calibration);
  await written.dispose();
  t.true(before.equals(await readFile(join(folder, "part@2.safetensors"))));
  // A file is loaded when it has not changed between two looks.
  for (let look = 0; look < 2; look++) await service.models.refresh();
  t.like(await (await ask("/models/part")).json(), { serving: 3 });
  // Two at once get numbers of their own.
  const both = await Promise.all([derive({ reject: 1, review: 1 }), derive({ reject: 2, review: 1 })]);
  t.deepEqual(await Promise.all(both.map((each) => each.json())), [{ version: 4 }, { version: 5 }]);
  t.is((await derive({ reject: 1, review: 2 })).status, 400);
  t.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(".")),
    [],
  );
});

test.serial("only an admin writes versions, and everybody is told what they may do", async (t) => {
  const file = join(await temporaryFolder(t), "tokens");
  const [zoe, boss] = [
    await addToken(file, { role: "review", name: "zoe" }),
    await addToken(file, { role: "admin", name: "boss" }),
  ];
  const { ask, folder } = await running(t, models, { tokens: file });
  const about = async (token: string) =>
    (await (await ask("/about", { headers: { authorization: `Bearer ${token}` } })).json()) as AboutBody;
  t.like(await about(zoe), { caller: "zoe", store: false, may: ["read", "review"] });
  t.like(await about(boss), { caller: "boss", may: ["read", "inspect", "review", "admin"] });
  const response = await ask("/models/part/versions/2/derive", {
    method: "POST",
    body: JSON.stringify({ reject: 1, review: 1 }),
    headers: { ...json, authorization: `Bearer ${zoe}` },
  });
  t.is(response.status, 403);
  t.false((await readdir(folder)).includes("part@3.safetensors"));
});
