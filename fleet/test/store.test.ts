import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { fetchSet, putSet } from "../lib/store/image-set.js";
import { openStore, requireOneWinner, type Store } from "../lib/store/store.js";
import { StoredFiles } from "../lib/store/stored-files.js";
import { credentials, S3Server } from "./support/s3-server.js";

Object.assign(process.env, credentials);
const never = new AbortController().signal;

async function startS3(t: ExecutionContext): Promise<S3Server> {
  const server = await S3Server.start();
  t.teardown(() => server.close());
  return server;
}

const places: Record<
  string,
  (t: ExecutionContext) => Promise<{ store: Store; damage: (name: string) => Promise<void> }>
> = {
  "a folder": async (t) => {
    const folder = await temporaryFolder(t);
    return {
      store: await openStore(folder),
      damage: (name) => writeFile(join(folder, name), "damaged"),
    };
  },
  "a bucket": async (t) => {
    const server = await startS3(t);
    return {
      store: await openStore("s3://bucket/fleet", server.url),
      damage: (name) => {
        server.objects.set(`/bucket/fleet/${name}`, Buffer.from("damaged"));
        return Promise.resolve();
      },
    };
  },
};

for (const [place, open] of Object.entries(places)) {
  test(`in ${place}, what was put is there, replaced as a whole, and removed`, async (t) => {
    const { store } = await open(t);
    const folder = await temporaryFolder(t);
    const path = join(folder, "file");
    await writeFile(path, "one");
    t.false(await store.has("checkpoints/a"));
    t.is(await store.read("checkpoints/a"), undefined);
    t.false(await store.fetch("checkpoints/a", join(folder, "fetched")));
    await store.put("checkpoints/a", { path });
    await writeFile(path, "two, which is longer");
    await store.put("checkpoints/a", { path });
    t.true(await store.has("checkpoints/a"));
    t.is(await store.read("checkpoints/a"), "two, which is longer");
    t.true(await store.fetch("checkpoints/a", join(folder, "fetched")));
    t.is(await readFile(join(folder, "fetched"), "utf8"), "two, which is longer");
    await store.remove("checkpoints/a");
    await store.remove("checkpoints/a");
    t.false(await store.has("checkpoints/a"));
  });

  test(`in ${place}, of many that create a file at the same time one alone succeeds`, async (t) => {
    const { store } = await open(t);
    const created = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.create("results/a.json", String(index))),
    );
    t.is(created.filter((each) => each).length, 1);
    t.is(await store.read("results/a.json"), String(created.indexOf(true)));
  });

  test(`in ${place}, a set of images has the names that it had, and equal files are stored once`, async (t) => {
    const { store } = await open(t);
    const files = new StoredFiles(store);
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, "set", "good"), { recursive: true });
    for (const [name, text] of [
      ["good/a b.png", "a"],
      ["good/ü.png", "a"],
      ["c.png", "c"],
      [".hidden", "h"],
    ] as const)
      await writeFile(join(folder, "set", name), text);
    const set = await putSet(files, join(folder, "set"));
    t.deepEqual(await putSet(files, join(folder, "set")), set);
    const progress: number[] = [];
    await mkdir(join(folder, "fetched"));
    await fetchSet(files, set.sha256, join(folder, "fetched"), (done) => progress.push(done), never);
    const found = (await readdir(join(folder, "fetched"), { recursive: true })).sort();
    t.deepEqual(found, ["c.png", "good", "good/a b.png", "good/ü.png"]);
    t.is(await readFile(join(folder, "fetched", "good/ü.png"), "utf8"), "a");
    t.deepEqual(progress, [1, 2, 3]);
  });

  test(`in ${place}, a file that was damaged is recognised, and one that is missing`, async (t) => {
    const { store, damage } = await open(t);
    const files = new StoredFiles(store);
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "model"), "a model");
    const file = await files.put(join(folder, "model"));
    await files.copy(file, join(folder, "copy"));
    t.is(await readFile(join(folder, "copy"), "utf8"), "a model");
    const name = `files/${file.sha256.slice(0, 2)}/${file.sha256}`;
    await damage(name);
    await t.throwsAsync(files.copy(file, join(folder, "copy")), { code: "INVALID_FILE", message: /damaged/ });
    await store.remove(name);
    await t.throwsAsync(files.fetch(file, join(folder, "again")), {
      code: "NOT_FOUND",
      message: /Submit the job/,
    });
    t.is(await readFile(join(folder, "copy"), "utf8"), "a model");
    t.deepEqual((await readdir(folder)).sort(), ["copy", "model"]);
  });

  test(`in ${place}, a file whose content is not the expected one is not stored`, async (t) => {
    const { store } = await open(t);
    const path = join(await temporaryFolder(t), "file");
    await writeFile(path, "other");
    await t.throwsAsync(store.put("files/a", { path, sha256: "0".repeat(64) }), { code: "IO" });
    t.false(await store.has("files/a"));
  });
}

test("a list of images cannot name files outside of the set's folder", async (t) => {
  const files = new StoredFiles(await openStore(await temporaryFolder(t)));
  const folder = join(await temporaryFolder(t), "set");
  await mkdir(folder);
  for (const name of ["../escaped", "/etc/passwd", "a/../../b", "..", "."]) {
    const { sha256 } = await files.putText(
      JSON.stringify([{ name, sha256: "0".repeat(64), bytes: 1 }]),
      "list",
    );
    await t.throwsAsync(
      fetchSet(files, sha256, folder, () => undefined, never),
      { code: "INVALID_FILE" },
      name,
    );
    await rm(`${folder}.json`);
  }
});

test("a server that ignores conditions is refused before the first job", async (t) => {
  const server = await startS3(t);
  const store = await openStore("s3://bucket", server.url);
  await requireOneWinner(store);
  server.ignoresConditions = true;
  await t.throwsAsync(requireOneWinner(store), { code: "IO", message: /If-None-Match/ });
});

test.serial("requests with another secret are refused, and the error says so", async (t) => {
  const server = await startS3(t);
  const wrong = { ...credentials, AWS_SECRET_ACCESS_KEY: "wrong" };
  Object.assign(process.env, wrong);
  t.teardown(() => Object.assign(process.env, credentials));
  const store = await openStore("s3://bucket", server.url);
  await t.throwsAsync(store.create("a", "text"), { code: "IO", message: /status 403/ });
});

test("a server that fails for a moment is asked again", async (t) => {
  const server = await startS3(t);
  const store = await openStore("s3://bucket", server.url);
  await store.create("a", "text");
  server.failures.push(503);
  t.is(await store.read("a"), "text");
  t.deepEqual(server.failures, []);
});

test("addresses that are no store are refused", async (t) => {
  const folder = await temporaryFolder(t);
  await t.throwsAsync(openStore("https://bucket/x"), { code: "INVALID_ARGUMENT" });
  await t.throwsAsync(openStore(folder, "http://127.0.0.1:1"), { code: "INVALID_ARGUMENT" });
  await t.throwsAsync(openStore(join(folder, "absent")), { code: "NOT_FOUND" });
});
