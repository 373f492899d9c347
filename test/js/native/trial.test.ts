import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import nodeGypBuild from "node-gyp-build";
import { inspectLibTorch, type LibTorch } from "../../../lib/native/libtorch/inspect.js";
import { tryOut, type TrialSubject } from "../../../lib/native/trial.js";
import { runNode } from "../support/child-process.js";
import { compile, fakeImplementation, openableLibTorch, temporaryFolder } from "../support/fake-libtorch.js";

const loader = nodeGypBuild.path(fileURLToPath(new URL("../../..", import.meta.url)));
const builds = [{ backend: "cpu", minor: "2.13" }] as const;

interface Scene {
  subject: TrialSubject;
  env: NodeJS.ProcessEnv;
  /** How many times a trial has opened LibTorch. */
  count: () => number;
  /** The file names of the cached verdicts. */
  kept: () => string[];
}

/** A LibTorch that runs this C code when it is opened. */
function scene(t: ExecutionContext, whenOpened = ""): Scene {
  const folder = temporaryFolder(t);
  const directory = openableLibTorch(join(folder, "torch"), "2.13");
  const log = join(folder, "opened");
  writeFileSync(log, "");
  compile(
    join(directory, "lib", "libc10.so"),
    `#define _GNU_SOURCE
     #include <fcntl.h>
     #include <signal.h>
     #include <stdlib.h>
     #include <unistd.h>
     __attribute__((constructor)) static void opened(void) {
       int file = open(${JSON.stringify(log)}, O_WRONLY | O_APPEND);
       (void)!write(file, "x", 1);
       ${whenOpened}
     }`,
  );
  const path = fakeImplementation(join(folder, "reverse_distillation-cpu-torch2.13.so"));
  const trials = join(folder, "cache", "trials");
  return {
    subject: {
      loader,
      implementation: { path, minor: "2.13" },
      libtorch: inspectLibTorch(directory, { builds }) as LibTorch,
    },
    env: { REVERSE_DISTILLATION_CACHE: join(folder, "cache") },
    count: () => readFileSync(log, "utf8").length,
    kept: () => (existsSync(trials) ? readdirSync(trials) : []),
  };
}

test("a LibTorch that opens is tried once, and again when one of its files changes", async (t) => {
  const { subject, env, count, kept } = scene(t);
  t.is(await tryOut(subject, { env }), undefined);
  t.is(await tryOut(subject, { env }), undefined);
  t.is(count(), 1);
  t.is(kept().length, 1);
  utimesSync(subject.implementation.path, 1, 1);
  t.is(await tryOut(subject, { env }), undefined);
  t.is(count(), 2);
});

test("a LibTorch that crashes is refused with the signal, and is tried once", async (t) => {
  for (const [signal, source] of [
    ["SIGSEGV", "raise(SIGSEGV);"],
    ["SIGILL", "__builtin_trap();"],
    ["SIGABRT", "abort();"],
  ] as const) {
    const { subject, env, count, kept } = scene(t, source);
    const reason = `a trial process that opened it ended with ${signal}; run \`npx reverse-distillation doctor\` for details`;
    t.is(await tryOut(subject, { env }), reason);
    const file = join(env.REVERSE_DISTILLATION_CACHE!, "trials", kept()[0]!);
    t.is(await tryOut(subject, { env }), `${reason} (remembered in ${file}; delete it to try again)`);
    t.is(count(), 1);
  }
});

test("a refusal counts for a day, and no longer than until somebody asks for another trial", async (t) => {
  const { subject, env, count, kept } = scene(t, "abort();");
  await tryOut(subject, { env });
  const file = join(env.REVERSE_DISTILLATION_CACHE!, "trials", kept()[0]!);
  const hour = 3600;
  utimesSync(file, 0, Date.now() / 1000 - 23 * hour);
  await tryOut(subject, { env });
  t.is(count(), 1);
  utimesSync(file, 0, Date.now() / 1000 - 25 * hour);
  await tryOut(subject, { env });
  t.is(count(), 2);
  await tryOut(subject, { env, again: true });
  t.is(count(), 3);
  t.is(kept().length, 1);
});

test("a lack of memory, threads or files is not remembered, and refuses a LibTorch only if it crashes the process", async (t) => {
  for (const [text, end] of [
    ["libgomp: Thread creation failed: Resource temporarily unavailable", "_exit(1);"],
    ["terminate called after throwing an instance of 'std::bad_alloc'", "abort();"],
    ["terminate called after throwing: Cannot allocate memory", "abort();"],
    ["FATAL ERROR: JavaScript heap out of memory", "__builtin_trap();"],
  ] as const) {
    const { subject, env, kept } = scene(t, `(void)!write(2, "${text}", ${text.length}); ${end}`);
    const reason = await tryOut(subject, { env });
    if (end === "_exit(1);") t.is(reason, undefined);
    else t.regex(reason ?? "", /ran out of memory or threads \(SIG(ABRT|ILL)\); raise the limits/);
    t.deepEqual(kept(), []);
  }
});

