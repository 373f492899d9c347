import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { formatReport, openDataset, type Report } from "../../../lib/index.js";
import { runExample, setUpWorkshop } from "./run-example.js";

test("the example prints and writes the report, and lists the images on the wrong side of its threshold", async (t) => {
  const { folder, sample, detector, model } = await setUpWorkshop(t, 64);
  const json = join(folder, "report.json");
  const { code, stdout, stderr } = await runExample("evaluate-dataset.ts", [model, sample, "--json", json]);
  t.is(code, 0, stderr);
  t.regex(stderr, /scoring image 4 of 4/);

  const report = await detector.evaluate(await openDataset(sample));
  t.deepEqual(JSON.parse(await readFile(json, "utf8")) as Report, report);
  const { threshold } = report.overall.image.f1Max!;
  const wrong = report.images
    .filter(({ label, score }) => (label === "good" ? score >= threshold : score < threshold))
    .map(({ image, label, score }) => `${score.toFixed(4)}  ${label}  ${image}\n`);
  t.is(
    stdout,
    `${formatReport(report)}\n\nWrong at the threshold ${threshold.toFixed(4)}: ${wrong.length} of 4\n${wrong.join("")}`,
  );
  t.is(report.images.length, 4);
});
