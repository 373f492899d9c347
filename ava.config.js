export default {
  files: ["test/js/**/*.test.ts", "service/test/**/*.test.ts"],
  extensions: { ts: "module" },
  require: ["./test/js/support/processor-time.ts"],
  nodeArguments: ["--import=tsx"],
  // tsx is loaded by processes, not by worker threads.
  workerThreads: false,
  // Most of a file's time goes by on one core: Node starts, modules load, a child process runs.
  concurrency: 2,
  // OpenMP's threads would compute on while they wait for one that has no core, and keep it from getting one.
  environmentVariables: { OMP_WAIT_POLICY: "PASSIVE" },
  timeout: "10m",
  failWithoutAssertions: true,
};
