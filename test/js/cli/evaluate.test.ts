import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Detector, openDataset, type Report } from "../../../lib/index.js";
import { generateSample } from "../../../lib/sample/index.js";
import { runCli } from "../support/child-process.js";

const folder = mkdtempSync(join(tmpdir(), "cli-evaluate-"));
const dataset = join(folder, "dataset");
const model = join(folder, "model.safetensors");

test.before(async (t) => {
  t.timeout(120_000);
  await generateSample(dataset, { size: 64, train: 4, testGood: 3, testPerDefect: 1 });
  const { code, stderr } = await runCli([
    "train",
    dataset,
    "--out",
    model,
    "--image-size",
    "64",
    "--epochs",
    "1",
  ]);
  t.is(code, 0, stderr);
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test.serial(
  "evaluate prints a table by kind of defect, and writes what detector.evaluate finds",
  async (t) => {
    const json = join(folder, "report.json");
    const { code, stdout, stderr } = await runCli(["evaluate", model, dataset, "--json", json]);
    t.is(code, 0, stderr);
    t.regex(stdout, /^defects +images +AUROC/m);
    t.regex(stdout, /^all /m);
    const written = JSON.parse(readFileSync(json, "utf8")) as Report;
    await using detector = await Detector.load(model);
    const found = await detector.evaluate(await openDataset(dataset));
    t.deepEqual(written, JSON.parse(JSON.stringify(found)) as Report);
    t.is(found.overall.good, 3);
    t.is(found.overall.defective, found.kinds.length);
    t.is(typeof found.overall.pixel?.auroc, "number");
  },
);

test.serial("evaluate leaves the pixels out where that is asked for", async (t) => {
  const { code, stdout } = await runCli(["evaluate", model, dataset, "--no-pixels"]);
  t.is(code, 0);
  t.notRegex(stdout, /PRO/);
});

test.serial("evaluate says before the work that the report has no place", async (t) => {
  const json = join(folder, "absent", "report.json");
  const { code, stderr } = await runCli(["evaluate", model, dataset, "--json", json]);
  t.is(code, 1);
  t.regex(stderr, /the folder .*absent does not exist/);
  t.false(existsSync(json));
});

test.serial("a disposed detector evaluates nothing", async (t) => {
  const detector = await Detector.load(model);
  await detector.dispose();
  await t.throwsAsync(detector.evaluate(await openDataset(dataset)), { code: "DISPOSED" });
});
