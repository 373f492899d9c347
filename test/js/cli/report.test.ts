import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openDataset } from "../../../lib/index.js";
import { generateSample } from "../../../lib/sample/index.js";
import { runCli } from "../support/child-process.js";

const folder = mkdtempSync(join(tmpdir(), "cli-report-"));
const dataset = join(folder, "dataset");
const model = join(folder, "model.safetensors");

test.before(async (t) => {
  t.timeout(120_000);
  await generateSample(dataset, { size: 64, train: 24, testGood: 3, testPerDefect: 1 });
  const size = ["--image-size", "64", "--epochs", "1", "--no-calibrate"];
  const trained = await runCli(["train", dataset, "--out", model, ...size]);
  t.is(trained.code, 0, trained.stderr);
  // On what it was trained on, because only the form of the pages matters here.
  const good = join(dataset, "train", "good");
  const calibrated = await runCli(["calibrate", model, good, "--out", model, "--allow-trained"]);
  t.is(calibrated.code, 0, calibrated.stderr);
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const pictures = (html: string) => html.match(/<li\b[^>]*data-score/g)?.length ?? 0;

test.serial(
  "evaluate writes a page with every image, and replaces neither an image nor the other output",
  async (t) => {
    const page = join(folder, "report.html");
    const { code, stderr } = await runCli(["evaluate", model, dataset, "--report", page, "--resamples", "0"]);
    t.is(code, 0, stderr);
    const html = readFileSync(page, "utf8");
    const { test: items } = await openDataset(dataset);
    t.is(html.match(/<li\b[^>]*data-score/g)?.length, items.length);
    t.notRegex(html, /bootstrap/);
    t.regex(html, /good: false alarms/);
    t.notRegex(html, /\b(?:src|href)="(?!data:)/);

    const image = items[0]!.image;
    const before = readFileSync(image);
    const onto = await runCli(["evaluate", model, dataset, "--report", image]);
    t.is(onto.code, 2);
    t.regex(onto.stderr, /Cannot write the report to .*: it would overwrite the data set's file/);
    t.deepEqual(readFileSync(image), before);
    const twice = await runCli([
      "evaluate",
      model,
      dataset,
      "--report",
      page,
      "--json",
      join(folder, ".", "report.html"),
    ]);
    t.is(twice.code, 2);
    t.regex(twice.stderr, /--json and --report/);
  },
);

test.serial("score writes a page without labels, which names what was not read", async (t) => {
  const page = join(folder, "scores.html");
  const broken = join(folder, "broken.png");
  writeFileSync(broken, "no image");
  const good = join(dataset, "test", "good");
  const { code, stderr } = await runCli(["score", model, good, broken, "--report", page]);
  t.is(code, 1, stderr);
  const html = readFileSync(page, "utf8");
  t.is(pictures(html), 3);
  t.regex(html, /<dt>not read<\/dt>\s*<dd>1 image<\/dd>/);
  t.regex(html, /id="calibration"/);
  t.notRegex(html, /<table/);
  const onto = await runCli(["score", model, good, "--report", model]);
  t.is(onto.code, 2);
  t.regex(onto.stderr, /it would overwrite the model/);
});
