import { resolve } from "node:path";
import { ReverseDistillationError } from "reverse-distillation";
import type { Hook } from "./delivery/hook.js";

/** A setting that is a number: its flag is the name with hyphens. */
interface NumberSetting {
  default: number;
  min: number;
  max: number;
  placeholder: string;
  help: string;
}

const megabyte = 2 ** 20;

/** Every setting that is a number. Flags, checks and the table in the README derive from it. */
export const numberSettings = {
  port: {
    default: 8080,
    min: 0,
    max: 65_535,
    placeholder: "<n>",
    help: "port to listen on; 0 takes a free one",
  },
  versions: {
    default: 2,
    min: 1,
    max: 100,
    placeholder: "<n>",
    help: "how many of the newest versions of each model are in memory",
  },
  poll: {
    default: 1000,
    min: 50,
    max: 3_600_000,
    placeholder: "<ms>",
    help: "how often folders are looked at",
  },
  queue: {
    default: 64,
    min: 1,
    max: 10_000,
    placeholder: "<n>",
    help: "unfinished images per model; for one more the answer is 503",
  },
  batch: {
    default: 8,
    min: 1,
    max: 1024,
    placeholder: "<n>",
    help: "largest number of images that are computed at once",
  },
  threads: {
    default: 0,
    min: 0,
    max: 1024,
    placeholder: "<n>",
    help: "threads that compute; 0 is one per core",
  },
  deadline: {
    default: 10_000,
    min: 10,
    max: 600_000,
    placeholder: "<ms>",
    help: "time that a request may take, from its headers on; after that the answer is 504",
  },
  drain: {
    default: 30_000,
    min: 0,
    max: 600_000,
    placeholder: "<ms>",
    help: "time that running requests get when the service is told to end",
  },
  maxBody: {
    default: 32 * megabyte,
    min: 1024,
    max: 2 ** 30,
    placeholder: "<bytes>",
    help: "largest body of a request",
  },
  maxBodies: {
    default: 256 * megabyte,
    min: 1024,
    max: 2 ** 36,
    placeholder: "<bytes>",
    help: "bodies of all unfinished requests together; for one more the answer is 503",
  },
  maxPixels: {
    default: 64_000_000,
    min: 1,
    max: 2 ** 32,
    placeholder: "<pixels>",
    help: "largest number of pixels of an image",
  },
  connections: {
    default: 256,
    min: 1,
    max: 65_535,
    placeholder: "<n>",
    help: "open connections; more are closed at once",
  },
  rateLimit: {
    default: 60_000,
    min: 1,
    max: 100_000_000,
    placeholder: "<n>",
    help: "requests a minute per token, or per address without tokens; for one more the answer is 429",
  },
  keepDays: {
    default: 90,
    min: 1,
    max: 36_500,
    placeholder: "<days>",
    help: "how long results are kept, with --store",
  },
  keepParts: {
    default: 1_000_000,
    min: 1,
    max: 1_000_000_000,
    placeholder: "<n>",
    help: "how many results are kept, with --store; the oldest are removed",
  },
  trainQueue: {
    default: 8,
    min: 1,
    max: 1000,
    placeholder: "<n>",
    help: "trainings that wait for the one that runs; for one more the answer is 503",
  },
  trainThreads: {
    default: 1,
    min: 1,
    max: 1024,
    placeholder: "<n>",
    help: "threads that a training computes on",
  },
} as const satisfies Record<string, NumberSetting>;

type Numbers = { -readonly [Name in keyof typeof numberSettings]: number };

/** The levels of the log, from the most to the least severe. */
export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** How the service is run. */
export interface Settings extends Numbers {
  /** The folder of models. */
  folder: string;
  /** The address to listen on. */
  host: string;
  /** A file that lists tokens; without one, every program on this machine may do everything. */
  tokens: string | undefined;
  /** The folder in which results are kept; without one, they are not. */
  store: string | undefined;
  /** The station of parts whose request names none; without it, the name of the request's token. */
  station: string | undefined;
  /** Folders whose files are inspected, each as "<model>=<folder>". */
  watch: readonly string[];
  /** Folders of images that can be trained on, each as "<name>=<folder>". */
  trainOn: readonly string[];
  /** The URL to which events are sent. */
  webhook: string | undefined;
  /** A file with the secret that signs what is sent there. */
  webhookSecret: string | undefined;
  /** The URL of an MQTT broker. */
  mqtt: string | undefined;
  /** What the topics of events start with. */
  mqttTopic: string;
  /** A file with the password for the broker. */
  mqttPassword: string | undefined;
  /** A file to which events are appended. */
  jsonLines: string | undefined;
  /** A folder into which events are written. */
  outFolder: string | undefined;
  /** A function that gets events, or the module that exports it. */
  hook: string | Hook | undefined;
  /** Where models compute. */
  device: string;
  logLevel: (typeof logLevels)[number];
}

/** The settings that are left out. */
export const settingDefaults: Omit<Settings, "folder"> = {
  host: "127.0.0.1",
  tokens: undefined,
  store: undefined,
  station: undefined,
  watch: [],
  trainOn: [],
  webhook: undefined,
  webhookSecret: undefined,
  mqtt: undefined,
  mqttTopic: "inspection",
  mqttPassword: undefined,
  jsonLines: undefined,
  outFolder: undefined,
  hook: undefined,
  device: "auto",
  logLevel: "info",
  ...(Object.fromEntries(
    Object.entries(numberSettings).map(([name, setting]) => [name, setting.default]),
  ) as unknown as Numbers),
};

/** The form of a station's name: it appears in rows of results and in what is sent. */
export const stationNames = /^[\w.-]{1,64}$/;

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the setting, what is allowed and what was given. */
export function checkSettings(settings: Settings): Settings {
  for (const [name, { min, max }] of Object.entries(numberSettings)) {
    const value = settings[name as keyof Numbers];
    if (!Number.isInteger(value) || value < min || value > max)
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `${name} must be a whole number from ${min} to ${max}; got ${value}.`,
      );
  }
  if (settings.station !== undefined && !stationNames.test(settings.station))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `station must have up to 64 letters, digits, dots, hyphens and underscores; got ${JSON.stringify(settings.station)}.`,
    );
  const needStore = ["watch", "trainOn", "webhook", "mqtt", "jsonLines", "outFolder", "hook"] as const;
  for (const name of needStore)
    if (settings.store === undefined && [settings[name] ?? []].flat().length > 0)
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `${name} needs a store: what is judged, trained and sent is noted there. Name a folder with --store.`,
      );
  if (settings.webhook !== undefined && settings.webhookSecret === undefined)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      "webhook needs webhookSecret, a file with the secret that signs what is sent (--webhook-secret).",
    );
  return settings;
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` */
export function parseWatch(text: string): { model: string; folder: string } {
  const [model, folder] = parsePair("watch", "<model>=<folder>", text);
  return { model, folder };
}

/**
 * The folders that can be trained on, by name.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function parseTrainOn(texts: readonly string[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const text of texts) {
    const [name, folder] = parsePair("trainOn", "<name>=<folder>", text);
    if (folders.has(name))
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `trainOn names ${JSON.stringify(name)} twice. Give each folder a name of its own.`,
      );
    folders.set(name, resolve(folder));
  }
  return folders;
}

function parsePair(setting: string, form: string, text: string): [string, string] {
  const [, key, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (key !== undefined && value !== undefined) return [key, value];
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${setting} must be ${form}; got ${JSON.stringify(text)}.`,
  );
}
