import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildNative } from "../native-build.js";
import type { FuzzOptions } from "./options.js";

const corpusFile = "test/fuzz/native/corpus.txt";

/**
 * Fuzzes native code with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
 *
 * @returns what is wrong, and the input that shows it.
 */
export async function fuzzNative(root: string, { names, ...options }: FuzzOptions): Promise<string[]> {
  if (spawnSync("clang++", ["--version"]).status !== 0) {
    console.error(
      "SKIPPED: native code: libFuzzer needs clang 14 or later (Debian, Ubuntu: apt install clang).",
    );
    return [];
  }
  const { tree } = await buildNative(root, {
    targets: ["fuzz"],
    variant: {
      name: "fuzz",
      settings: {
        SANITIZE: "address,undefined",
        CMAKE_C_COMPILER: "clang",
        CMAKE_CXX_COMPILER: "clang++",
      },
    },
  });
  const program = join(tree, "reverse_distillation_fuzz");
  const all = execFileSync(program, { encoding: "utf8" }).trim().split("\n");
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new Error(`There is no native target "${unknown}"; there are ${all.join(", ")}.`);

  const failures: string[] = [];
  for (const name of names.length > 0 ? names : all) {
    const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
    try {
      const failure = await fuzzTarget(program, name, folder, stored(root, name), options);
      if (failure !== undefined) failures.push(failure);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return failures;
}

/** The inputs in the repository that are for a target. */
function stored(root: string, target: string): Buffer[] {
  const lines = readFileSync(join(root, corpusFile), "utf8").split("\n");
  return lines
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
    .filter(([name]) => name === target)
    .map(([, input = ""]) => Buffer.from(input, "base64"));
}

async function fuzzTarget(
  program: string,
  name: string,
  folder: string,
  inputs: Buffer[],
  { seconds, seed }: Omit<FuzzOptions, "names">,
): Promise<string | undefined> {
  const corpus = join(folder, "corpus");
  const found = join(folder, "found-");
  mkdirSync(corpus);
  for (const [index, input] of inputs.entries()) writeFileSync(join(corpus, String(index)), input);
  const child = spawn(
    program,
    [
      `--target=${name}`,
      `-max_total_time=${seconds}`,
      `-seed=${seed}`,
      `-artifact_prefix=${found}`,
      "-max_len=1024",
      "-timeout=60",
      "-verbosity=0",
      "-print_final_stats=1",
      corpus,
    ],
    {
      stdio: ["ignore", "inherit", "pipe"],
      env: {
        ...process.env,
        ASAN_OPTIONS: "allocator_may_return_null=1",
        UBSAN_OPTIONS: "print_stacktrace=1",
      },
    },
  );
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...ended) => resolve(ended));
  });
  const runs = /number_of_executed_units: (\d+)/.exec(told)?.[1] ?? "0";
  console.log(`${name}: ${runs} inputs, ${readdirSync(corpus).length} kept`);
  if (code === 0) return undefined;
  const shown = readdirSync(folder).find((file) => file.startsWith("found-"));
  const input = shown === undefined ? "" : readFileSync(join(folder, shown)).toString("base64");
  return `${told}\nThe target ${name} ended with ${signal ?? `exit code ${code}`}. A line for ${corpusFile}:\n${name} ${input}`;
}
