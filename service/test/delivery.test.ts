import { once } from "node:events";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import pino from "pino";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { backoff, Courier, type Outcome } from "../lib/delivery/courier.js";
import type { Destination, DestinationName } from "../lib/delivery/destination.js";
import { EventFolder } from "../lib/delivery/event-folder.js";
import { HookDestination, importHook } from "../lib/delivery/hook.js";
import { JsonLines } from "../lib/delivery/json-lines.js";
import { keyOf, signatureOf, Webhook } from "../lib/delivery/webhook.js";
import type { PartEvent } from "../lib/store/part.js";
import type { Store } from "../lib/store/store.js";
import { until } from "./support/running.js";
import { newPart, openStore } from "./support/stored-parts.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const storeTest = testWithSqlite();
const image = Buffer.from("\x89PNG, more or less", "latin1");
const secret = "a secret of twenty-four bytes or more";
const log = pino({ level: "silent" });

async function storeFor(t: ExecutionContext, name: DestinationName, folder?: string): Promise<Store> {
  const store = await openStore(folder ?? (await temporaryFolder(t)), { destinations: [name] });
  t.teardown(() => store.close());
  return store;
}

/** Delivers the events of a store; the outcomes fill as it goes. */
function deliver(t: ExecutionContext, store: Store, destination: Destination): Outcome[] {
  const outcomes: Outcome[] = [];
  const courier = new Courier(store, destination, (_, outcome) => outcomes.push(outcome), log);
  // Teardowns run in reverse: the courier ends before the store.
  t.teardown(() => courier.close());
  return outcomes;
}

