export default {
  files: ["test/js/**/*.test.ts", "service/test/**/*.test.ts"],
  extensions: { ts: "module" },
  nodeArguments: ["--import=tsx"],
  // tsx is loaded by processes, not by worker threads.
  workerThreads: false,
  // Every file loads LibTorch, which takes the cores there are.
  concurrency: 1,
  timeout: "10m",
  failWithoutAssertions: true,
};
