import type { Logger } from "pino";
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
      for (const each of settings.watch)
        ways.#ends.push(
          await WatchedFolder.open({
            ...parseWatch(each),
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
