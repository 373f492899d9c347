import { join } from "node:path";
import test from "ava";
import { datasetFromLists, type Dataset } from "../../../lib/evaluation/dataset.js";
import { evaluate, type Scorer } from "../../../lib/evaluation/evaluate.js";
import { pixelMetrics, type PixelMap } from "../../../lib/evaluation/metrics/index.js";
import { regionMetrics } from "../../../lib/evaluation/metrics/region-metrics.js";
import { thresholdMetrics } from "../../../lib/evaluation/metrics/threshold-metrics.js";
import { formatReport } from "../../../lib/evaluation/report.js";
import { writePicture } from "../support/dataset-fixtures.js";
import { Random } from "../../../lib/random.js";
import { longestTurn } from "../support/longest-turn.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const maps: Record<string, number[]> = {
  good1: [0, 1, 0, 2],
  good2: [1, 1, 3, 0],
  dent1: [9, 8, 0, 1],
  dent2: [2, 0, 0, 1],
  rust1: [0, 0, 7, 7],
};

/** Scores by the image's name; the map is 2 x 2. */
const scorer = {
  score(image: string) {
    const data = Float32Array.from(maps[image]!);
    return Promise.resolve({ score: Math.max(...data), map: { data, height: 2, width: 2 } });
  },
};

async function dataset(folder: string): Promise<Dataset> {
  await writePicture(join(folder, "dent1.png"), ["####", "####", "....", "...."]);
  await writePicture(join(folder, "rust1.png"), ["..", "##"]);
  return datasetFromLists({
    test: [
      { image: "good1", label: "good" },
      { image: "rust1", label: "rust", mask: join(folder, "rust1.png") },
      { image: "dent1", label: "dent", mask: join(folder, "dent1.png") },
      { image: "dent2", label: "dent" },
      { image: "good2", label: "good" },
    ],
  });
}

test("each kind of defect is compared with all good images, and all kinds together too", async (t) => {
  const { overall, kinds, images } = await evaluate(scorer, await dataset(await temporaryFolder(t)));
  t.deepEqual(
    images.map(({ image, label, score }) => [image, label, score]),
    [
      ["good1", "good", 2],
      ["rust1", "rust", 7],
      ["dent1", "dent", 9],
      ["dent2", "dent", 2],
      ["good2", "good", 3],
    ],
  );
  t.deepEqual(
    [...kinds, overall].map(({ label, good, defective, withoutMask }) => [
      label,
      good,
      defective,
      withoutMask,
    ]),
    [
      ["dent", 2, 2, 1],
      ["rust", 2, 1, 0],
      ["all", 2, 3, 1],
    ],
  );
  t.is(kinds[0]!.image.auroc, 2.5 / 4);
  t.is(kinds[1]!.image.auroc, 1);
  t.is(overall.image.auroc, 4.5 / 6);
  t.deepEqual(kinds[1]!.image.f1Max, { f1: 1, threshold: 7 });
});

test("masks come to the maps' size, and an image without a mask does not count in the metrics of pixels", async (t) => {
  const { overall, kinds } = await evaluate(scorer, await dataset(await temporaryFolder(t)));
  const map = (name: string): PixelMap => ({ data: Float32Array.from(maps[name]!), height: 2, width: 2 });
  const good = [map("good1"), map("good2")];
  t.deepEqual(
    kinds[0]!.pixel,
    pixelMetrics([...good, map("dent1")], [null, null, Uint8Array.of(1, 1, 0, 0)]),
  );
  t.deepEqual(
    overall.pixel,
    pixelMetrics(
      [map("good1"), map("rust1"), map("dent1"), map("good2")],
      [null, Uint8Array.of(0, 0, 1, 1), Uint8Array.of(1, 1, 0, 0), null],
    ),
  );
});

