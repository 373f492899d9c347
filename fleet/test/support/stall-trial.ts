import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { train } from "reverse-distillation";
import { folderOfImages } from "../../../test/js/support/image-fixtures.js";
import { Fleet } from "../../lib/index.js";
import { defaultQueue } from "../../lib/queue/names.js";
import { RedisServer } from "./redis-server.js";
import { WorkerProcess } from "./worker-process.js";

/** What a trial found. */
export interface StallReport {
  /** How long the training took. */
  seconds: number;
  epochs: number;
  /** How often the queue took the training's worker for dead. */
  stalled: number;
  /** How often the training was begun. */
  begun: number;
}

/**
 * Trains for about so many seconds on a worker that uses every core, while another worker looks whether it is alive.
 *
 * @param lockSeconds After this time without a sign of life the training would be given to the other one.
 */
export async function trainForLong(
  folder: string,
  seconds: number,
  lockSeconds: number,
  imageSize: number,
): Promise<StallReport> {
  const images = await folderOfImages(join(folder, "images"), 16, imageSize);
  const options = { imageSize, calibrate: false as const };
  let speed = 0;
  const trial = await train(images, { ...options, epochs: 3, device: "cpu", onProgress });
  await trial.dispose();
  function onProgress(progress: { phase: string; imagesPerSecond?: number }): void {
    speed = progress.imagesPerSecond ?? speed;
  }
  const epochs = Math.ceil((seconds * speed) / 16);

  const store = join(folder, "store");
  await mkdir(store);
  const redis = await RedisServer.start(folder);
  const flags = ["--redis", redis.address, "--store", store, "--scratch", join(folder, "scratch")];
  const start = () => new WorkerProcess(...flags, "--threads", "0", "--lock-seconds", String(lockSeconds));
  const workers = [start(), start()];
  try {
    await using fleet = await Fleet.connect({ redis: redis.address, store });
    const job = await fleet.submit({ kind: "train", images, options: { ...options, epochs } });
    let begun: number | undefined;
    for await (const { progress } of job.progress())
      if (progress?.phase === "training") begun ??= performance.now();
    await job.result();
    const events = await redis.events(defaultQueue);
    return {
      seconds: Math.round((performance.now() - begun!) / 1000),
      epochs,
      stalled: events.filter(({ event }) => event === "stalled").length,
      begun: workers.flatMap(({ log }) => log).filter(({ msg }) => msg === "begun").length,
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.end("SIGTERM")));
    await redis.kill();
  }
}
