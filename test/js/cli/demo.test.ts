import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import sharp from "sharp";
import type { Report } from "../../../lib/evaluation/evaluate.js";
import { Detector } from "../../../lib/index.js";
import { defectNames } from "../../../lib/sample/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("the demonstration writes parts, a model, a report and heatmaps, and prints their paths", async (t) => {
  const out = join(await temporaryFolder(t), "out");
  const run = `import(${JSON.stringify(new URL("../../../lib/cli/demo.ts", import.meta.url).href)})
    .then(({ main }) => main(["--quick", "--out", ${JSON.stringify(out)}]))`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import=tsx", "--eval", run]);
  for (const name of ["sample", "heatmaps", "model.safetensors", "report.json"]) {
    t.true(stdout.includes(join(out, name)));
    t.truthy(await stat(join(out, name)));
  }
  for (const kind of [...defectNames, "all"]) t.regex(stdout, new RegExp(`^${kind} +\\d`, "m"));

  const report = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as Report;
  t.is(typeof report.overall.image.auroc, "number");
  t.is(typeof report.overall.pixel?.pro.dataset, "number");
  t.deepEqual((await readdir(join(out, "heatmaps"))).sort(), [...defectNames, "good"].sort());
  const { width, height } = await sharp(join(out, "heatmaps/hole/000.png")).metadata();
  t.deepEqual([width, height], [64, 64]);

  await using detector = await Detector.load(join(out, "model.safetensors"));
  const { image, score } = report.images[0]!;
  t.is((await detector.score(image)).score, score);
});