async function httpServer(
  t: ExecutionContext,
  answer: (request: IncomingMessage, body: string) => number,
): Promise<string> {
  const server: Server = createServer((request, response) => {
    void text(request).then((body) => response.writeHead(answer(request, body)).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
}

storeTest("a webhook gets each event, signed and in order, and again after a failure", async (t) => {
  const store = await storeFor(t, "webhook");
  const got: { id: string; event: PartEvent }[] = [];
  const answers = [500, 200, 422, 200];
  const url = await httpServer(t, ({ headers }, body) => {
    const id = String(headers["webhook-id"]);
    const timestamp = String(headers["webhook-timestamp"]);
    t.is(headers["webhook-signature"], signatureOf({ id, timestamp, body }, keyOf(secret)));
    t.true(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
    got.push({ id, event: JSON.parse(body) as PartEvent });
    return answers[got.length - 1]!;
  });
  const first = await store.add(newPart(image, "reject"), image);
  const second = await store.add(newPart(image, "accept", { source: "<b>\u2028.png" }), image);
  await store.review(first.id, "overrule", "zoe");
  const outcomes = deliver(t, store, new Webhook(url, secret));
  await until("all are done with", () => outcomes.length === 4);
  t.deepEqual(outcomes, ["failed", "delivered", "refused", "delivered"]);
  t.deepEqual(
    got.slice(0, 3).map(({ id }) => id),
    [first.id, first.id, second.id],
  );
  t.is(got[2]!.event.part.source, "<b>\u2028.png");
  t.like(got[3]!.event, { type: "reviewed", part: { id: first.id, review: { good: true, by: "zoe" } } });
  t.not(got[3]!.id, first.id);
  t.deepEqual(store.outbox, [{ destination: "webhook", waiting: 0, refused: 1 }]);
});

storeTest("what was not delivered is delivered after a restart", async (t) => {
  const folder = await temporaryFolder(t);
  const before = await openStore(folder, { destinations: ["webhook"] });
  const down = new Courier(before, new Webhook("http://127.0.0.1:9/", secret), () => undefined, log);
  const { id } = await before.add(newPart(image, "accept"), image);
  await down.close();
  await before.close();
  const got: unknown[] = [];
  const url = await httpServer(t, ({ headers }) => {
    got.push(headers["webhook-id"]);
    return 204;
  });
  deliver(t, await storeFor(t, "webhook", folder), new Webhook(url, secret));
  await until("it came", () => got.length > 0);
  t.deepEqual(got, [id]);
});

test("waits double up to a minute, half of them at random", (t) => {
  t.deepEqual(
    [1, 2, 3, 7, 8, 100].map((failures) => backoff(failures, () => 1)),
    [500, 1000, 2000, 32_000, 60_000, 60_000],
  );
  t.is(
    backoff(2, () => 0),
    500,
  );
});

test("a webhook must be one, and its secret long enough", (t) => {
  for (const url of ["file:///etc/passwd", "nowhere", "http://zoe:secret@host/"])
    t.throws(() => new Webhook(url, secret), { code: "INVALID_ARGUMENT" }, url);
  t.throws(() => new Webhook("http://host/", "short"), { message: /24 bytes or more; got 5/ });
  t.deepEqual(keyOf(`whsec_${Buffer.alloc(32, 7).toString("base64")}`), Buffer.alloc(32, 7));
});

storeTest("JSON lines are appended, and a line that was cut is ended", async (t) => {
  const file = join(await temporaryFolder(t), "parts.jsonl");
  await writeFile(file, '{"cut');
  const store = await storeFor(t, "json-lines");
  const outcomes = deliver(t, store, new JsonLines(file));
  const parts = [];
  for (let i = 0; i < 3; i++) parts.push(await store.add(newPart(image, "accept"), image));
  await until("all came", () => outcomes.length === 3);
  const [cut, ...lines] = (await readFile(file, "utf8")).trimEnd().split("\n");
  t.is(cut, '{"cut');
  t.deepEqual(
    lines.map((line) => (JSON.parse(line) as PartEvent).id),
    parts.map(({ id }) => id),
  );
});

storeTest("a folder gets a file for each event, and images of what was not accepted", async (t) => {
  const folder = join(await temporaryFolder(t), "out");
  const store = await storeFor(t, "folder");
  const outcomes = deliver(t, store, new EventFolder(folder, store));
  const accepted = await store.add(newPart(image, "accept", { source: "../../escaped" }), image);
  const rejected = await store.add(newPart(image, "reject"), image);
  await until("both came", () => outcomes.length === 2);
  const expected = [`${accepted.id}.json`, `${rejected.id}.json`, `${rejected.id}.png`];
  t.deepEqual((await readdir(folder)).sort(), expected.sort());
  t.deepEqual(await readFile(join(folder, `${rejected.id}.png`)), image);
});

storeTest("a hook gets events with times, and again what it throws for", async (t) => {
  const store = await storeFor(t, "hook");
  const got: PartEvent[] = [];
  const hook = new HookDestination((event) => {
    if (got.push(event) === 1) throw new Error("busy");
  });
  const outcomes = deliver(t, store, hook);
  const { id, time } = await store.add(newPart(image, "review"), image);
  await until("it is delivered", () => outcomes.length === 2);
  t.deepEqual(outcomes, ["failed", "delivered"]);
  t.deepEqual(
    got.map(({ part }) => [part.id, part.time]),
    [
      [id, time],
      [id, time],
    ],
  );
});

storeTest("a hook that never ends does not keep the service from ending", async (t) => {
  const store = await storeFor(t, "hook");
  let isCalled = false;
  const hook = new HookDestination(() => {
    isCalled = true;
    return new Promise(() => undefined);
  });
  const courier = new Courier(store, hook, () => undefined, log);
  const { id } = await store.add(newPart(image, "accept"), image);
  await until("it is called", () => isCalled);
  await courier.close();
  t.is(store.nextEvent("hook")!.id, id);
});

test("a module must export a hook, as the example does, which ejects what was rejected", async (t) => {
  const none = join(await temporaryFolder(t), "none.mjs");
  await appendFile(none, "export const hook = 1;");
  await t.throwsAsync(importHook(none), { message: /must export a function by default/ });
  const asked: string[] = [];
  const plc = createTcpServer((socket) => {
    socket.on("data", (bytes) => {
      asked.push(bytes.toString("hex"));
      socket.write(bytes);
    });
  }).listen(0, "127.0.0.1");
  await once(plc, "listening");
  t.teardown(() => plc.close());
  process.env.PLC_PORT = String((plc.address() as AddressInfo).port);
  process.env.PLC_COIL = "17";
  const hook = await importHook(fileURLToPath(new URL("../examples/modbus-hook.ts", import.meta.url)));
  const { signal } = new AbortController();
  const event = (part: PartEvent["part"]): PartEvent => ({ id: part.id, type: "inspected", part });
  const part = { ...newPart(image, "reject"), image: null, review: null };
  await hook(event(part), signal);
  await hook(event({ ...part, verdict: "accept" }), signal);
  await hook(event({ ...part, time: new Date(Date.now() - 60_000) }), signal);
  t.deepEqual(asked, ["0000000000060105" + "0011ff00"]);
});