test("without masks, without defects and without good images, metrics are null and the report says why", async (t) => {
  const report = async (...names: string[]): ReturnType<typeof evaluate> =>
    evaluate(
      scorer,
      datasetFromLists({ test: names.map((image) => ({ image, label: image.replace(/\d/, "") })) }),
    );
  const noMasks = await report("good1", "dent1");
  t.deepEqual(noMasks.overall.pixel, {
    auroc: null,
    averagePrecision: null,
    f1Max: null,
    pro: { dataset: null, imageMean: null },
    aupimo: null,
  });
  t.is(noMasks.overall.image.auroc, 1);
  t.regex(formatReport(noMasks), /1 defective image without a mask: left out of the pixel metrics and PRO/);
  const goodOnly = await report("good1", "good2");
  t.is(goodOnly.overall.image.auroc, null);
  t.deepEqual(goodOnly.kinds, []);
  t.regex(formatReport(goodOnly), /^all +0 +- .*Without defective images/ms);
  const defectsOnly = await report("dent1", "rust1");
  t.is(defectsOnly.overall.image.auroc, null);
  t.regex(formatReport(defectsOnly), /Without good images/);
});

test("the report is a table with a line for each kind and one for all", async (t) => {
  const report = await evaluate(scorer, {
    ...(await dataset(await temporaryFolder(t))),
    unusedMasks: ["x.png"],
  });
  const lines = formatReport(report).split("\n");
  t.deepEqual(
    lines.slice(0, 4).map((line) => line.split(/ {2,}/)[0]),
    ["defects", "dent", "rust", "all"],
  );
  t.is(new Set(lines.slice(0, 4).map((line) => line.length)).size, 1);
  t.regex(lines[1]!, /^dent +2 +0\.6250/);
  t.true(lines.includes("Each line compares with the same 2 good images."));
  t.regex(lines.at(-1)!, /1 mask without a test image, such as x\.png/);
  t.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

test("each AUROC has an interval around it, equal in every run, which can be left out", async (t) => {
  const data = await dataset(await temporaryFolder(t));
  const [report, again] = [await evaluate(scorer, data), await evaluate(scorer, data)];
  t.deepEqual(again, report);
  for (const { image, pixel, aurocInterval } of [report.overall, ...report.kinds]) {
    t.true(aurocInterval.image!.lower <= image.auroc! && image.auroc! <= aurocInterval.image!.upper);
    t.true(aurocInterval.pixel!.lower <= pixel!.auroc! && pixel!.auroc! <= aurocInterval.pixel!.upper);
  }
  t.regex(formatReport(report), /^all +3 +0\.7500 +0\.\d{4} to 1\.0000 /m);
  t.regex(formatReport(report), /1000 bootstrap resamples of the images/);
  const without = await evaluate(scorer, data, { resamples: 0 });
  t.deepEqual(without.overall.aurocInterval, { image: null, pixel: null });
  t.notRegex(formatReport(without), /interval/);
  t.deepEqual(without.overall.image, report.overall.image);
});

test("the images of a data set are scored in its order and in batches of the given size", async (t) => {
  const asked: { images: readonly string[]; batchSize: number }[] = [];
  const inBatches: Scorer = {
    async *scoreEach(images, { batchSize }) {
      asked.push({ images, batchSize });
      for (const image of images) yield await scorer.score(image);
    },
  };
  const data = await dataset(await temporaryFolder(t));
  t.deepEqual(await evaluate(inBatches, data, { batchSize: 3 }), await evaluate(scorer, data));
  t.deepEqual(asked, [{ images: data.test.map(({ image }) => image), batchSize: 3 }]);
});

test("metrics of pixels can be left out, and then no mask is read", async (t) => {
  const lists = datasetFromLists({
    test: [
      { image: "good1", label: "good" },
      { image: "dent1", label: "dent", mask: "missing.png" },
    ],
  });
  const report = await evaluate(scorer, lists, { pixels: false });
  t.is(report.overall.pixel, null);
  t.notRegex(formatReport(report), /PRO|masks/);
  await rejects(t, evaluate(scorer, lists), "NOT_FOUND", /missing\.png/);
});

test("each result is handed on and waited for, progress is told, and a signal ends it", async (t) => {
  const data = await dataset(await temporaryFolder(t));
  const seen: string[] = [];
  const abort = new AbortController();
  await evaluate(scorer, data, {
    onScored: async ({ image }, { score }) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push(`${image} ${score}`);
    },
    onProgress: ({ done, total }) => seen.push(`${done}/${total}`),
  });
  t.deepEqual(seen.slice(0, 4), ["good1 2", "1/5", "rust1 7", "2/5"]);
  let calls = 0;
  const counting: Scorer = { score: (image) => (calls++, scorer.score(image)) };
  const aborted = evaluate(counting, data, {
    signal: abort.signal,
    onProgress: () => abort.abort(new Error("enough")),
  });
  await rejects(t, aborted, "ABORTED");
  t.is(calls, 1);
});

test("a data set without test images, and options that do not exist, are refused", async (t) => {
  await rejects(t, evaluate(scorer, datasetFromLists({ train: ["a.png"] })), "NO_IMAGES", /no test images/);
  const data = datasetFromLists({ test: [{ image: "good1", label: "good" }] });
  await rejects(
    t,
    evaluate(scorer, data, { pixel: true } as never),
    "INVALID_ARGUMENT",
    /unknown key "pixel"/,
  );
  await rejects(t, evaluate(scorer, data, { onProgress: 1 } as never), "INVALID_ARGUMENT", /onProgress/);
});

test("every declared metric is in the report, in its JSON and in the table, and no other is", async (t) => {
  const report = await evaluate(scorer, await dataset(await temporaryFolder(t)));
  t.deepEqual(Object.keys(report.overall.image), Object.keys(thresholdMetrics));
  t.deepEqual(Object.keys(report.overall.pixel!), [
    ...Object.keys(thresholdMetrics),
    ...Object.keys(regionMetrics),
  ]);
  const [header] = formatReport(report).split("\n");
  t.deepEqual(header!.trim().split(/ {2,}/), [
    ...["defects", "images", "AUROC", "95 % interval", "AP", "F1 max", "from score"],
    ...["masks", "pixel AUROC", "95 % interval", "pixel AP", "PRO", "PRO by image", "AUPIMO"],
  ]);
  const titles = Object.values<{ columns: readonly { title: string }[] }>(thresholdMetrics).flatMap(
    ({ columns }) => columns.map(({ title }) => title),
  );
  for (const title of titles) t.true(header!.includes(title), title);
});

test("names with line breaks and control characters stay in their lines of the table", async (t) => {
  const lists = datasetFromLists({
    test: [
      { image: "good1", label: "good" },
      { image: "dent1", label: "a\nb\u001b[31m" },
    ],
  });
  const report = await evaluate(scorer, { ...lists, unusedMasks: ["c\nd"], notes: ["e\nf"] });
  const text = formatReport(report);
  t.true(text.includes("a\\nb\\x1b[31m"));
  t.true(text.includes("c\\nd"));
  t.is(text.split("\n").at(-1), "e\\nf");
  t.deepEqual(report.notes, ["e\nf"]);
});

test("a label that looks good is good, in any case", async (t) => {
  const { test: items, ...rest } = datasetFromLists({
    test: [
      { image: "good1", label: "x" },
      { image: "dent1", label: "dent" },
    ],
  });
  const { overall } = await evaluate(scorer, { ...rest, test: [{ ...items[0]!, label: "OK" }, items[1]!] });
  t.deepEqual([overall.good, overall.defective], [1, 1]);
  t.is(datasetFromLists({ test: [{ image: "a.png", label: "Normal" }] }).test[0]!.label, "good");
});

test.serial(
  "an evaluation leaves the event loop to others while it computes its metrics, and can be aborted then",
  async (t) => {
    const side = 256;
    const folder = await temporaryFolder(t);
    await writePicture(join(folder, "mask.png"), ["####", "####", "....", "...."]);
    const random = new Random("event loop");
    const shared = Float32Array.from({ length: side * side }, () => random.normal());
    const large: Scorer = {
      score: () =>
        Promise.resolve({ score: random.normal(), map: { data: shared, height: side, width: side } }),
    };
    const items = Array.from({ length: 60 }, (_, index) => ({
      image: `${index}`,
      ...(index % 3 === 0
        ? { label: "good" }
        : { label: `defect ${index % 2}`, mask: join(folder, "mask.png") }),
    }));
    const data = datasetFromLists({ test: items });
    const longest = await longestTurn(() => evaluate(large, data));
    t.true(longest < 50, `${longest} ms`);
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done === items.length) setTimeout(() => controller.abort(), 5);
    };
    await rejects(t, evaluate(large, data, { onProgress, signal: controller.signal }), "ABORTED", /aborted/);
  },
);

