import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { numberSettings } from "../lib/index.js";
import { flagName } from "../lib/serve.js";
import { Tokens } from "../lib/access/tokens.js";
import { good, png, TestModels } from "./support/models.js";
import { until } from "./support/running.js";

const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

/** Runs the command line of the built packages to its end. */
function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, "serve", ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Starts the service in a process of its own. */
async function start(t: ExecutionContext, ...flags: string[]) {
  const folder = await temporaryFolder(t);
  await models.put(folder, "part", models.rejecting);
  const args = [cli, "serve", folder, "--port", "0", "--threads", "1", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  const log: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) =>
    log.push(JSON.parse(line) as Record<string, unknown>),
  );
  const listening = () => log.find(({ msg }) => msg === "listening");
  await until("it listens", () => listening() !== undefined);
  return { child, log, url: String(listening()!.url) };
}

test("help names every flag with its default, and the README does too", async (t) => {
  const { code, stdout } = await run("--help");
  t.is(code, 0);
  const readme = await readFile(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
  for (const [name, setting] of Object.entries(numberSettings)) {
    t.true(stdout.includes(flagName(name)), name);
    const row = readme.split("\n").find((line) => line.startsWith(`| \`${flagName(name)}\``));
    t.true(row?.includes(`\`${setting.default}\``), `${name} in README.md`);
  }
});

test("wrong arguments are usage errors", async (t) => {
  const folder = await temporaryFolder(t);
  const cases: [args: string[], code: number, message: RegExp][] = [
    [
      [],
      2,
      /^error: missing required argument 'folder' \(use serve --help for usage\) \(INVALID_ARGUMENT\)\n$/,
    ],
    [[folder, "--nonsense"], 2, /unknown option '--nonsense'/],
    [[folder, "--port", "x"], 2, /not a whole number/],
    [[folder, "--port", "70000"], 2, /port must be a whole number from 0 to 65535; got 70000/],
    [[folder, "--host", "0.0.0.0"], 2, /listens only on the loopback/],
    [[join(folder, "absent"), "--port", "0"], 1, /ENOENT/],
  ];
  for (const [args, code, message] of cases) {
    const ended = await run(...args);
    t.regex(ended.stderr, message);
    t.is(ended.code, code, ended.stderr);
  }
});

test("token prints a token once and keeps its digest", async (t) => {
  const file = join(await temporaryFolder(t), "tokens");
  const { code, stdout } = await run("token", file, "--name", "line-3", "--role", "inspect");
  t.is(code, 0);
  t.deepEqual((await Tokens.read(file)).callerOf(stdout.trim()), { role: "inspect", name: "line-3" });
});

test.serial("it serves until SIGTERM, answers what runs then, and ends with 0", async (t) => {
  const { child, url, log } = await start(t, "--batch", "1");
  const image = await png({ ...good });
  const ask = () => fetch(`${url}/models/part/inspect`, { method: "POST", body: image });
  t.is((await ask()).status, 200);
  const answers = Array.from({ length: 4 }, async () => (await ask()).status);
  await until("one of them is answered", () => log.filter(({ msg }) => msg === "inspected").length > 1);
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  t.deepEqual(await Promise.all(answers), [200, 200, 200, 200]);
  t.deepEqual(await ended, [0, null]);
  t.is(log.at(-1)!.msg, "ended");
});
