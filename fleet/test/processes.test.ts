import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { folderOfImages } from "../../test/js/support/image-fixtures.js";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { flagName } from "../lib/cli/worker.js";
import { numberSettings } from "../lib/index.js";
import { comparable } from "./support/comparable.js";
import { killAgainAndAgain } from "./support/kill-trial.js";
import { small } from "./support/parts.js";
import { isInstalled } from "./support/redis-server.js";
import { runningFleet } from "./support/running-fleet.js";
import { trainForLong } from "./support/stall-trial.js";
import { cli, WorkerProcess } from "./support/worker-process.js";

if (!isInstalled) console.error("SKIPPED: tests of worker processes: redis-server is not installed");
const withRedis = isInstalled ? test.serial : test.serial.skip;

/** Runs the command line of the built packages to its end. */
function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

withRedis(
  "jobs of killed workers end once, with the bytes that one worker gives, also if Redis is killed",
  async (t) => {
    const trial = { everySeconds: 3, most: 6, random: Math.random };
    const report = await killAgainAndAgain(await temporaryFolder(t), 20, trial);
    t.log(JSON.stringify(report));
    t.deepEqual(report.wrong, []);
    t.true(report.kills > 0);
  },
);

withRedis("a training that computes on every core keeps its lock", async (t) => {
  const report = await trainForLong(await temporaryFolder(t), 12, 3, 64);
  t.log(JSON.stringify(report));
  t.like(report, { stalled: 0, begun: 1 });
  t.true(report.seconds > 3);
});

withRedis("a worker that is told to end gives its training back, and another one goes on", async (t) => {
  const { fleet, folder, store, redis, work, log } = await runningFleet(t);
  const images = await folderOfImages(join(folder, "images"), 6);
  const options = { ...small, epochs: 40 };
  const flags = ["--redis", redis.address, "--store", store, "--scratch", join(folder, "other")];
  const first = new WorkerProcess(...flags);
  t.teardown(() => first.end("SIGKILL"));
  const job = await fleet.submit({ kind: "train", images, options });
  for await (const { progress } of job.progress()) if (progress?.phase === "training") break;
  t.is(await first.end("SIGTERM"), 0);
  t.is(first.log.at(-1)?.msg, "given back");
  t.like(await job.status(), { state: "waiting", failure: null });
  t.deepEqual(await readdir(join(store, "checkpoints")), [job.id]);
  t.deepEqual(await readdir(join(folder, "other")), []);

  await work();
  const { files } = await job.result();
  t.is(log.filter(({ msg }) => msg === "resumed").length, 1);
  await fleet.download(files[0]!, join(folder, "resumed.safetensors"));
  await fleet.forget(job.id);
  await rm(join(store, "files"), { recursive: true });
  const again = await (await fleet.submit({ kind: "train", images, options })).result();
  t.is(log.filter(({ msg }) => msg === "resumed").length, 1);
  await fleet.download(again.files[0]!, join(folder, "whole.safetensors"));
  const [resumed, whole] = ["resumed", "whole"].map((name) =>
    comparable(join(folder, `${name}.safetensors`)),
  );
  t.is(await resumed, await whole);
});

withRedis("a fleet is used from the command line", async (t) => {
  const { folder, store, redis, work } = await runningFleet(t);
  await work();
  const images = await folderOfImages(join(folder, "images"), 6);
  const place = ["--redis", redis.address, "--store", store];
  const fleet = (command: string, ...args: string[]) =>
    run("fleet", ...command.split(" "), ...place, ...args);
  const options = ["-o", "imageSize=64", "-o", "epochs=1", "-o", "calibrate=false"];
  const trained = await fleet("submit train", "--images", images, ...options, "--wait");
  t.is(trained.code, 0, trained.stderr);
  const [id, ...states] = trained.stdout.trim().split("\n");
  t.like(JSON.parse(states.at(-1)!), { state: "completed" });
  const out = join(folder, "out");
  const result = await fleet("result", id!, "--out", out);
  t.like(JSON.parse(result.stdout), { job: id, kind: "train", summary: { images: 6, epochs: 1 } });
  const model = join(out, "model.safetensors");
  const inspected = await run("inspect", model);
  t.is(inspected.code, 0, inspected.stderr);

  const scored = await fleet(
    "submit score",
    "--model",
    model,
    "--images",
    images,
    "--wait",
    "-o",
    "regions=true",
  );
  t.is(scored.code, 1);
  const { stdout } = await fleet("dead");
  t.like(JSON.parse(stdout), { job: scored.stdout.split("\n")[0], code: "NOT_CALIBRATED", kind: "score" });
  t.is((await fleet("forget", scored.stdout.split("\n")[0]!)).code, 0);
  t.deepEqual(JSON.parse((await fleet("status")).stdout), {
    ...{ waiting: 0, delayed: 0, active: 0, completed: 1, failed: 0 },
  });
  t.like(JSON.parse((await fleet("status", id!)).stdout), { state: "completed" });
  t.regex((await fleet("cancel", id!)).stderr, /There is no unfinished job/);
  t.regex((await fleet("retry", id!)).stderr, /is not in the dead letters/);
});

test("help names every flag of worker, and the README does with its default", async (t) => {
  const { code, stdout } = await run("worker", "--help");
  t.is(code, 0);
  const readme = await readFile(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
  for (const [name, setting] of Object.entries(numberSettings)) {
    t.true(stdout.includes(flagName(name)), name);
    const row = readme.split("\n").find((line) => line.startsWith(`| \`${flagName(name)}\``));
    t.true(row?.includes(`\`${setting.default}\``), `${name} in README.md`);
  }
});

test("wrong arguments are usage errors, and a Redis that is not there is named without its password", async (t) => {
  const store = await temporaryFolder(t);
  await mkdir(join(store, "images"));
  const redis = ["--redis", "redis://:secret@127.0.0.1:1"];
  const cases: [args: string[], code: number, message: RegExp][] = [
    [["worker", "--store", store], 2, /required option '--redis <url>' not specified \(use worker --help/],
    [["worker", ...redis, "--store", store, "--jobs", "x"], 2, /not a whole number/],
    [
      ["worker", ...redis, "--store", store, "--jobs", "0"],
      2,
      /jobs must be a whole number from 1 to 64; got 0/,
    ],
    [["worker", ...redis, "--store", store, "--queue", "a b"], 2, /queue must have/],
    [["worker", "--redis", "http://host", "--store", store], 2, /The address of Redis must be/],
    [["worker", ...redis, "--store", join(store, "absent")], 1, /is not a folder/],
    [["worker", ...redis, "--store", store], 1, /Redis at redis:\/\/127.0.0.1:1 cannot be reached/],
    [["fleet"], 2, /use fleet --help/],
    [["fleet", "nonsense"], 2, /nonsense/],
    [["fleet", "submit", "train", ...redis, "--store", store], 2, /required option '--images <folder>'/],
    [
      ["fleet", "submit", "train", ...redis, "--store", store, "--images", "x", "-o", "epochs"],
      2,
      /name>=<value/,
    ],
    [["fleet", "status", ...redis, "--store", store], 1, /cannot be reached/],
  ];
  for (const [args, code, message] of cases) {
    const ended = await run(...args);
    t.regex(ended.stderr, message);
    t.false(ended.stderr.includes("secret"));
    t.is(ended.code, code, ended.stderr);
  }
});