test("the event loop runs between the images of a batch", async (t) => {
  const map = { data: new Float32Array(4), height: 2, width: 2 };
  const test = Array.from({ length: 8 }, (_, index) => ({ image: `${index}`, label: "good" }));
  let turn = 0;
  const turns: number[] = [];
  const count = setInterval(() => turn++);
  try {
    const onScored = () => {
      turns.push(turn);
      const end = performance.now() + 5;
      while (performance.now() < end);
    };
    // eslint-disable-next-line @typescript-eslint/require-await -- all scores are there at once
    const scoreEach = async function* () {
      for (let i = 0; i < test.length; i++) yield { score: i, map };
    };
    await evaluate({ scoreEach }, datasetFromLists({ test }), { onScored });
  } finally {
    clearInterval(count);
  }
  // The first two may come before the timer's first turn.
  t.true(new Set(turns).size >= test.length - 1, turns.join(" "));
});

test("a detector with thresholds is told its false alarms and escapes, with intervals, by kind", async (t) => {
  const data = await dataset(await temporaryFolder(t));
  const report = await evaluate({ ...scorer, thresholds: { reject: 7, review: 3 } }, data);
  const { reject, review } = report.overall.atThresholds!;
  // The good images score 2 and 3, the defects 7, 9 and 2.
  t.deepEqual([reject.falseAlarms.count, reject.falseAlarms.total], [0, 2]);
  t.deepEqual([review.falseAlarms.count, review.escapes.count, reject.escapes.count], [1, 1, 1]);
  t.is(reject.escapes.share, 1 / 3);
  // Clopper-Pearson for 1 of 3, from SciPy's `binomtest(1, 3).proportion_ci()`.
  t.true(Math.abs(reject.escapes.interval![0] - 0.008403758659612647) < 1e-9);
  t.true(Math.abs(reject.escapes.interval![1] - 0.9057006759492866) < 1e-9);
  t.deepEqual(
    report.kinds.map(({ label, atThresholds }) => [label, atThresholds!.reject.escapes.count]),
    [
      ["dent", 1],
      ["rust", 0],
    ],
  );
  const lines = formatReport(report).split("\n");
  const start = lines.findIndex((line) => line.startsWith("at the thresholds"));
  t.deepEqual(
    lines.slice(start, start + 5).map((line) => line.split(/ {2,}/).slice(0, 4)),
    [
      ["at the thresholds", "images", "reject from 7.0000", "95 % interval"],
      ["good: false alarms", "2", "0 (0.0 %)", "0.0 to 84.2 %"],
      ["dent: escapes", "2", "1 (50.0 %)", "1.3 to 98.7 %"],
      ["rust: escapes", "1", "0 (0.0 %)", "0.0 to 97.5 %"],
      ["all: escapes", "3", "1 (33.3 %)", "0.8 to 90.6 %"],
    ],
  );
  const without = await evaluate(scorer, data);
  t.is(without.overall.atThresholds, null);
  t.notRegex(formatReport(without), /thresholds/);
});
