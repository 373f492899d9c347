import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { Detector } from "reverse-distillation";
import { noise } from "../../test/js/support/image-fixtures.js";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import type { TrainingBody, TrainingsBody } from "../lib/http/bodies/training.js";
import type { Problem } from "../lib/problems/problem.js";
import { png, TestModels } from "./support/models.js";
import { running, until, type Running } from "./support/running.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const testOfTrainings = testWithSqlite();
const images = 40;

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

/** A folder of images and one for results. */
async function folders(t: ExecutionContext): Promise<{ store: string; trainOn: string[] }> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, "good"));
  for (let index = 0; index < images; index++)
    await writeFile(join(folder, "good", `${index}.png`), await png(noise(64, 64, 3, 1000 + index)));
  return { store: join(folder, "store"), trainOn: [`parts=${join(folder, "good")}`] };
}

type Ask = Running["ask"];

function start(ask: Ask, body: object, model = "part"): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return ask(`/models/${model}/trainings`, { method: "POST", body: JSON.stringify(body), headers });
}

async function started(ask: Ask, epochs: number): Promise<TrainingBody> {
  const response = await start(ask, { source: "parts", start: "version", epochs });
  return (await response.json()) as TrainingBody;
}

async function* events(ask: Ask, id: string): AsyncGenerator<TrainingBody> {
  const response = await ask(`/trainings/${id}/events`);
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      if (event.startsWith("data: ")) yield JSON.parse(event.slice("data: ".length)) as TrainingBody;
    }
  }
}

/** Reads events until one is so; fails if the training ends before. */
async function follow(
  ask: Ask,
  id: string,
  isSo: (training: TrainingBody) => boolean,
): Promise<TrainingBody> {
  let last: TrainingBody | undefined;
  for await (last of events(ask, id)) if (isSo(last)) return last;
  throw new Error(`the events ended with ${JSON.stringify(last)}`);
}

const isDone = ({ state }: TrainingBody) => state === "done";

testOfTrainings("a trained version is calibrated, and serves only when somebody says so", async (t) => {
  const { ask, folder, service } = await running(t, models, await folders(t));
  const training = await started(ask, 2);
  t.like(training, { model: "part", from: 2, source: "parts", losses: [], version: null });
  const done = await follow(ask, training.id, isDone);
  t.like(done, { version: 3, error: null });
  t.is(done.losses.length, 2);
  const detector = await Detector.load(join(folder, "part@3.safetensors"), { device: "cpu" });
  t.is(detector.calibration!.scores.length, 20);
  t.is(detector.training!.images, 20);
  await detector.dispose();
  for (let look = 0; look < 2; look++) await service.models.refresh();
  t.like(await (await ask("/models/part")).json(), { serving: 2 });
  const promoted = await ask("/models/part/serving", {
    method: "PUT",
    body: JSON.stringify({ version: 3 }),
    headers: { "content-type": "application/json" },
  });
  t.like(await promoted.json(), { serving: 3 });
  t.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(".")),
    [],
  );
});

testOfTrainings("a training can be cancelled while it waits and while it runs", async (t) => {
  const settings = { ...(await folders(t)), trainQueue: 1 };
  const { ask, folder } = await running(t, models, settings);
  const first = await started(ask, 1000);
  await follow(ask, first.id, ({ losses }) => losses.length > 0);
  const second = await started(ask, 1000);
  const full = await start(ask, { source: "parts" });
  t.deepEqual([full.status, ((await full.json()) as Problem).code], [503, "TRAININGS_FULL"]);
  t.regex(await (await ask("/metrics")).text(), /^inspection_trainings\{state="queued"\} 1$/m);
  for (const { id } of [second, first]) {
    const response = await ask(`/trainings/${id}`, { method: "DELETE" });
    t.like(await response.json(), { state: "cancelled" });
    const again = await ask(`/trainings/${id}`, { method: "DELETE" });
    t.deepEqual([again.status, ((await again.json()) as Problem).code], [409, "TRAINING_OVER"]);
  }
  const third = await started(ask, 1);
  await follow(ask, third.id, isDone);
  t.deepEqual((await readdir(folder)).filter((name) => name.includes("@")).sort(), [
    "part@2.safetensors",
    "part@3.safetensors",
  ]);
  const left = async () => (await readdir(join(settings.store, "trainings"))).sort().join();
  const expected = [first, second, third].map(({ id }) => `${id}.json`).sort();
  await until("only descriptions are left", async () => (await left()) === expected.join());
});

testOfTrainings("only folders that were allowed are trained on", async (t) => {
  const { store, trainOn } = await folders(t);
  const { ask } = await running(t, models, { store, trainOn });
  for (const source of [trainOn[0]!.slice("parts=".length), "parts/..", "../good", "other"]) {
    const response = await start(ask, { source });
    t.deepEqual([response.status, ((await response.json()) as Problem).code], [404, "SOURCE_NOT_FOUND"]);
  }
  t.is((await start(ask, { source: "parts", folder: "/" })).status, 400);
  t.is((await start(ask, { source: "parts" }, "other")).status, 404);
  const { trainings, sources } = (await (await ask("/trainings")).json()) as TrainingsBody;
  t.deepEqual([trainings, sources], [[], ["parts"]]);
});

testOfTrainings("a training that fails says why, and the next one runs", async (t) => {
  const { store, trainOn } = await folders(t);
  const empty = await temporaryFolder(t);
  const { ask } = await running(t, models, { store, trainOn: [...trainOn, `empty=${empty}`] });
  const { id } = (await (await start(ask, { source: "empty", start: "version" })).json()) as TrainingBody;
  const { error } = await follow(ask, id, ({ state }) => state === "failed");
  t.is(error!.code, "NO_IMAGES");
  t.false(error!.message.includes(empty), error!.message);
  await follow(ask, (await started(ask, 1)).id, isDone);
});

testOfTrainings("a training goes on where it was after its service was killed", async (t) => {
  const { store, trainOn } = await folders(t);
  const folder = await temporaryFolder(t);
  await models.put(folder, "part", models.accepting);
  const program = fileURLToPath(new URL("support/serve-process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import=tsx", program, folder, store, trainOn[0]!], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const [url] = (await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    exited.then(() => {
      throw new Error("the service ended by itself");
    }),
  ])) as [string];
  const ask: Ask = (path, init) => fetch(`${url}${path}`, init);
  const { id } = await started(ask, 12);
  const before = await follow(ask, id, ({ losses }) => losses.length >= 3);
  child.kill("SIGKILL");
  await exited;
  const next = await running(t, models, { folder, store, trainOn });
  const resumed = await follow(next.ask, id, ({ phase }) => phase === "resumed");
  t.true(resumed.losses.length >= 3);
  const done = await follow(next.ask, id, isDone);
  t.is(done.losses.length, 12);
  t.deepEqual(done.losses.slice(0, 3), before.losses.slice(0, 3));
  const detector = await Detector.load(join(folder, "part@2.safetensors"), { device: "cpu" });
  t.deepEqual(detector.training!.run!.losses, done.losses);
  await detector.dispose();
  const { trainings } = (await (await next.ask("/trainings")).json()) as TrainingsBody;
  t.is(trainings.length, 1);
});
