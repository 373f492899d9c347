import { open, type FileHandle } from "node:fs/promises";
import { relative } from "node:path";
import {
  listImages,
  type Detector,
  type LoadOptions,
  type Score,
  type ScoreOptions,
} from "reverse-distillation";
import { failureOf, type Failure } from "../../jobs/failure.js";
import type { ScoreJobOptions } from "../../jobs/job.js";
import type { Outcome, Work } from "../work.js";

/** Images a call: enough for a few batches, and few enough that their maps need little memory. */
const atATime = 64;

/** Scores the images of a set, in the order of their names, and writes a line of JSON for each. */
export async function runScore(work: Work): Promise<Outcome<"score">> {
  const { precision, ...given } = work.data.options as ScoreJobOptions & Pick<LoadOptions, "precision">;
  const options = { ...given, signal: work.signal };
  const folder = await work.images();
  const images = await listImages(folder);
  await using detector = await work.detector({ precision });
  const summary = { images: images.length, unreadable: 0, rejected: detector.thresholds === null ? null : 0 };
  const lines: FileHandle = await open(work.path("scores.jsonl"), "wx");
  try {
    for (let first = 0; first < images.length; first += atATime) {
      const paths = images.slice(first, first + atATime);
      for (const [index, found] of (await scoreEach(detector, paths, options)).entries()) {
        if ("error" in found) summary.unreadable++;
        else if (found.verdict === "reject") summary.rejected!++;
        const line = JSON.stringify({ image: relative(folder, paths[index]!), ...found });
        await lines.write(`${work.withoutFolder(line)}\n`);
      }
      work.report({ phase: "scoring", done: first + paths.length, total: images.length });
    }
  } finally {
    await lines.close();
  }
  return { files: await work.keep("scores.jsonl"), summary };
}

type Line = Pick<Score, "score" | "verdict" | "pValue"> & { regions?: unknown };

/** Scores images together or, if one of them cannot be read, one by one, so that the others are scored. */
async function scoreEach(
  detector: Detector,
  paths: readonly string[],
  options: ScoreOptions,
): Promise<(Line | { error: Failure })[]> {
  try {
    return (await detector.scoreBatch(paths, options)).map(lineOf);
  } catch (error) {
    if (failureOf(error).code !== "INVALID_IMAGE") throw error;
  }
  const lines: (Line | { error: Failure })[] = [];
  for (const path of paths) {
    try {
      lines.push(lineOf(await detector.score(path, options)));
    } catch (error) {
      if (failureOf(error).code !== "INVALID_IMAGE") throw error;
      lines.push({ error: failureOf(error) });
    }
  }
  return lines;
}

function lineOf(result: Score): Line {
  const { score, verdict, pValue } = result;
  return { score, verdict, pValue, ...("regions" in result && { regions: result.regions }) };
}
