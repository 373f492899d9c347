import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { TapReader } from "../../../scripts/tap.mjs";
import { TestTimes } from "../../../scripts/test-times.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function read(lines: string[]): TapReader & { told: string[] } {
  const told: string[] = [];
  const tap = new TapReader((line) => told.push(line));
  for (const line of lines) tap.read(line);
  return Object.assign(tap, { told });
}

test("tests that pass, fail and are skipped are counted", (t) => {
  const tap = read([
    "TAP version 13",
    "ok 1 - adds",
    "not ok 2 - subtracts",
    "  ---",
    "  message: off by one",
    "  ...",
  ]);
  tap.read("ok 3 - multiplies # SKIP no data");
  tap.read("ok - divides");
  tap.read("1..4");
  t.like(tap, { passed: 2, failed: 1, skipped: 1, planned: 4, reported: 4 });
  t.true(tap.told.some((line) => line.includes("off by one")));
});

test("a test whose title has a number sign is no directive", (t) => {
  t.like(read(["ok 1 - issue # 7 is fixed"]), { passed: 1, skipped: 0 });
});

test("bailing out is a failure", (t) => {
  t.like(read(["Bail out! no memory"]), { failed: 1 });
});

test("the slowest files are named, with the processor time that their processes told", (t) => {
  const times = new TestTimes();
  t.deepEqual(Object.keys(times.env), ["REVERSE_DISTILLATION_TEST_TIMES"]);
  const file = times.env.REVERSE_DISTILLATION_TEST_TIMES;
  for (const line of ["0.4\ta.test.ts", "20.31\tb.test.ts", "3\tc.test.ts"])
    appendFileSync(file, `${line}\n`);
  t.is(times.summary(2), "24 s of processor time: b.test.ts 20 s, c.test.ts 3 s");
  t.is(new TestTimes().summary(2), "");
});

test("a process of tests tells the processor time of its own and of its children", (t) => {
  const times = new TestTimes();
  const computing = "const end = process.cpuUsage().user + 4e5; while (process.cpuUsage().user < end);";
  const source = `
    import { execFileSync } from "node:child_process";
    import test from "ava";
    test("computes", (t) => {
      ${computing}
      execFileSync(process.execPath, ["-e", ${JSON.stringify(computing)}]);
      t.pass();
    });`;
  const folder = mkdtempSync(join(root, "test", "js", "scripts", "times-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "computing.test.ts");
  writeFileSync(file, source);
  execFileSync(process.execPath, ["node_modules/ava/entrypoints/cli.mjs", file], {
    cwd: root,
    env: { ...process.env, ...times.env },
  });
  const told = /^(\d+) s of processor time: (\S+) \d+ s$/.exec(times.summary(1));
  t.is(told?.[2], relative(root, file));
  t.true(Number(told![1]) >= 1, told![0]);
});
