import { connect } from "node:net";
import test from "ava";
import { noise } from "../../test/js/support/image-fixtures.js";
import { good, png, TestModels } from "./support/models.js";
import type { Service } from "../lib/index.js";
import { running, until, type Running } from "./support/running.js";

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code;

test.serial(
  "more images than the queue has places for are refused with 503 and when to try again",
  async (t) => {
    const { ask } = await running(t, models, { queue: 2, batch: 1 });
    const image = await png(noise(600, 600, 3));
    const responses = await Promise.all(
      Array.from({ length: 12 }, () => ask("/models/part/inspect", { method: "POST", body: image })),
    );
    const refused = responses.filter(({ status }) => status === 503);
    t.true(refused.length > 0);
    t.is(responses.filter(({ status }) => status === 200).length + refused.length, 12);
    for (const each of refused) {
      t.is(each.headers.get("retry-after"), "1");
      t.is(await codeOf(each), "QUEUE_FULL");
    }
    t.is((await ask("/models/part/inspect", { method: "POST", body: image })).status, 200);
  },
);

test.serial("an answer that would come too late is an error", async (t) => {
  const { ask, service } = await running(t, models, { deadline: 150, batch: 1, queue: 1000 });
  const before = occupy(service, 150);
  const response = await ask("/models/part/inspect", { method: "POST", body: await png() });
  t.deepEqual([response.status, await codeOf(response)], [504, "DEADLINE_EXCEEDED"]);
  t.true(service.models.find("part").unfinished > 0, "the queue was empty before the deadline");
  await before.done;
});

test.serial(
  "bodies that do not fit beside those of other requests are refused before they are read",
  async (t) => {
    const service = await running(t, models, { maxBodies: 100_000 });
    const slow = send(
      service,
      "POST /models/part/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n",
    );
    await until("the first is being read", async () => {
      const response = await service.ask("/models/part/inspect", {
        method: "POST",
        body: new Uint8Array(20_000),
      });
      return (await codeOf(response)) === "OVERLOADED";
    });
    slow.socket.destroy();
    await until("its place is free again", async () => {
      const response = await service.ask("/models/part/inspect", {
        method: "POST",
        body: await png(noise(90, 90, 3)),
      });
      return response.status === 200;
    });
    t.pass();
  },
);

test.serial(
  "a request that does not arrive in time, and one that is no HTTP, end with an answer",
  async (t) => {
    const service = await running(t, models, { deadline: 300 });
    const slow = send(
      service,
      "POST /models/part/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12",
    );
    t.regex(await slow.ended, /^HTTP\/1\.1 408 Request Timeout\r\n.*application\/problem\+json/s);
    const broken = send(service, "NONSENSE\r\n\r\n");
    t.regex(await broken.ended, /^HTTP\/1\.1 400 Bad Request\r\n.*The request is not valid HTTP/s);
  },
);

test.serial("more connections than are allowed are closed at once", async (t) => {
  const service = await running(t, models, { connections: 2 });
  const [first, second] = [send(service, ""), send(service, "")];
  await Promise.all([first.connected, second.connected]);
  t.is(await send(service, "GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").ended, "");
  first.socket.destroy();
  await until("a place is free again", async () => {
    const answer = await send(
      service,
      "GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ).ended;
    return answer.startsWith("HTTP/1.1 200");
  });
  second.socket.destroy();
});

test.serial("what a client no longer waits for is not computed", async (t) => {
  const { ask, service, log } = await running(t, models, { batch: 1 });
  const controller = new AbortController();
  const image = await png(noise(2000, 2000, 3));
  const waiting = ask("/models/part/inspect", { method: "POST", body: image, signal: controller.signal });
  waiting.catch(() => undefined);
  const version = service.models.find("part");
  await until("it is being computed", () => version.unfinished === 1);
  controller.abort();
  t.is(
    await waiting.then(
      () => "answered",
      () => "given up",
    ),
    "given up",
  );
  await until("its place is free again", () => version.unfinished === 0);
  t.false(log.some(({ msg }) => msg === "inspected"));
});

test.serial("told to end, it answers what runs, refuses what is new, and closes", async (t) => {
  const { ask, service } = await running(t, models, {
    batch: 1,
    queue: 1000,
    drain: 60_000,
    deadline: 60_000,
  });
  const version = service.models.find("part");
  const before = occupy(service, 100);
  const image = await png();
  const answers = Array.from({ length: 8 }, () =>
    ask("/models/part/inspect", { method: "POST", body: image }),
  );
  const idle = send({ service }, "GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until("all of them wait", () => version.unfinished - before.left === 8);
  const closed = service.close();
  t.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    Array.from({ length: 8 }, () => 200),
  );
  t.true(await closed);
  t.regex(await idle.ended, /^HTTP\/1\.1 200/);
  await t.throwsAsync(ask("/v2/health/live"));
  await before.done;
});

/** Gives a model so many images that later ones have to wait. */
function occupy(service: Service, count: number): { left: number; done: Promise<unknown> } {
  const { signal } = new AbortController();
  const version = service.models.find("part");
  const state = { left: count, done: Promise.resolve() as Promise<unknown> };
  state.done = Promise.all(
    Array.from({ length: count }, async () => {
      await version.score(good, { signal, maxPixels: 1e6 });
      state.left--;
    }),
  );
  return state;
}

/** A connection that sends something, and what comes back until it is closed. */
function send({ service }: Pick<Running, "service">, text: string) {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  const connected = new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  if (text !== "") socket.write(text);
  let received = "";
  socket.setEncoding("utf8").on("data", (part: string) => (received += part));
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(received)));
  return { socket, connected, ended };
}
