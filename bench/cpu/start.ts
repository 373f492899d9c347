import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ReferenceProcess } from "../reference.js";
import { comparison, timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { imageSize, type Workload } from "./workload.js";

const program = fileURLToPath(new URL("score-once.mjs", import.meta.url));

interface Started {
  /** Time from the start of the process to its first score. */
  seconds: number;
  score: number;
  /** Peak memory. */
  peakBytes: number;
}

/** Compares the time and memory that a new process needs to load a model and score once. */
export async function compareStart(
  workload: Workload,
  python: string,
  { starts }: Effort,
): Promise<Comparison[]> {
  const found: Record<"ours" | "reference", Started>[] = [];
  for (let round = 0; round < starts; round++) {
    const [ours, reference] = [await startHere(workload), await startThere(workload, python)];
    if (Math.abs(ours.score - reference.score) > 1e-4 * Math.max(1, reference.score)) {
      throw new Error(`The first scores differ: ${ours.score} and ${reference.score}.`);
    }
    found.push({ ours, reference });
  }
  const of = (side: "ours" | "reference", quantity: "seconds" | "peakBytes") =>
    found.map((each) => each[side][quantity]);
  const subject = (job: string) => ({ job: `${job}, ${workload.backbone}`, unit: "per process" });
  return [
    comparison(subject("start to first score"), of("ours", "seconds"), of("reference", "seconds")),
    comparison(
      { ...subject("peak memory to first score"), quantity: "bytes" },
      of("ours", "peakBytes"),
      of("reference", "peakBytes"),
    ),
  ];
}

/** Runs the built package, as a service does, without the transpiler of this program. */
async function startHere({ files, folder, images }: Workload): Promise<Started> {
  const image = join(folder, "image.rgb");
  await writeFile(image, new Uint8Array(images[0]!.data));
  const started = performance.now();
  const child = spawn(process.execPath, [program, files.model, image, String(imageSize)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const seconds = (performance.now() - started) / 1000;
    return { seconds, ...(JSON.parse(line) as Omit<Started, "seconds">) };
  }
  throw new Error(`${program} exited without an answer.`);
}

async function startThere({ files }: Workload, python: string): Promise<Started> {
  let reference: ReferenceProcess | undefined;
  let scores: number[] = [];
  const seconds = await timed(async () => {
    reference = new ReferenceProcess(python, "measure");
    await reference.request({ job: "open", ...files });
    ({ scores } = await reference.request<{ scores: number[] }>({ job: "score", count: 1 }));
  });
  const { peakBytes } = await reference!.request<{ peakBytes: number }>({ job: "memory" });
  reference!.close();
  return { seconds, score: scores[0]!, peakBytes };
}
