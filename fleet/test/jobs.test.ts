import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Detector, train } from "reverse-distillation";
import type { JobProgress, JobStatus } from "../lib/index.js";
import { comparable } from "./support/comparable.js";
import { makeParts, small, type Parts } from "./support/parts.js";
import { isInstalled } from "./support/redis-server.js";
import { runningFleet, until } from "./support/running-fleet.js";

if (!isInstalled) console.error("SKIPPED: tests with Redis: redis-server is not installed");
const withRedis = isInstalled ? test.serial : test.serial.skip;

/** A training that takes many minutes, unless something ends it. */
const endless = { ...small, epochs: 1_000_000 };

let folder: string;
let parts: Parts;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-parts-"));
  if (isInstalled) parts = await makeParts(folder);
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

withRedis("jobs of every kind give what the same calls give on one machine", async (t) => {
  const { fleet, work, folder: own } = await runningFleet(t);
  await work();
  const options = { ...small, epochs: 2, seed: 3 };
  const training = await fleet.submit({ kind: "train", images: parts.images, options });
  const trained = await training.result();
  const [model] = trained.files;
  const calibration = await fleet.submit({ kind: "calibrate", model: model!, images: parts.good });
  const calibrated = await calibration.result();
  const [scoring, exporting] = await Promise.all([
    fleet.submit({
      kind: "score",
      model: calibrated.files[0]!,
      images: parts.images,
      options: { regions: true },
    }),
    fleet.submit({ kind: "export", model: calibrated.files[0]!, options: { format: "onnx" } }),
  ]);
  const [scored, exported] = await Promise.all([scoring.result(), exporting.result()]);

  const place = { device: "cpu", threads: 1 } as const;
  await using detector = await train(parts.images, { ...options, ...place });
  await detector.save(join(own, "own.safetensors"));
  const got = async (file: (typeof exported.files)[0]) => {
    await fleet.download(file, join(own, file.name));
    return comparable(join(own, file.name));
  };
  t.is(await got(model!), await comparable(join(own, "own.safetensors")));
  t.deepEqual(trained.summary, { images: 6, epochs: 2, loss: detector.training!.run!.losses[1]! });
  const { reject, review } = await detector.calibrate(parts.good);
  await detector.save(join(own, "own.safetensors"));
  t.is(await got(calibrated.files[0]!), await comparable(join(own, "own.safetensors")));
  t.deepEqual(calibrated.summary, { images: 24, reject: reject.value, review: review.value });
  await detector.export(join(own, "own.onnx"), { format: "onnx" });
  t.is(await got(exported.files[0]!), await comparable(join(own, "own.onnx")));
  await fleet.download(scored.files[0]!, join(own, "scores.jsonl"));
  const lines = (await readFile(join(own, "scores.jsonl"), "utf8")).trim().split("\n");
  const names = await readdir(parts.images);
  const scores = await detector.scoreBatch(
    names.sort().map((name) => join(parts.images, name)),
    { regions: true },
  );
  const expected = scores.map(({ score, verdict, pValue, regions }, index) => ({
    ...{ image: names[index], score, verdict, pValue, regions },
  }));
  t.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    JSON.parse(JSON.stringify(expected)),
  );
  t.deepEqual(scored.summary, {
    ...{ images: 6, unreadable: 0 },
    rejected: scores.filter(({ verdict }) => verdict === "reject").length,
  });
});

withRedis(
  "the same work submitted again is the same job, also once the queue has forgotten it",
  async (t) => {
    const { fleet, work, store, log } = await runningFleet(t);
    const request = { kind: "train", images: parts.images, options: small } as const;
    const first = await fleet.submit(request);
    const other = { epochs: 1, calibrate: false, imageSize: 64 } as const;
    const second = await fleet.submit({ ...request, options: other }, { product: "bolts", priority: 1 });
    t.is(second.id, first.id);
    const different = await fleet.submit({ ...request, options: { ...small, seed: 1 } });
    t.not(different.id, first.id);
    t.deepEqual(await fleet.counts(), { waiting: 2, delayed: 0, active: 0, completed: 0, failed: 0 });
    await work();
    const result = await first.result();
    await different.result();
    t.deepEqual(await (await fleet.submit(request)).result(), result);
    t.is(log.filter(({ msg, job }) => msg === "begun" && job === first.id).length, 1);
    t.deepEqual(
      (await readdir(join(store, "results"))).sort(),
      [`${first.id}.json`, `${different.id}.json`].sort(),
    );
    await fleet.forget(first.id);
    await t.throwsAsync(first.status(), { code: "NOT_FOUND" });
    const again = await fleet.submit(request);
    t.is((await again.result()).summary.loss, result.summary.loss);
    t.is(log.filter(({ msg, job }) => msg === "begun" && job === first.id).length, 2);
  },
);

