import { spawnSync } from "node:child_process";
import anyTest, { type TestFn } from "ava";
import { chromium, type Browser } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome"];
const executable = [process.env.CHROMIUM, ...names].find(
  (name) => name && spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
);

/** ava's `test.serial` where there is a browser; otherwise its `skip`, after saying so. */
export function testWithBrowser(): TestFn["skip"] | TestFn["serial"] {
  if (executable !== undefined) return anyTest.serial;
  console.error("SKIPPED: tests that need Chromium (Debian's package chromium, or its path in CHROMIUM)");
  return anyTest.skip;
}

export function openBrowser(): Promise<Browser> {
  const path = spawnSync("sh", ["-c", 'command -v "$0"', executable!], { encoding: "utf8" }).stdout.trim();
  // Chromium's sandbox does not work for root, as whom containers run tests.
  return chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
}
