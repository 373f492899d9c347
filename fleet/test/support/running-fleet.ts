import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import pino from "pino";
import { temporaryFolder } from "../../../test/js/support/temporary-folder.js";
import { Fleet, FleetWorker, type GivenWorkerSettings } from "../../lib/index.js";
import { RedisServer } from "./redis-server.js";

/** A fleet that ends with its test. */
export interface RunningFleet {
  folder: string;
  store: string;
  redis: RedisServer;
  fleet: Fleet;
  /** Starts a worker in this process. */
  work: (settings?: Partial<GivenWorkerSettings>) => Promise<FleetWorker>;
  /** The lines of the workers' logs so far. */
  log: { msg: string; job?: string }[];
}

/** Starts Redis and a client, on a store in a folder. */
export async function runningFleet(t: ExecutionContext): Promise<RunningFleet> {
  const folder = await temporaryFolder(t);
  const store = join(folder, "store");
  await mkdir(store);
  const redis = await RedisServer.start(folder);
  t.teardown(() => redis.kill());
  const address = { redis: redis.address, store };
  const fleet = await Fleet.connect(address);
  t.teardown(() => fleet.close());
  const log: RunningFleet["log"] = [];
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line) as (typeof log)[0]) });
  const work = async (settings?: Partial<GivenWorkerSettings>) => {
    const scratch = join(folder, "scratch");
    const given = {
      ...address,
      device: "cpu",
      threads: 1,
      scratch,
      lockSeconds: 5,
      drainSeconds: 0,
      ...settings,
    };
    const worker = await FleetWorker.start(given, logger);
    t.teardown(() => worker.close());
    return worker;
  };
  return { folder, store, redis, fleet, work, log };
}

/** Waits until something is so; fails after a minute. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`after a minute, it is not so that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
