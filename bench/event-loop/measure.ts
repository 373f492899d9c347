import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Detector } from "../../lib/detector/detector.js";
import { train } from "../../lib/detector/train.js";
import { openDataset } from "../../lib/evaluation/dataset.js";
import type { Report } from "../../lib/evaluation/evaluate.js";
import type { Backbone } from "../../lib/options/backbones.js";
import { Gallery } from "../../lib/report/gallery.js";
import { writeReportPage } from "../../lib/report/write.js";
import { generateSample } from "../../lib/sample/index.js";
import { describeEnvironment } from "../environment.js";
import { delaysOf } from "./delay.js";
import type { EventLoopResult } from "./results.js";

/** How much work there is. */
export interface Sizes {
  /** Of the model that is trained, saved, exported and loaded. */
  backbone: Backbone;
  /** Number of test images. */
  images: number;
  /** Number of files of the data set that is only opened. */
  files: number;
}

/** A piece of work, and what must be true of its result. */
type Step = [work: string, run: () => Promise<unknown>, isRight: () => boolean];

/** Does everything once, and checks what comes of it. */
export async function measureAll({ backbone, images, files }: Sizes): Promise<EventLoopResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "event-loop-"));
  const path = (name: string) => join(folder, name);
  const signal = new AbortController().signal;
  try {
    const perDefect = Math.ceil(images / 10);
    await generateSample(path("sample"), {
      size: 256,
      train: 8,
      testGood: images / 2,
      testPerDefect: perDefect,
    });
    await writeFiles(path("many"), files);
    const dataset = await openDataset(path("sample"));
    let detector: Detector | undefined;
    let loaded: Detector | undefined;
    let report: Report | undefined;
    let opened = 0;
    let calibrated = 0;
    const gallery = new Gallery();
    const large = { backbone, imageSize: 256, batchSize: 4, calibrate: false } as const;
    const steps: Step[] = [
      [
        `train ${backbone}, one epoch`,
        async () => (detector = await train(dataset.train, { ...large, epochs: 1 })),
        () => detector!.training!.epochs === 1,
      ],
      [`save ${backbone}, float16`, () => detector!.save(path("half"), { precision: "float16" }), () => true],
      [`save ${backbone}`, () => detector!.save(path("model")), () => true],
      [
        `export ${backbone}, ONNX`,
        () => detector!.export(path("model.onnx"), { format: "onnx" }),
        () => true,
      ],
      [
        `load ${backbone}`,
        async () => (loaded = await Detector.load(path("model"))),
        () => loaded!.config.backbone === backbone,
      ],
    ];
    const results = await measureSteps(steps);
    await detector!.dispose();
    await loaded!.dispose();

    await using small = await train(dataset.train, { imageSize: 256, epochs: 1, calibrate: false });
    const good = dataset.test.filter(({ label }) => label === "good").map(({ image }) => image);
    results.push(
      ...(await measureSteps([
        [
          `calibrate on ${good.length} images`,
          async () => (calibrated = (await small.calibrate(good)).scores.length),
          () => calibrated === good.length,
        ],
        [
          `evaluate ${dataset.test.length} images with masks`,
          async () => {
            const onScored = (
              { image }: { image: string },
              { map }: { map: Parameters<Gallery["add"]>[1] },
            ) => gallery.add(image, map);
            report = await small.evaluate(dataset, { onScored });
          },
          () => report!.images.length === dataset.test.length && report!.overall.pixel !== null,
        ],
        [
          `report of ${dataset.test.length} images`,
          () =>
            writeReportPage(
              path("report.html"),
              gallery,
              {
                title: "Report",
                facts: [],
                images: report!.images,
                report: report!,
                thresholds: small.thresholds,
              },
              { signal },
            ),
          () => true,
        ],
        [
          `open a data set of ${files} files`,
          async () => {
            const { train: trained, test } = await openDataset(path("many"));
            opened = trained.length + test.length;
          },
          () => opened === files,
        ],
      ])),
    );
    return results;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureSteps(steps: readonly Step[]): Promise<EventLoopResult[]> {
  const results: EventLoopResult[] = [];
  for (const [work, run, isRight] of steps) {
    console.error(work);
    const [load] = loadavg();
    const delays = await delaysOf(run);
    if (!isRight()) throw new Error(`"${work}" did not end as it must.`);
    results.push({ work, ...delays, load: load!, environment: await describeEnvironment() });
  }
  return results;
}

/** A data set of empty files, of which none is read. */
async function writeFiles(folder: string, count: number): Promise<void> {
  const third = Math.floor(count / 3);
  for (const [below, files] of [
    ["train/good", count - 2 * third],
    ["test/good", third],
    ["test/scratch", third],
  ] as const) {
    await mkdir(join(folder, below), { recursive: true });
    for (let i = 0; i < files; i++) await writeFile(join(folder, below, `${i}.jpg`), "");
  }
}
