import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { findDefectSets } from "../../../bench/accuracy/defects.js";
import { classes, openFashionMnist, runOneClass } from "../../../bench/accuracy/fashion-mnist.js";
import { readIdx } from "../../../bench/accuracy/idx.js";
import type { Result, Settings } from "../../../bench/accuracy/results.js";
import { formatSummary, formatTables } from "../../../bench/accuracy/table.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const settings: Settings = {
  backbone: "resnet18",
  layout: "paper",
  recipe: "steady",
  loss: "location",
  normalisation: "none",
  imageSize: 32,
  epochs: 1,
  batchSize: 16,
  seed: 0,
  teacherWeights: null,
};

/** Encodes an IDX file of bytes. */
function idx(shape: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((length, i) => header.writeUInt32BE(length, 4 + 4 * i));
  return Buffer.concat([header, data]);
}

/** Writes images of 28 x 28 with one square position per class: twelve training and six test images of each. */
async function writeSmallSet(folder: string): Promise<void> {
  for (const [part, each] of [
    ["train", 12],
    ["t10k", 6],
  ] as const) {
    const labels = Uint8Array.from({ length: each * 10 }, (_, i) => i % 10);
    const pixels = new Uint8Array(labels.length * 784);
    labels.forEach((label, i) => {
      for (let y = 0; y < 12; y++) {
        const row = i * 784 + (y + 3 * (label % 5)) * 28 + (label < 5 ? 2 : 14) + (i % 2);
        pixels.fill(200 + (i % 7), row, row + 12);
      }
    });
    await writeFile(join(folder, `${part}-images-idx3-ubyte`), idx([labels.length, 28, 28], pixels));
    const compressed = gzipSync(idx([labels.length], labels));
    await writeFile(join(folder, `${part}-labels-idx1-ubyte.gz`), compressed);
  }
}

test("idx files are read plain or gzipped, and damaged ones are rejected", async (t) => {
  const folder = await temporaryFolder(t);
  const file = idx([2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6));
  await writeFile(join(folder, "plain"), file);
  await writeFile(join(folder, "packed.gz"), gzipSync(file));
  for (const name of ["plain", "packed"]) {
    t.deepEqual(await readIdx(folder, name), { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  }
  await writeFile(join(folder, "short"), file.subarray(0, -1));
  await t.throwsAsync(readIdx(folder, "short"), {
    message: /should have 18 bytes according to its header but has 17/,
  });
  await writeFile(join(folder, "other"), "not an array");
  await t.throwsAsync(readIdx(folder, "other"), { message: /not an IDX file/ });
  await t.throwsAsync(readIdx(folder, "absent"), { message: /Neither .*absent nor .*absent\.gz exists/ });
});

test.serial("the one-class protocol trains on one class and tests on all", async (t) => {
  const folder = await temporaryFolder(t);
  await writeSmallSet(folder);
  const data = await openFashionMnist(folder);
  const result = await runOneClass(data, "trouser", { ...settings, epochs: 4 }, undefined);
  t.like(result, { subject: "trouser", images: { train: 12, normal: 6, anomalous: 54 } });
  t.true(result.imageAuroc! > 0.8, String(result.imageAuroc));
  await t.throwsAsync(openFashionMnist(join(folder, "nowhere")), { message: /dataset-fashion-mnist/ });
});

test("data sets are found at a path and in its subfolders", async (t) => {
  const folder = await temporaryFolder(t);
  await t.throwsAsync(findDefectSets(folder), { message: /layout of MVTec AD/ });
  for (const name of ["tile", "bottle"])
    await mkdir(join(folder, name, "train", "good"), { recursive: true });
  t.deepEqual(await findDefectSets(folder), [join(folder, "bottle"), join(folder, "tile")]);
  t.deepEqual(await findDefectSets(join(folder, "tile")), [join(folder, "tile")]);
});

test("the tables give means and spreads, but no mean over an incomplete set of classes", (t) => {
  const run = { trainSeconds: 1, scoreSeconds: 1, environment: {} as Result["environment"] };
  const defects = [0, 1].map((seed): Result => ({
    ...run,
    protocol: "defects",
    subject: "bottle",
    settings: { ...settings, normalisation: "imagenet", seed },
    images: { train: 1, good: 1, defective: 1, withMask: 1 },
    imageAuroc: 0.98 + seed / 100,
    imageAveragePrecision: 1,
    pixelAuroc: 0.9,
    pixelAveragePrecision: 1,
    proDataset: null,
    proImageMean: 0.5,
  }));
  const oneClass = classes.map((subject, i): Result => ({
    ...run,
    protocol: "fashion-mnist",
    subject,
    settings,
    images: { train: 1, normal: 1, anomalous: 9 },
    imageAuroc: 0.9 + i / 100,
    imageAurocOfMeans: 0.5,
  }));
  const text = formatTables([...defects, ...oneClass]);
  t.regex(
    text,
    /\| bottle \| resnet18 \| .* \| 2 \| 0\.985 ± 0\.007 \| 0\.900 ± 0\.000 \| - \| 0\.500 ± 0\.000 \|/,
  );
  t.regex(text, /\| mean of all ten \| \*\*0\.945\*\* \| - \|/);
  t.regex(formatTables(oneClass.slice(1)), /\| mean of all ten \| - \| - \|/);
});

test("the short table only has results with the default options", (t) => {
  const run = { trainSeconds: 1, scoreSeconds: 1, environment: {} as Result["environment"] };
  const usual: Settings = { ...settings, normalisation: "imagenet" };
  const defects = (changed: Partial<Settings>, imageAuroc: number): Result => ({
    ...run,
    protocol: "defects",
    subject: "bottle",
    settings: { ...usual, ...changed },
    images: { train: 1, good: 1, defective: 1, withMask: 1 },
    imageAuroc,
    imageAveragePrecision: 1,
    pixelAuroc: 0.9,
    pixelAveragePrecision: 1,
    proDataset: 0.8,
    proImageMean: 0.5,
  });
  const oneClass = (normalisation: Settings["normalisation"]) =>
    classes.map((subject, i): Result => ({
      ...run,
      protocol: "fashion-mnist",
      subject,
      settings: { ...usual, normalisation },
      images: { train: 1, normal: 1, anomalous: 9 },
      imageAuroc: 0.9 + i / 100,
      imageAurocOfMeans: 0.5,
    }));
  const rows = (results: readonly Result[]) => formatSummary(results).trimEnd().split("\n").slice(2);

  const results = [
    defects({ imageSize: 64 }, 0.98),
    defects({ imageSize: 96, epochs: 20 }, 0.99),
    defects({ layout: "official" }, 0.5),
    defects({ loss: "global" }, 0.5),
    defects({ backbone: "resnet50" }, 0.5),
    ...oneClass("none"),
  ];
  const bottle = [
    "| `bottle` | 64 x 64 | 1 | 0.980 | 0.900 | 0.800 |",
    "| `bottle` | 96 x 96 | 20 | 0.990 | 0.900 | 0.800 |",
  ];
  t.deepEqual(rows(results), bottle);
  t.deepEqual(rows([...results, ...oneClass("imagenet")]), [
    ...bottle,
    "| `fashion-mnist` | 32 x 32 | 1 | 0.945 |  |  |",
  ]);
  t.deepEqual(rows(oneClass("imagenet").slice(1)), []);
});