withRedis("what is given wrongly goes to the dead letters at once, with the package's code", async (t) => {
  const { fleet, work, folder: own } = await runningFleet(t);
  await work();
  const broken = join(own, "broken");
  await mkdir(broken);
  await writeFile(join(broken, "a.png"), "not an image");
  const texts = join(own, "texts");
  await mkdir(texts);
  await writeFile(join(texts, "a.txt"), "a text");
  const cases = [
    [{ kind: "train", images: broken, options: small }, "INVALID_IMAGE", /^(?!.*scratch).*a\.png/s],
    [{ kind: "train", images: texts, options: small }, "NO_IMAGES", /No image/],
    [{ kind: "train", images: parts.images, options: { imageSize: 65 } }, "INVALID_ARGUMENT", /imageSize/],
    [{ kind: "train", images: parts.images, options: { epoch: 5 } }, "INVALID_ARGUMENT", /epoch/],
    [
      { kind: "score", model: parts.model, images: parts.images, options: { regions: true } },
      "NOT_CALIBRATED",
      /./,
    ],
    [{ kind: "score", model: join(texts, "a.txt"), images: parts.images }, "INVALID_FILE", /./],
    [{ kind: "export", model: parts.model, options: { format: "tflite" } }, "INVALID_ARGUMENT", /format/],
  ] as const;
  for (const [request, code, message] of cases) {
    const job = await fleet.submit(request as Parameters<typeof fleet.submit>[0]);
    await t.throwsAsync(job.result(), { code, message }, JSON.stringify(request));
    const [letter] = await fleet.deadLetters();
    t.like(letter, { job: job.id, kind: request.kind, code, attempts: 1 });
  }
  t.is((await fleet.counts()).failed, cases.length);

  const [letter] = await fleet.deadLetters();
  await fleet.retry(letter!.job);
  await t.throwsAsync(fleet.job(letter!.job).result(), { code: "INVALID_ARGUMENT" });
  await t.throwsAsync(fleet.retry("0"), { code: "NOT_FOUND" });
});

withRedis("an image that cannot be read leaves the others of a set scored", async (t) => {
  const { fleet, work, folder: own } = await runningFleet(t);
  await work();
  const mixed = join(own, "mixed");
  await mkdir(mixed);
  await writeFile(join(mixed, "a.png"), await readFile(join(parts.images, "000.png")));
  await writeFile(join(mixed, "b.png"), "not an image");
  const job = await fleet.submit({ kind: "score", model: parts.model, images: mixed });
  const { files, summary } = await job.result();
  t.deepEqual(summary, { images: 2, unreadable: 1, rejected: null });
  await fleet.download(files[0]!, join(own, "scores.jsonl"));
  const text = await readFile(join(own, "scores.jsonl"), "utf8");
  const [a, b] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  await using detector = await Detector.load(parts.model, { device: "cpu", threads: 1 });
  t.deepEqual(a, { image: "a.png", ...pick(await detector.score(join(mixed, "a.png"))) });
  t.like(b, { image: "b.png", error: { code: "INVALID_IMAGE" } });
  t.false(text.includes("scratch"));
});

function pick({ score, verdict, pValue }: { score: number; verdict: unknown; pValue: unknown }): object {
  return { score, ...(verdict !== undefined && { verdict }), ...(pValue !== undefined && { pValue }) };
}

withRedis("an error that may pass is tried again after a while", async (t) => {
  const { fleet, work, store, log } = await runningFleet(t);
  const job = await fleet.submit({ kind: "export", model: parts.model, options: { format: "onnx" } });
  // The folder of results is a file, so none can be written.
  await writeFile(join(store, "results"), "in the way");
  await work();
  await until("an attempt has failed", () => log.some(({ msg }) => msg === "failed"));
  await until("it waits for the next", async () => (await job.status()).state === "delayed");
  t.like(await job.status(), { failure: { code: "IO" } });
  await rm(join(store, "results"));
  t.is((await job.result()).files.length, 1);
});

