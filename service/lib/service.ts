import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pino, { type Logger } from "pino";
import { ReverseDistillationError, type LoadOptions } from "reverse-distillation";
import { isLoopback } from "./access/loopback.js";
import { Tokens } from "./access/tokens.js";
import { destinationNames } from "./delivery/destinations.js";
import { createApp, type App, type Route, type State } from "./http/app.js";
import { Line } from "./line/line.js";
import { Metrics } from "./metrics/metrics.js";
import { Inspector } from "./models/inspector.js";
import { ModelFolder } from "./models/model-folder.js";
import { checkSettings, parseTrainOn, settingDefaults, type Settings } from "./settings.js";
import { Store } from "./store/store.js";
import { Trainings } from "./training/trainings.js";
import { Ways } from "./ways.js";

/** The settings that a caller gives; the others have their defaults. */
export type GivenSettings = Partial<Settings> & Pick<Settings, "folder">;

/** How long clients get to close connections after their last answer, in milliseconds. */
const lastBytesMs = 1000;

/** What there is only with a store. */
interface Results {
  store: Store | undefined;
  ways: Ways | undefined;
  trainings: Trainings | undefined;
}

/** A running service. */
export class Service {
  /** Where it listens, such as "http://127.0.0.1:8080". */
  readonly url: string;
  readonly models: ModelFolder;
  /** What it answers. */
  readonly routes: readonly Route[];
  readonly #app: App;
  readonly #results: Results;
  readonly #state: State;
  readonly #drainMs: number;
  readonly #log: Logger;
  #closing: Promise<boolean> | undefined;

  private constructor(
    app: App,
    routes: readonly Route[],
    models: ModelFolder,
    results: Results,
    state: State,
    drainMs: number,
    log: Logger,
  ) {
    const { address, port, family } = app.server.address() as AddressInfo;
    this.url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
    this.#app = app;
    this.routes = routes;
    this.models = models;
    this.#results = results;
    this.#state = state;
    this.#drainMs = drainMs;
    this.#log = log;
  }

  /**
   * Loads the models and starts to listen.
   *
   * @param log Where log lines go. Default: standard output, as JSON.
   * @throws ReverseDistillationError `INVALID_ARGUMENT` for a setting that is not allowed; Error if the folder, the tokens or the address cannot be used.
   */
  static async start(given: GivenSettings, log?: Logger): Promise<Service> {
    const settings = checkSettings({ ...settingDefaults, ...given });
    const { host, port, tokens: tokenFile, folder, drain } = settings;
    if (tokenFile === undefined && !isLoopback(host))
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `Without tokens, the service listens only on the loopback, such as 127.0.0.1; got ${host}. Make a token with ` +
          "reverse-distillation serve token, and pass its file with --tokens.",
      );
    const tokens = tokenFile === undefined ? undefined : await Tokens.read(tokenFile);
    const logger = log ?? pino({ level: settings.logLevel });
    const models = await ModelFolder.open({
      folder,
      versions: settings.versions,
      pollMs: settings.poll,
      load: loadOptions(settings),
      log: logger,
    });
    let store: Store | undefined;
    let trainings: Trainings | undefined;
    try {
      store = await openStore(settings, logger);
      const kept = store;
      const metrics = new Metrics(
        () => versionsOf(models),
        () => kept?.outbox ?? [],
        () => trainings?.unfinished,
      );
      trainings = await openTrainings(settings, models, logger);
      const state: State = { draining: false, unfinished: 0 };
      const line = new Line(store);
      const inspector = new Inspector(models, metrics, line, settings.maxPixels, store);
      const { app, routes } = await createApp(
        { settings, models, inspector, metrics, line, state, store, trainings },
        tokens,
        logger,
      );
      const ways = store && (await Ways.open({ settings, store, inspector, metrics, log: logger }));
      try {
        await app.listen({ host, port });
      } catch (error) {
        await ways?.close();
        throw error;
      }
      const service = new Service(app, routes, models, { store, ways, trainings }, state, drain, logger);
      logger.info({ url: service.url, models: models.models.map(({ name }) => name) }, "listening");
      return service;
    } catch (error) {
      await trainings?.close();
      await store?.close();
      await models.close();
      throw error;
    }
  }

  /**
   * Stops to accept requests, waits for those that run, and frees everything.
   *
   * @returns whether all of them ended in time.
   */
  close(): Promise<boolean> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<boolean> {
    this.#state.draining = true;
    this.#log.info("draining");
    const closed = this.#app.close();
    // Who watches a training would wait for its end.
    await this.#results.trainings?.close();
    const end = performance.now() + this.#drainMs;
    while (this.#state.unfinished > 0 && performance.now() < end) await sleep(20);
    const inTime = this.#state.unfinished === 0;
    // Answers are on their way. Clients that keep their side of a connection open would keep it for ever.
    await Promise.race([closed, sleep(inTime ? lastBytesMs : 0, undefined, { ref: false })]);
    this.#app.server.closeAllConnections();
    await closed;
    await this.#results.ways?.close();
    await this.models.close();
    await this.#results.store?.close();
    this.#log.info({ inTime }, "ended");
    return inTime;
  }
}

async function openStore(settings: Settings, log: Logger): Promise<Store | undefined> {
  const { store: folder, keepDays, keepParts } = settings;
  if (folder === undefined) return undefined;
  return Store.open({ folder, keepDays, keepParts, destinations: destinationNames(settings), log });
}

async function openTrainings(
  settings: Settings,
  models: ModelFolder,
  log: Logger,
): Promise<Trainings | undefined> {
  const { store, trainOn, trainQueue: queue, trainThreads: threads } = settings;
  if (store === undefined || trainOn.length === 0) return undefined;
  const sources = parseTrainOn(trainOn);
  return Trainings.open({ folder: join(store, "trainings"), sources, models, queue, threads, log });
}

function* versionsOf({ models }: ModelFolder) {
  for (const { entries, serving } of models)
    for (const { loaded } of entries.values())
      if (loaded) yield { version: loaded.version, serves: loaded.version === serving };
}

function loadOptions({ device, threads, queue, batch, maxBodies }: Settings): LoadOptions {
  return {
    device: device as NonNullable<LoadOptions["device"]>,
    ...(threads > 0 && { threads }),
    batching: { maxQueue: queue, maxBatch: batch, maxQueuedBytes: maxBodies },
  };
}
