import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import mqtt, { type IPublishPacket } from "mqtt";
import pino from "pino";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { Courier, type Outcome } from "../lib/delivery/courier.js";
import { Mqtt } from "../lib/delivery/mqtt.js";
import type { PartEvent } from "../lib/store/part.js";
import { freePort } from "./support/free-port.js";
import { until } from "./support/running.js";
import { newPart, openStore } from "./support/stored-parts.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const image = Buffer.from("an image");
const log = pino({ level: "silent" });
const path = `${process.env.PATH}:/usr/sbin`;
const isInstalled = spawnSync("mosquitto", ["-h"], { env: { PATH: path } }).error === undefined;
if (!isInstalled) console.error("SKIPPED: tests with an MQTT broker: mosquitto is not installed");
const withBroker = isInstalled ? testWithSqlite() : test.serial.skip;

async function startBroker(t: ExecutionContext, port: number): Promise<ChildProcess> {
  const config = join(await temporaryFolder(t), "mosquitto.conf");
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const broker = spawn("mosquitto", ["-c", config], { env: { PATH: path }, stdio: "ignore" });
  t.teardown(() => broker.kill("SIGKILL"));
  return broker;
}

async function subscribe(t: ExecutionContext, port: number) {
  const messages: { topic: string; event: PartEvent; packet: IPublishPacket }[] = [];
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 50 });
  t.teardown(() => client.endAsync(true));
  client.on("message", (topic, body, packet) =>
    messages.push({ topic, event: JSON.parse(body.toString()) as PartEvent, packet }),
  );
  await until("it is connected", () => client.connected);
  await client.subscribeAsync("line/#", { qos: 1 });
  return messages;
}

withBroker("events are published with QoS 1, also those from before a broker was there", async (t) => {
  const port = await freePort();
  const store = await openStore(await temporaryFolder(t), { destinations: ["mqtt"] });
  t.teardown(() => store.close());
  const outcomes: Outcome[] = [];
  const destination = new Mqtt(`mqtt://127.0.0.1:${port}`, "line", undefined, log);
  const courier = new Courier(store, destination, (_, outcome) => outcomes.push(outcome), log);
  t.teardown(() => courier.close());
  const early = await store.add(newPart(image, "accept"), image);

  const broker = await startBroker(t, port);
  const messages = await subscribe(t, port);
  await until("the early one is delivered", () => outcomes.length === 1);
  const late = await store.add(newPart(image, "reject"), image);
  await store.review(late.id, "confirm", "zoe");
  await until("all are delivered", () => outcomes.length === 3);
  await until("the review came", () => messages.some(({ event }) => event.type === "reviewed"));
  const inspected = messages.find(({ event }) => event.id === late.id)!;
  t.is(inspected.topic, "line/part/inspected");
  t.like(inspected.packet, { qos: 1, properties: { contentType: "application/json" } });
  t.deepEqual({ ...inspected.packet.properties!.userProperties }, { id: late.id });
  t.is(messages.at(-1)!.topic, "line/part/reviewed");
  t.true(outcomes.every((outcome) => outcome === "delivered"));

  const gone = once(broker, "exit");
  broker.kill("SIGKILL");
  await gone;
  const missed = await store.add(newPart(image, "review"), image);
  t.is(store.nextEvent("mqtt")!.id, missed.id);
  await startBroker(t, port);
  await until("it is delivered to the new broker", () => outcomes.length === 4);
  t.is(store.nextEvent("mqtt"), undefined);
  t.not(early.id, missed.id);
});

test("an MQTT broker and topic must be such", (t) => {
  for (const url of ["http://host", "host", "mqtt://zoe:secret@host"])
    t.throws(() => new Mqtt(url, "line", undefined, log), { code: "INVALID_ARGUMENT" }, url);
  for (const topic of ["", "a/#", "+", "$SYS/x", "/a"])
    t.throws(() => new Mqtt("mqtt://host", topic, undefined, log), { code: "INVALID_ARGUMENT" }, topic);
});