test("a trial that hangs is given up, and the event loop goes on meanwhile", async (t) => {
  const { subject, env, kept } = scene(t, "pause();");
  let turns = 0;
  const timer = setInterval(() => turns++, 100);
  const begin = performance.now();
  t.is(await tryOut(subject, { env }), undefined);
  clearInterval(timer);
  t.true(turns > 20, `${turns} turns`);
  t.true(performance.now() - begin < 60_000);
  t.deepEqual(kept(), []);
});

test("a LibTorch that exits the process is refused too, but not remembered", async (t) => {
  const { subject, env, kept } = scene(t, "_exit(7);");
  t.regex((await tryOut(subject, { env })) ?? "", /^a trial process that opened it ended with exit code 7; /);
  t.deepEqual(kept(), []);
});

test("a trial that was killed from outside is inconclusive, and is repeated", async (t) => {
  const { subject, env, count, kept } = scene(t, "raise(SIGKILL);");
  t.is(await tryOut(subject, { env }), undefined);
  t.deepEqual(kept(), []);
  t.is(await tryOut(subject, { env }), undefined);
  t.is(count(), 2);
});

test("a LibTorch whose version is not the one that its folder states is refused", async (t) => {
  const { subject, env } = scene(t);
  const { directory } = subject.libtorch;
  openableLibTorch(directory, "2.12");
  t.is(
    await tryOut(subject, { env }),
    `the native addon was built against LibTorch 2.13 and does not run on LibTorch 2.12 (${directory}/lib/libtorch_cpu.so)`,
  );
});

test("a trial that hangs does not outlive the process that ends meanwhile", async (t) => {
  const { subject, env, count } = scene(t, "pause();");
  const { code, stdout } = await runNode([
    "--input-type=module",
    "--eval",
    `import { readFileSync } from "node:fs";
     import { tryOut } from ${JSON.stringify(fileURLToPath(new URL("../../../lib/native/trial.ts", import.meta.url)))};
     const children = () => readFileSync("/proc/self/task/" + process.pid + "/children", "utf8").trim().split(" ");
     const before = children();
     void tryOut(${JSON.stringify(subject)}, { env: ${JSON.stringify(env)} });
     setTimeout(() => {
       console.log(children().filter((id) => !before.includes(id)).join());
       process.exit(7);
     }, 3000);`,
  ]);
  t.is(code, 7);
  t.regex(stdout, /^\d+\n$/);
  // A process that was killed is gone once its new parent has noticed.
  for (let i = 0; i < 100 && existsSync(`/proc/${stdout.trim()}/exe`); i++) await sleep(50);
  t.false(existsSync(`/proc/${stdout.trim()}/exe`));
  t.is(count(), 1);
});

test("trials can be disabled", async (t) => {
  const { subject, env, count } = scene(t, "abort();");
  t.is(await tryOut(subject, { env: { ...env, REVERSE_DISTILLATION_TRIAL: "0" } }), undefined);
  t.is(count(), 0);
});

test("the Node.js options of this process do not reach the trial's process", async (t) => {
  const { subject, env, count } = scene(t);
  t.is(await tryOut(subject, { env: { ...env, NODE_OPTIONS: "--require /nonexistent" } }), undefined);
  t.is(count(), 1);
});

test("without a writable cache, every call repeats the trial", async (t) => {
  const { subject, count } = scene(t, "abort();");
  const file = join(dirname(subject.implementation.path), "file");
  writeFileSync(file, "");
  const env = { REVERSE_DISTILLATION_CACHE: file };
  for (const times of [1, 2]) {
    t.regex((await tryOut(subject, { env })) ?? "", /SIGABRT/);
    t.is(count(), times);
  }
});

test("a damaged verdict is ignored, and the trial is repeated", async (t) => {
  const { subject, env, count, kept } = scene(t, "abort();");
  t.regex((await tryOut(subject, { env })) ?? "", /SIGABRT/);
  const folder = join(env.REVERSE_DISTILLATION_CACHE!, "trials");
  writeFileSync(join(folder, kept()[0]!), "{");
  t.regex((await tryOut(subject, { env })) ?? "", /SIGABRT/);
  t.is(count(), 2);
});

test("a trial is inconclusive if this process is not run by Node.js", async (t) => {
  const { subject, env, count } = scene(t);
  const program = join(dirname(subject.implementation.path), "application");
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, "#!/bin/sh\necho an application\nexit 3\n");
  chmodSync(program, 0o755);
  const { execPath } = process;
  t.teardown(() => (process.execPath = execPath));
  process.execPath = program;
  t.is(await tryOut(subject, { env }), undefined);
  t.is(count(), 0);
});
