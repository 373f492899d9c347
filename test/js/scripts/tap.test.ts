import test from "ava";
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
