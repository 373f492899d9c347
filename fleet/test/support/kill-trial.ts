import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { encoder, noise } from "../../../test/js/support/image-fixtures.js";
import { Fleet, type FleetJob, type JobRequest } from "../../lib/index.js";
import { defaultQueue } from "../../lib/queue/names.js";
import { comparable } from "./comparable.js";
import { makeParts, small, type Parts } from "./parts.js";
import { RedisServer } from "./redis-server.js";
import { WorkerProcess } from "./worker-process.js";

/** How workers are killed. */
export interface Violence {
  /** One of the workers is killed this often, on average. */
  everySeconds: number;
  /** No more kills than this, so that jobs end on a machine that is slow to start workers. */
  most: number;
  random: () => number;
}

/** What a trial found. */
export interface KillReport {
  jobs: number;
  kills: number;
  /** How often a job of a killed worker was given to another. */
  stalled: number;
  /** Trainings that went on from a checkpoint. */
  resumed: number;
  /** How long the jobs took: with kills, and on one worker without. */
  seconds: { killed: number; alone: number };
  /** What was lost, done twice, or not the same. */
  wrong: string[];
}

/**
 * Runs jobs on three workers, of which one is killed now and then, while Redis is killed once, and again on one worker
 * that nobody disturbs; then compares.
 */
export async function killAgainAndAgain(
  folder: string,
  jobs: number,
  violence: Violence,
): Promise<KillReport> {
  const requests = await drawRequests(folder, jobs);
  const killed = await runAll(join(folder, "killed"), requests, 3, violence);
  const alone = await runAll(join(folder, "alone"), requests, 1);
  const wrong = [...killed.wrong, ...alone.wrong];
  for (const [job, files] of alone.results)
    if (killed.results.get(job) !== files) wrong.push(`the job ${job} has other files than on one worker`);
  const { kills, stalled, resumed } = killed;
  return { jobs, kills, stalled, resumed, seconds: { killed: killed.seconds, alone: alone.seconds }, wrong };
}

/** Of each ten jobs: two trainings of a few seconds, a calibration, an export and six sets to score, all different. */
async function drawRequests(folder: string, count: number): Promise<JobRequest[]> {
  await mkdir(folder, { recursive: true });
  const parts = await makeParts(folder);
  const requests: JobRequest[] = [];
  for (let index = 0; index < count; index++) requests.push(await drawRequest(folder, parts, index));
  return requests;
}

async function drawRequest(
  folder: string,
  { images, good, model }: Parts,
  index: number,
): Promise<JobRequest> {
  switch (index % 10) {
    case 0:
    case 5:
      return { kind: "train", images, options: { ...small, epochs: 20, seed: index } };
    case 3:
      return { kind: "calibrate", model, images: good, options: { falseAlarms: 0.1 + index / 1000 } };
    case 8:
      return { kind: "export", model, options: { format: "onnx", precision: "float16", batch: index + 1 } };
    default: {
      const set = join(folder, "sets", String(index));
      await mkdir(set, { recursive: true });
      for (let image = 0; image < 12; image++)
        await encoder(noise(64, 64, 3, 1000 * index + image))
          .png()
          .toFile(join(set, `${String(image).padStart(2, "0")}.png`));
      return { kind: "score", model, images: set };
    }
  }
}

/** What became of jobs: the digests of each one's files by its id, and what was wrong. */
interface Run extends Pick<KillReport, "kills" | "stalled" | "resumed" | "wrong"> {
  results: Map<string, string>;
  seconds: number;
}

async function runAll(
  folder: string,
  requests: readonly JobRequest[],
  count: number,
  violence?: Violence,
): Promise<Run> {
  const store = join(folder, "store");
  await mkdir(store, { recursive: true });
  const redis = await RedisServer.start(folder);
  const begin = () =>
    new WorkerProcess(
      ...["--redis", redis.address, "--store", store, "--scratch", join(folder, "scratch")],
      // How often a job may lose its worker is not what is tried here.
      ...["--lock-seconds", "3", "--checkpoint-seconds", "1", "--deaths", "1000"],
    );
  const workers = Array.from({ length: count }, begin);
  const ended: WorkerProcess[] = [];
  const fleet = await Fleet.connect({ redis: redis.address, store });
  const begun = performance.now();
  let kills = 0;
  let over = false;
  try {
    const submitted: FleetJob[] = [];
    for (const request of requests) submitted.push(await fleet.submit(request));
    const all = Promise.allSettled(submitted.map((job) => job.result())).finally(() => (over = true));
    const half = Promise.any(submitted.slice(requests.length / 2).map((job) => job.result()));
    const restart = async () => {
      await redis.kill();
      await redis.begin();
    };
    const restarted = violence && half.then(restart);
    while (violence && kills < violence.most && !over) {
      const wait = violence.everySeconds * 1000 * 2 * violence.random();
      await Promise.race([new Promise((resolve) => setTimeout(resolve, wait)), all]);
      if (over) break;
      const victim = Math.floor(violence.random() * count);
      await workers[victim]!.end("SIGKILL");
      ended.push(workers[victim]!);
      workers[victim] = begin();
      kills++;
    }
    const settled = await all;
    await restarted;
    const seconds = Math.round((performance.now() - begun) / 1000);
    const wrong = settled.flatMap((each, index) =>
      each.status === "rejected" ? [`the job ${submitted[index]!.id} failed: ${String(each.reason)}`] : [],
    );
    const events = await redis.events(defaultQueue);
    const times = (event: string, job: string) =>
      events.filter((each) => each.event === event && each.jobId === job).length;
    const results = new Map<string, string>();
    for (const [index, { id }] of submitted.entries()) {
      const ends = times("completed", id) + times("failed", id);
      if (ends !== 1) wrong.push(`the job ${id} ended ${ends} times`);
      if (settled[index]!.status === "fulfilled") results.set(id, await filesOf(fleet, id, folder));
    }
    const written = (await readdir(join(store, "results"))).length;
    if (written !== requests.length) wrong.push(`there are ${written} results of ${requests.length} jobs`);
    const checkpoints = await readdir(join(store, "checkpoints")).catch(() => []);
    if (checkpoints.length > 0) wrong.push(`${checkpoints.length} checkpoints were left over`);
    const resumed = [...workers, ...ended].flatMap(({ log }) =>
      log.filter(({ msg }) => msg === "resumed"),
    ).length;
    const stalled = events.filter(({ event }) => event === "stalled").length;
    return { kills, stalled, resumed, results, seconds, wrong };
  } finally {
    await fleet.close();
    await Promise.all(workers.map((worker) => worker.end("SIGTERM")));
    await redis.kill();
  }
}

async function filesOf(fleet: Fleet, id: string, folder: string): Promise<string> {
  const { files, summary } = await fleet.job(id).result();
  const digests = [JSON.stringify(summary)];
  for (const file of files) {
    const path = join(folder, file.name);
    await fleet.download(file, path);
    digests.push(`${file.name} ${await comparable(path)}`);
  }
  return digests.join("\n");
}
