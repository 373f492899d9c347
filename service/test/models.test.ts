import { copyFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { parseFileName } from "../lib/models/file-name.js";
import { png, putBroken, TestModels } from "./support/models.js";
import { running, until, type Running } from "./support/running.js";

let models: TestModels;
let image: Uint8Array<ArrayBuffer>;
test.before(async () => {
  [models, image] = [await TestModels.make(), await png()];
});
test.after.always(() => models?.remove());

interface Status {
  serving: number | null;
  pinned: number | null;
  versions: { version: number; state: string; reason?: string }[];
}

const statusOf = async ({ ask }: Running) => (await (await ask("/models/part")).json()) as Status;

const put = (version: number) => ({
  method: "PUT",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ version }),
});

/** Requests without pause until `stop`, each of which must be answered. */
class Load {
  readonly versions = new Map<number, number>();
  readonly failures: string[] = [];
  #stopped = false;
  readonly #callers: Promise<void>[];

  constructor({ ask }: Running, callers = 4) {
    this.#callers = Array.from({ length: callers }, async () => {
      while (!this.#stopped) {
        const response = await ask("/models/part/inspect", { method: "POST", body: image });
        const body = (await response.json()) as { version: number; verdict: string };
        if (response.status !== 200) this.failures.push(JSON.stringify(body));
        else if ((body.version === 1 ? "accept" : "reject") !== body.verdict)
          this.failures.push("a wrong verdict");
        else this.versions.set(body.version, (this.versions.get(body.version) ?? 0) + 1);
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }
}

test("the name of a file says which version of which model it is", (t) => {
  t.deepEqual(parseFileName("bottle.safetensors"), { name: "bottle", version: 1 });
  t.deepEqual(parseFileName("bottle@12.safetensors"), { name: "bottle", version: 12 });
  t.deepEqual(parseFileName("a.b-c_d@3.safetensors"), { name: "a.b-c_d", version: 3 });
  for (const file of ["bottle.pth", ".bottle.safetensors", "bottle.safetensors.part", "bottle"])
    t.is(parseFileName(file), undefined, file);
  for (const file of [
    "a@0.safetensors",
    "a@x.safetensors",
    "a b.safetensors",
    "ü.safetensors",
    "@1.safetensors",
  ])
    t.is(typeof parseFileName(file), "string", file);
});

test.serial("a new version is swapped in under load, and back, without one failed request", async (t) => {
  const service = await running(t, models);
  await rm(join(service.folder, "part@2.safetensors"));
  await until("version 1 serves", async () => (await statusOf(service)).serving === 1);
  const load = new Load(service);
  await until("version 1 is used", () => (load.versions.get(1) ?? 0) > 10);
  await models.put(service.folder, "part@2", models.rejecting);
  await until("version 2 is used", () => (load.versions.get(2) ?? 0) > 10);
  t.is((await service.ask("/models/part/serving", put(1))).status, 200);
  const before = load.versions.get(1)!;
  await until("version 1 is used again", () => load.versions.get(1)! > before + 10);
  t.is((await service.ask("/models/part/serving", { method: "DELETE" })).status, 200);
  await until("version 2 serves again", async () => (await statusOf(service)).serving === 2);
  await rm(join(service.folder, "part@2.safetensors"));
  await until("version 2 is gone", async () => (await statusOf(service)).versions.length === 1);
  await load.stop();
  t.deepEqual(load.failures, []);
});

test.serial(
  "a file that is replaced is loaded again, and a broken one is named while the old one serves",
  async (t) => {
    const service = await running(t, models);
    const { folder } = service;
    const load = new Load(service, 2);
    await until("version 2 is used", () => (load.versions.get(2) ?? 0) > 3);
    await putBroken(folder, "part@3");
    await putBroken(folder, "part@2");
    await until(
      "both are refused",
      async () => (await statusOf(service)).versions.filter((each) => each.reason).length === 2,
    );
    const { serving, versions } = await statusOf(service);
    t.is(serving, 2);
    t.deepEqual(
      versions.map(({ version, state }) => [version, state]),
      [
        [3, "refused"],
        [2, "serving"],
        [1, "loaded"],
      ],
    );
    t.regex(versions[0]!.reason!, /^part@3\.safetensors /);
    t.true(
      service.log.some(({ msg, reason }) => msg === "a version was refused" && /part@3/.test(String(reason))),
    );
    await load.stop();
    t.deepEqual(load.failures, []);
    await copyFile(models.rejecting, join(folder, "whole"));
    await rename(join(folder, "whole"), join(folder, "part@3.safetensors"));
    await until("version 3 serves", async () => (await statusOf(service)).serving === 3);
  },
);

test.serial(
  "the choice of a version is kept in the folder, and one that is not there is refused",
  async (t) => {
    const service = await running(t, models);
    const { folder, ask } = service;
    t.is((await ask("/models/part/serving", put(1))).status, 200);
    t.is(await readFile(join(folder, "part.serve"), "utf8"), "1\n");
    const again = await running(t, models);
    await writeFile(join(again.folder, "part.serve"), "1");
    await until("version 1 serves", async () => (await statusOf(again)).serving === 1);
    t.is((await statusOf(again)).pinned, 1);
    const missing = await ask("/models/part/serving", put(7));
    t.deepEqual(
      [missing.status, ((await missing.json()) as { code: string }).code],
      [404, "MODEL_NOT_FOUND"],
    );
    t.is((await statusOf(service)).serving, 1);
  },
);

test.serial("only so many of the newest versions are in memory, and misnamed files are named", async (t) => {
  const service = await running(t, models, { versions: 1 });
  const { folder, ask } = service;
  await models.put(folder, "part@3", models.rejecting);
  await models.put(folder, "part@x", models.rejecting);
  await models.put(folder, "part@1", models.rejecting);
  const states = async () => (await statusOf(service)).versions.map(({ state }) => state).join();
  await until("version 3 alone is in memory", async () => (await states()) === "serving,kept,kept");
  const { misnamed } = (await (await ask("/models")).json()) as {
    misnamed: { file: string; reason: string }[];
  };
  t.deepEqual(
    misnamed.map(({ file }) => file),
    ["part@1.safetensors", "part@x.safetensors"],
  );
  t.is((await ask("/models/part/versions/2/inspect", { method: "POST", body: image })).status, 404);
});

test.serial(
  "a model without a version that can be loaded is not ready, and neither is the service",
  async (t) => {
    const service = await running(t, models);
    await putBroken(service.folder, "other");
    await until("it is refused", async () => (await service.ask("/v2/health/ready")).status === 503);
    const response = await service.ask("/models/other/inspect", { method: "POST", body: image });
    t.deepEqual(
      [response.status, ((await response.json()) as { code: string }).code],
      [503, "MODEL_NOT_READY"],
    );
    t.truthy(response.headers.get("retry-after"));
    await rm(join(service.folder, "other.safetensors"));
    await until("it is ready again", async () => (await service.ask("/v2/health/ready")).status === 200);
  },
);
