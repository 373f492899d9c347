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
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import nodeGypBuild from "node-gyp-build";
import { inspectLibTorch, type LibTorch } from "../../../lib/native/libtorch/inspect.js";
import { tryOut, type TrialSubject } from "../../../lib/native/trial.js";
import { compile, fakeImplementation, openableLibTorch, temporaryFolder } from "../support/fake-libtorch.js";

const loader = nodeGypBuild.path(fileURLToPath(new URL("../../..", import.meta.url)));
const builds = [{ backend: "cpu", minor: "2.13" }] as const;

interface Scene {
  subject: TrialSubject;
  env: NodeJS.ProcessEnv;
  /** How often a trial has opened LibTorch. */
  count: () => number;
  /** The names of the verdicts that are kept. */
  kept: () => string[];
}

/** A LibTorch that does this, in C, when it is opened. */
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

test("what opens is tried once, until one of its files is another", (t) => {
  const { subject, env, count, kept } = scene(t);
  t.is(tryOut(subject, env), undefined);
  t.is(tryOut(subject, env), undefined);
  t.is(count(), 1);
  t.is(kept().length, 1);
  utimesSync(subject.implementation.path, 1, 1);
  t.is(tryOut(subject, env), undefined);
  t.is(count(), 2);
});

test("what crashes is refused with the signal, and tried once", (t) => {
  for (const [signal, source] of [
    ["SIGSEGV", "raise(SIGSEGV);"],
    ["SIGILL", "__builtin_trap();"],
    ["SIGABRT", "abort();"],
  ] as const) {
    const { subject, env, count } = scene(t, source);
    const reason = `opening it ended a trial process with ${signal}; \`npx reverse-distillation doctor\` tells more`;
    t.is(tryOut(subject, env), reason);
    t.is(tryOut(subject, env), reason);
    t.is(count(), 1);
  }
});

test("what ends the process in order is refused too", (t) => {
  const { subject, env } = scene(t, "_exit(7);");
  t.regex(tryOut(subject, env) ?? "", /^opening it ended a trial process with exit code 7; /);
});

test("a trial that something else has killed says nothing, and is repeated", (t) => {
  const { subject, env, count, kept } = scene(t, "raise(SIGKILL);");
  t.is(tryOut(subject, env), undefined);
  t.deepEqual(kept(), []);
  t.is(tryOut(subject, env), undefined);
  t.is(count(), 2);
});

test("a LibTorch of another version than its folder says is refused", (t) => {
  const { subject, env } = scene(t);
  const { directory } = subject.libtorch;
  openableLibTorch(directory, "2.12");
  t.is(
    tryOut(subject, env),
    `the native addon was built against LibTorch 2.13 and does not run on LibTorch 2.12 (${directory}/lib/libtorch_cpu.so)`,
  );
});

test("trials can be turned off", (t) => {
  const { subject, env, count } = scene(t, "abort();");
  t.is(tryOut(subject, { ...env, REVERSE_DISTILLATION_TRIAL: "0" }), undefined);
  t.is(count(), 0);
});

test("options of Node's for this process are none for the trial's", (t) => {
  const { subject, env, count } = scene(t);
  t.is(tryOut(subject, { ...env, NODE_OPTIONS: "--require /nonexistent" }), undefined);
  t.is(count(), 1);
});

test("without a cache that can be written to, the verdict holds for this time", (t) => {
  const { subject, count } = scene(t, "abort();");
  const file = join(dirname(subject.implementation.path), "file");
  writeFileSync(file, "");
  const env = { REVERSE_DISTILLATION_CACHE: file };
  for (const times of [1, 2]) {
    t.regex(tryOut(subject, env) ?? "", /SIGABRT/);
    t.is(count(), times);
  }
});

test("a verdict that is damaged is found out anew", (t) => {
  const { subject, env, count, kept } = scene(t, "abort();");
  t.regex(tryOut(subject, env) ?? "", /SIGABRT/);
  const folder = join(env.REVERSE_DISTILLATION_CACHE!, "trials");
  writeFileSync(join(folder, kept()[0]!), "{");
  t.regex(tryOut(subject, env) ?? "", /SIGABRT/);
  t.is(count(), 2);
});

test("a program that is not Node proves nothing", (t) => {
  const { subject, env, count } = scene(t);
  const program = join(dirname(subject.implementation.path), "application");
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, "#!/bin/sh\necho an application\nexit 3\n");
  chmodSync(program, 0o755);
  const { execPath } = process;
  t.teardown(() => (process.execPath = execPath));
  process.execPath = program;
  t.is(tryOut(subject, env), undefined);
  t.is(count(), 0);
});
