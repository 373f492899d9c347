/** Runs the stages of `npm run gpu` one after another. Uses built-ins only. */
import { performance } from "node:perf_hooks";
import { runStageProcess } from "./stage-process.mjs";
import { StageReader } from "./stage-reader.mjs";

/**
 * A program to run, in a process group of its own.
 *
 * @typedef {object} Stage
 * @property {string} name
 * @property {readonly string[]} command the program and its arguments.
 * @property {number} seconds after which it is killed, with everything that it started.
 * @property {"tests" | "results"} [expects] what it must deliver to pass.
 * @property {string} [skip] why this machine cannot run it.
 */

/**
 * What a stage delivered.
 *
 * @typedef {object} StageResult
 * @property {string} name
 * @property {"passed" | "failed" | "skipped"} status
 * @property {string} detail why it failed or was skipped, or a summary.
 * @property {number} seconds
 * @property {{ name: string, message: string }[]} failures the failed tests.
 * @property {Record<string, unknown>[]} results whatever it printed as JSON.
 * @property {string[]} output its last lines, if it failed.
 */

/**
 * Runs all stages, whatever becomes of each. Never rejects.
 *
 * @param {readonly Stage[]} stages
 * @param {object} options
 * @param {string} options.root the working folder.
 * @param {NodeJS.ProcessEnv} options.env
 * @param {number} options.minutes for all stages. What does not fit is cut short or skipped.
 * @param {import("./record.mjs").RunRecord} options.record
 * @param {(stages: readonly StageResult[]) => void} options.onStage called after every stage with all so far.
 * @param {AbortSignal} [options.signal] ends the running stage and skips the others.
 * @param {(line: string) => void} [options.print]
 * @returns {Promise<StageResult[]>}
 */
export async function runStages(
  stages,
  { root, env, minutes, record, onStage, signal, print = (line) => console.log(line) },
) {
  const deadline = performance.now() + minutes * 60_000;
  /** @type {StageResult[]} */
  const ended = [];
  let settings = env;
  for (const stage of stages) {
    const start = performance.now();
    print(`\n== ${stage.name}`);
    record.startLog(stage.name);
    const reader = new StageReader({
      result: (result) => {
        record.result({ stage: stage.name, ...result });
        print(`    ${JSON.stringify(result)}`);
      },
      report: print,
    });
    const left = Math.min(stage.seconds * 1000, deadline - start);
    /** @type {import("./stage-reader.mjs").Outcome} */
    let outcome;
    if (signal?.aborted) outcome = { status: "skipped", detail: "the run was interrupted" };
    else if (stage.skip !== undefined) outcome = { status: "skipped", detail: stage.skip };
    else if (left <= 0) outcome = { status: "skipped", detail: "no time left" };
    else {
      const { failure } = await runStageProcess(stage.command, {
        cwd: root,
        env: settings,
        limit: left,
        onLine: (line, stream) => {
          record.log(line);
          reader.read(line, stream);
        },
        signal,
      });
      outcome = reader.end(failure, stage.expects);
    }
    record.endLog();
    const seconds = Math.round((performance.now() - start) / 100) / 10;
    print(`${outcome.status.toUpperCase()}: ${stage.name}: ${outcome.detail} (${seconds} s)`);
    record.result({ stage: stage.name, ...outcome, seconds });
    ended.push({
      name: stage.name,
      ...outcome,
      seconds,
      failures: reader.failures,
      results: reader.results,
      output: outcome.status === "failed" ? reader.lastLines : [],
    });
    onStage(ended);
    // All later stages use the LibTorch that the build has found.
    const libtorch = reader.results.find((result) => typeof result.libtorch === "string")?.libtorch;
    if (libtorch !== undefined) settings = { ...settings, LIBTORCH: String(libtorch) };
  }
  return ended;
}
