import type { ExecutionContext } from "ava";
import pino from "pino";
import { temporaryFolder } from "../../../test/js/support/temporary-folder.js";
import { Service, type GivenSettings } from "../../lib/index.js";
import type { TestModels } from "./models.js";

/** A service that ends with the test. */
export interface Running {
  service: Service;
  /** The folder of models. */
  folder: string;
  /** Sends a request to a path. */
  ask: (path: string, init?: RequestInit) => Promise<Response>;
  /** The lines of the log so far. */
  log: Record<string, unknown>[];
}

/** Starts a service with the model "part", whose version 1 accepts and whose version 2 rejects. */
export async function running(
  t: ExecutionContext,
  models: TestModels,
  settings: Partial<GivenSettings> = {},
): Promise<Running> {
  const folder = await temporaryFolder(t);
  await models.put(folder, "part", models.accepting);
  await models.put(folder, "part@2", models.rejecting);
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    {},
    { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const service = await Service.start({ folder, port: 0, threads: 1, poll: 50, ...settings }, logger);
  t.teardown(() => service.close());
  return { service, folder, log, ask: (path, init) => fetch(`${service.url}${path}`, init) };
}

/** Waits until something is so; fails after ten seconds. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`after ten seconds, it is not so that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
