import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { RunRecord } from "../../../scripts/gpu/record.mjs";
import { runStages } from "../../../scripts/gpu/run-stages.mjs";
import { temporaryFolder } from "../support/temporary-folder.js";

type Stages = Parameters<typeof runStages>[0];

/** Runs stages with `sh`, and returns their results and the folder that they are written to. */
async function runIn(folder: string, stages: Stages, minutes = 1) {
  const results = await runStages(stages, {
    root: folder,
    env: process.env,
    minutes,
    record: new RunRecord(folder),
    onStage: () => undefined,
    print: () => undefined,
  });
  return Object.fromEntries(results.map((result) => [result.name, result]));
}

const shell = (name: string, script: string, seconds = 20): Stages[number] => ({
  name,
  command: ["sh", "-c", script],
  seconds,
});

/** Whether a process is there and is no zombie. */
function isRunning(pid: string): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

async function ends(pid: string): Promise<boolean> {
  for (let attempt = 0; attempt < 50 && isRunning(pid); attempt++) await sleep(20);
  return !isRunning(pid);
}

test("whatever fails in one stage, the others deliver", async (t) => {
  const folder = await temporaryFolder(t);
  const results = await runIn(folder, [
    { ...shell("build", "echo 'test.cpp:1: error'; exit 2") },
    { name: "addon", command: ["/no/such/program"], seconds: 20 },
    { ...shell("operators", `echo '{"operator":"copy"}'; echo '{"operator":"blur"}'; kill -ABRT $$`) },
    { ...shell("hanging", "sleep 60 & echo '{\"pid\":1}'; wait", 0.3) },
    { ...shell("last", `echo '{"imagesPerSecond":7}'`), expects: "results" },
  ]);
  t.like(results.build, { status: "failed", detail: "exit code 2", output: ["test.cpp:1: error"] });
  t.is(results.addon?.status, "failed");
  t.regex(results.addon?.detail ?? "", /ENOENT/);
  t.like(results.operators, { status: "failed", detail: "2 results; killed by SIGABRT" });
  t.deepEqual(results.operators?.results, [{ operator: "copy" }, { operator: "blur" }]);
  t.regex(results.hanging?.detail ?? "", /was stopped$/);
  t.like(results.last, { status: "passed", results: [{ imagesPerSecond: 7 }] });
  const lines = readFileSync(join(folder, "gpu.jsonl"), "utf8").trimEnd().split("\n");
  const written = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  t.like(
    written.find(({ operator }) => operator === "blur"),
    { stage: "operators" },
  );
});

for (const [what, start] of [
  ["in the group", "sleep 60 &"],
  ["in a session of its own", "setsid sleep 60 &"],
] as const) {
  test(`the limit ends a hanging grandchild ${what}, which holds the output open`, async (t) => {
    const started = performance.now();
    const results = await runIn(await temporaryFolder(t), [
      shell("hanging", `${start} echo "{\\"pid\\":$!}"; wait; sleep 60`, 0.5),
    ]);
    t.true(performance.now() - started < 10_000);
    t.is(results.hanging?.status, "failed");
    t.true(await ends(String(results.hanging?.results[0]?.pid)));
  });

  test(`a grandchild ${what} does not outlive a stage that passes`, async (t) => {
    const results = await runIn(await temporaryFolder(t), [
      shell("leaving", `${start} echo "{\\"pid\\":$!}"`),
    ]);
    t.is(results.leaving?.status, "passed");
    t.true(await ends(String(results.leaving?.results[0]?.pid)));
  });
}

test("failed tests keep their names and messages, at once and in the results", async (t) => {
  const folder = await temporaryFolder(t);
  const tap = "ok 1 - adds\\nnot ok 2 - blurs\\n  ---\\n  message: wrong by 0.5\\n  ...\\n1..2\\n";
  const results = await runIn(folder, [{ ...shell("tests", `printf '${tap}'; exit 1`), expects: "tests" }]);
  t.deepEqual(results.tests?.failures, [{ name: "blurs", message: "  message: wrong by 0.5" }]);
  t.is(results.tests?.detail, "1 passed, 1 failed, 0 skipped; exit code 1");
  t.regex(readFileSync(join(folder, "gpu.jsonl"), "utf8"), /"failedTest":"blurs","message":".*wrong by 0.5"/);
});

test("a stage that delivers nothing fails, and one without support or time is skipped", async (t) => {
  const results = await runIn(await temporaryFolder(t), [
    { ...shell("silent", "true"), expects: "results" },
    { ...shell("all skipped", "printf 'ok 1 - a # SKIP no GPU\\n1..1\\n'"), expects: "tests" },
    shell("unsupported", `echo '{"skipped":"no device"}'; exit 1`),
  ]);
  t.like(results.silent, { status: "failed", detail: "nothing was measured" });
  t.is(results["all skipped"]?.status, "failed");
  t.like(results.unsupported, { status: "skipped", detail: "no device" });
  const late = await runIn(await temporaryFolder(t), [shell("late", "true")], 0);
  t.like(late.late, { status: "skipped", detail: "no time left" });
});
