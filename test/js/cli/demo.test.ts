import { execFile } from "node:child_process";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import sharp from "sharp";
import type { Report } from "../../../lib/evaluation/evaluate.js";
import { Detector } from "../../../lib/index.js";
import { defectNames } from "../../../lib/sample/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Runs the quick demonstration. */
function demonstrate(...args: string[]): Promise<{ stdout: string }> {
  const run = `import(${JSON.stringify(new URL("../../../lib/cli/demo.ts", import.meta.url).href)})
    .then(({ main }) => main(["--quick", ...${JSON.stringify(args)}]))`;
  return promisify(execFile)(process.execPath, ["--import=tsx", "--eval", run]);
}

test("the demonstration does not overwrite the weights that it is given", async (t) => {
  const out = await temporaryFolder(t);
  for (const name of ["model.safetensors", "report.json"]) {
    await writeFile(join(out, name), "weights");
    const { stderr } = await t.throwsAsync<Error & { stderr: string }>(
      demonstrate("--out", out, "--weights", join(out, name)),
    );
    t.regex(stderr, /Cannot write the (model|report) to .*: it would overwrite the weights /);
    t.deepEqual(await readdir(out), [name], "nothing else is written");
    t.is(await readFile(join(out, name), "utf8"), "weights");
    await rm(join(out, name));
  }
});

test("the demonstration writes parts, a model, a report and heatmaps, and prints their paths", async (t) => {
  const out = join(await temporaryFolder(t), "out");
  const { stdout } = await demonstrate("--out", out);
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
