/**
 * Measures a fleet on this machine: jobs a minute with one and with two workers of one thread each, in turns, the commands
 * that Redis runs for a job, and the bytes of its result. Writes bench/results/fleet.json and the table in
 * docs/scaling.md. Needs redis-server and the built packages.
 *
 *   node --import tsx bench/fleet.ts [--rounds 5] [--no-times] [--table]
 *
 * `--no-times` leaves the times out, for a machine that does other work.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { Fleet, type JobRequest } from "reverse-distillation-fleet";
import { RedisServer } from "../fleet/test/support/redis-server.js";
import { WorkerProcess } from "../fleet/test/support/worker-process.js";
import { train } from "../lib/index.js";
import { parseNumber } from "../lib/options/kind.js";
import { markdownTable } from "../scripts/markdown-table.js";
import { writeMarkedSection } from "../scripts/marked-section.js";
import { folderOfImages } from "../test/js/support/image-fixtures.js";
import { distribution } from "./cpu/compare.js";
import { describeEnvironment, describeMachines, type Environment } from "./environment.js";
import { ResultsFile } from "./results-file.js";
import { runCommand } from "./run-command.js";

/** What one kind of job costs. */
interface FleetResult {
  job: string;
  /** Images a job. */
  images: number;
  /** Seconds a job, for each round, on one worker and on two; none if they were not measured. */
  one: number[];
  two: number[];
  /** Commands that Redis ran for a job, those of scripts included. */
  commands: number;
  /** Bytes of the files of a job's result. */
  bytes: number;
  environment: Environment;
}

const results = new ResultsFile<FleetResult>("fleet.json", ({ job }) => job);

/** Jobs a round: each of two workers gets the same number. */
const jobsARound = 8;

async function main({
  rounds,
  times,
  table,
}: {
  rounds: number;
  times: boolean;
  table?: true;
}): Promise<void> {
  if (!table) await measureAll(times ? rounds : 0);
  const rows = (await results.read()).map(({ job, images, one, two, commands, bytes }) => {
    const costs = [commands.toFixed(0), (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)];
    if (one.length === 0) return [job, "", "", "", ...costs];
    const alone = distribution(one).median;
    const ratio = distribution(one.map((seconds, round) => seconds / two[round]!));
    const [low, middle, high] = [ratio.quartiles[0], ratio.median, ratio.quartiles[1]].map((x) =>
      x.toFixed(2),
    );
    return [
      job,
      alone.toFixed(2),
      (images / alone).toFixed(1),
      `**${middle}** (${low} to ${high})`,
      ...costs,
    ];
  });
  const header = ["Job", "s a job, 1 worker", "images/s", "2 workers, x", "Redis commands a job", "MB a job"];
  const text = markdownTable(header, rows, (column) => (column === 0 ? "---" : "---:"));
  const page = fileURLToPath(new URL("../docs/scaling.md", import.meta.url));
  await writeMarkedSection(page, "fleet", `${describeMachines(await results.read())}\n${text}`);
}

async function measureAll(rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-bench-"));
  try {
    const images = await folderOfImages(join(folder, "images"), 32, 256);
    const model = join(folder, "model.safetensors");
    await using detector = await train(images, { epochs: 1, calibrate: false });
    await detector.save(model);
    const kinds: [name: string, images: number, request: (index: number) => JobRequest][] = [
      // An option that changes nothing makes another job of the same work.
      [
        "score 32 images of 256 x 256",
        32,
        (index) => ({ kind: "score", model, images, options: { maxPixels: 1e8 + index } }),
      ],
      [
        "train on 32 images of 256 x 256 for 2 epochs",
        64,
        (index) => ({ kind: "train", images, options: { epochs: 2, calibrate: false, seed: index } }),
      ],
    ];
    for (const [job, each, request] of kinds) {
      console.error(job);
      const measured = await measure(await mkdtemp(join(folder, "run-")), rounds, request);
      await results.add({ job, images: each, ...measured, environment: await describeEnvironment() });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  folder: string,
  rounds: number,
  request: (index: number) => JobRequest,
): Promise<Pick<FleetResult, "one" | "two" | "commands" | "bytes">> {
  const store = join(folder, "store");
  await mkdir(store);
  const redis = await RedisServer.start(folder);
  const start = () =>
    new WorkerProcess("--redis", redis.address, "--store", store, "--scratch", join(folder, "scratch"));
  const fleet = await Fleet.connect({ redis: redis.address, store });
  const times: { one: number[]; two: number[] } = { one: [], two: [] };
  let [index, commands, bytes] = [0, 0, 0];

  /** Seconds a job of a few jobs on running workers, which have loaded LibTorch before. */
  const run = async (count: number) => {
    const before = await redis.commands();
    const begun = performance.now();
    const jobs = [];
    for (let job = 0; job < count; job++) jobs.push(await fleet.submit(request(index++)));
    const done = await Promise.all(jobs.map((job) => job.result()));
    const seconds = (performance.now() - begun) / 1000 / count;
    commands = ((await redis.commands()) - before) / count;
    bytes = done.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0) / count;
    return seconds;
  };
  try {
    if (rounds === 0) {
      const worker = start();
      // The first jobs also put the images and the model into the store.
      await run(1);
      await run(2);
      await worker.end("SIGTERM");
    }
    for (let round = 0; round < rounds; round++)
      for (const [name, count] of [
        ["one", 1],
        ["two", 2],
      ] as const) {
        const workers = Array.from({ length: count }, start);
        while (!workers.every(({ log }) => log.some(({ msg }) => msg === "taking jobs")))
          await new Promise((resolve) => setTimeout(resolve, 20));
        await run(2 * count);
        times[name].push(await run(jobsARound));
        await Promise.all(workers.map((worker) => worker.end("SIGTERM")));
        console.error(`  round ${round + 1}, ${name}: ${times[name].at(-1)!.toFixed(3)} s a job`);
      }
    return { ...times, commands, bytes };
  } finally {
    await fleet.close();
    await redis.kill();
  }
}

const program = new Command("fleet")
  .description("measure what jobs of a fleet cost on this machine")
  .option("--rounds <n>", "rounds of one worker and two", parseNumber, 5)
  .option("--no-times", "measure commands and bytes only")
  .option("--table", "only write the table")
  .action(main);

await runCommand(program);
