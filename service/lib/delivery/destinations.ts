import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import type { Settings } from "../settings.js";
import type { Store } from "../store/store.js";
import type { Destination, DestinationName } from "./destination.js";
import { EventFolder } from "./event-folder.js";
import { HookDestination, importHook } from "./hook.js";
import { JsonLines } from "./json-lines.js";
import { Mqtt } from "./mqtt.js";
import { Webhook } from "./webhook.js";

type Make = (settings: Settings, store: Store, log: Logger) => Promise<Destination> | Destination;

/** How each destination is made, and the setting that asks for it. */
const kinds: Record<DestinationName, { setting: keyof Settings; make: Make }> = {
  webhook: {
    setting: "webhook",
    make: async ({ webhook, webhookSecret }) => new Webhook(webhook!, await readSecret(webhookSecret!)),
  },
  mqtt: {
    setting: "mqtt",
    make: async ({ mqtt, mqttTopic, mqttPassword }, _, log) =>
      new Mqtt(mqtt!, mqttTopic, mqttPassword && (await readSecret(mqttPassword)), log),
  },
  "json-lines": { setting: "jsonLines", make: ({ jsonLines }) => new JsonLines(jsonLines!) },
  folder: { setting: "outFolder", make: ({ outFolder }, store) => new EventFolder(outFolder!, store) },
  hook: {
    setting: "hook",
    make: async ({ hook }) => new HookDestination(typeof hook === "string" ? await importHook(hook) : hook!),
  },
};

/** The names of the destinations that settings ask for. */
export function destinationNames(settings: Settings): DestinationName[] {
  return (Object.keys(kinds) as DestinationName[]).filter(
    (name) => settings[kinds[name].setting] !== undefined,
  );
}

/** Makes the destinations that settings ask for. */
export async function makeDestinations(
  settings: Settings,
  store: Store,
  log: Logger,
): Promise<Destination[]> {
  const made: Destination[] = [];
  try {
    for (const name of destinationNames(settings)) made.push(await kinds[name].make(settings, store, log));
  } catch (error) {
    for (const each of made) await each.close?.();
    throw error;
  }
  return made;
}

async function readSecret(path: string): Promise<string> {
  return (await readFile(path, "utf8")).trim();
}
