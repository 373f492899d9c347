import { waitingThreads } from "./scripts/waiting-threads.mjs";

export default {
  files: ["test/js/**/*.test.ts", "service/test/**/*.test.ts", "fleet/test/**/*.test.ts"],
  extensions: { ts: "module" },
  require: ["./test/js/support/processor-time.ts"],
  nodeArguments: ["--import=tsx"],
  // tsx is loaded by processes, not by worker threads.
  workerThreads: false,
  // Most of a file's time goes by on one core: Node starts, modules load, a child process runs.
  concurrency: 2,
  environmentVariables: waitingThreads,
  timeout: "10m",
  failWithoutAssertions: true,
};
