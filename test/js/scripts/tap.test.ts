import test from "ava";
import { Stopwatch } from "../../../scripts/stopwatch.mjs";
import { TapReader } from "../../../scripts/tap.mjs";

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

test("the title of every test is told when it ends, also of one that fails or is skipped", (t) => {
  const titles: string[] = [];
  const tap = new TapReader(
    () => {},
    (title) => titles.push(title),
  );
  for (const line of ["ok 1 - test › js › a › adds", "not ok 2 - b", "ok 3 - c # SKIP", "Bail out!"])
    tap.read(line);
  t.deepEqual(titles, ["test › js › a › adds", "b", "c"]);
});

test("the slowest parts are named, with the time of all their laps", async (t) => {
  const stopwatch = new Stopwatch();
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  stopwatch.lap("first");
  await pause(600);
  stopwatch.lap("slow");
  await pause(600);
  stopwatch.lap("slow");
  t.regex(stopwatch.summary(1), /^\d+ s: slow [1-9]\d* s$/);
  t.regex(stopwatch.summary(2), /^\d+ s: slow [1-9]\d* s, first 0 s$/);
});