withRedis("a training tells how far it is, and a running one is cancelled with its checkpoint", async (t) => {
  const { fleet, work, store } = await runningFleet(t);
  await work({ checkpointSeconds: 1 });
  const job = await fleet.submit({ kind: "train", images: parts.images, options: endless });
  const seen: JobStatus[] = [];
  for await (const status of job.progress()) {
    seen.push(status);
    if (seen.filter(({ progress }) => progress?.phase === "training").length === 3) break;
  }
  const epochs = seen.flatMap(({ progress }) => (progress?.phase === "training" ? [progress] : []));
  const isRising = (list: JobProgress[]) => list.every(({ done }, i) => i === 0 || done > list[i - 1]!.done);
  t.true(isRising(epochs), JSON.stringify(epochs));
  t.true(epochs.every(({ total, loss }) => total === 1_000_000 && loss! > 0));
  await until("there is a checkpoint", async () => (await readdir(store)).includes("checkpoints"));
  const waiting = t.throwsAsync(job.result());
  t.true(await job.cancel());
  await waiting;
  await t.throwsAsync(job.status(), { code: "NOT_FOUND" });
  t.false(await job.cancel());
  t.deepEqual(await readdir(join(store, "checkpoints")), []);
  t.deepEqual(await fleet.counts(), { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0 });
});

withRedis("waiting jobs are taken by priority, and cancelled before they begin", async (t) => {
  const { fleet, work, log } = await runningFleet(t);
  const submit = (seed: number, priority?: number) =>
    fleet.submit({ kind: "train", images: parts.images, options: { ...small, seed } }, { priority });
  const jobs = [await submit(0), await submit(1, 500), await submit(2, 1), await submit(3), await submit(4)];
  t.true(await jobs[4]!.cancel());
  await work();
  await Promise.all(jobs.slice(0, 4).map((job) => job.result()));
  const begun = log.filter(({ msg }) => msg === "begun").map(({ job }) => job);
  t.deepEqual(
    begun,
    [2, 0, 3, 1].map((index) => jobs[index]!.id),
  );
});

withRedis("as many jobs of a product run at a time as are allowed, and others overtake them", async (t) => {
  const { fleet, work, log } = await runningFleet(t);
  const submit = (product: string, seed: number) =>
    fleet.submit({ kind: "train", images: parts.images, options: { ...small, seed } }, { product });
  const jobs = [];
  for (let seed = 0; seed < 3; seed++) jobs.push(await submit("bolts", seed));
  jobs.push(await submit("nuts", 3));
  await Promise.all([work({ perProduct: 1, jobs: 2 }), work({ perProduct: 1, jobs: 2 })]);
  await Promise.all(jobs.map((job) => job.result()));
  const bolts = new Set(jobs.slice(0, 3).map(({ id }) => id));
  let running = 0;
  for (const { msg, job } of log) {
    if (!bolts.has(job!)) continue;
    if (msg === "begun") t.is(++running, 1);
    if (msg === "ended") running--;
  }
  const ends = log.filter(({ msg }) => msg === "ended").map(({ job }) => job);
  t.not(ends.at(-1), jobs[3]!.id);
});

withRedis("requests that no worker could run are refused before anything is submitted", async (t) => {
  const { fleet, folder: own } = await runningFleet(t);
  const images = parts.images;
  const cases: [request: object, code: string][] = [
    [{ kind: "guess", images }, "INVALID_ARGUMENT"],
    [{ kind: "train", images: join(own, "absent") }, "NOT_FOUND"],
    [{ kind: "train", images: parts.model }, "INVALID_ARGUMENT"],
    [{ kind: "train", images, options: { threads: 2 } }, "INVALID_ARGUMENT"],
    [{ kind: "train", images, options: { weights: join(own, "absent") } }, "NOT_FOUND"],
    [{ kind: "score", images }, "INVALID_ARGUMENT"],
    [{ kind: "score", images, model: { sha256: "../x" } }, "INVALID_ARGUMENT"],
  ];
  for (const [request, code] of cases)
    await t.throwsAsync(fleet.submit(request as never), { code }, JSON.stringify(request));
  await t.throwsAsync(fleet.submit({ kind: "train", images }, { priority: 0 }), { code: "INVALID_ARGUMENT" });
  t.is((await fleet.counts()).waiting, 0);
});
