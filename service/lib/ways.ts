import { resolve } from "node:path";
import type { Logger } from "pino";
import { ReverseDistillationError } from "reverse-distillation";
import { Courier } from "./delivery/courier.js";
import { makeDestinations } from "./delivery/destinations.js";
import { WatchedFolder } from "./intake/watched-folder.js";
import type { Metrics } from "./metrics/metrics.js";
import type { Inspector } from "./models/inspector.js";
import { parseWatch, type Settings } from "./settings.js";
import type { Store } from "./store/store.js";

interface WaysOptions {
  settings: Settings;
  store: Store;
  inspector: Inspector;
  metrics: Metrics;
  log: Logger;
}

/** The ways in and out of the service besides HTTP. */
export class Ways {
  readonly #ends: { close(): Promise<void> }[] = [];

  /** @throws Error if a folder, a secret or a hook cannot be used. */
  static async open({ settings, store, inspector, metrics, log }: WaysOptions): Promise<Ways> {
    const ways = new Ways();
    const { station, poll: pollMs, batch, maxBody: maxBytes } = settings;
    try {
      const watches = settings.watch.map(parseWatch);
      requireDistinct(watches.map(({ folder }) => resolve(folder)));
      for (const watch of watches)
        ways.#ends.push(
          await WatchedFolder.open({
            ...watch,
            ...{ station: station ?? null, pollMs, batch, maxBytes, inspector, store, metrics, log },
          }),
        );
      const count = metrics.delivery.bind(metrics);
      for (const destination of await makeDestinations(settings, store, log))
        ways.#ends.push(new Courier(store, destination, count, log));
    } catch (error) {
      await ways.close();
      throw error;
    }
    return ways;
  }

  /** Ends all of them. What is not done yet is done after the next start. */
  async close(): Promise<void> {
    await Promise.all(this.#ends.map((each) => each.close()));
  }
}

/** A file is judged once, so two models for one folder would each get some of its files. */
function requireDistinct(folders: readonly string[]): void {
  const twice = folders.find((folder, index) => folders.indexOf(folder) < index);
  if (twice !== undefined)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `watch names ${JSON.stringify(twice)} twice. Give each model a folder of its own.`,
    );
}
