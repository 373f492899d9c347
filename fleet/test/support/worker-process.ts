import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The command line of the built packages. */
export const cli = fileURLToPath(new URL("../../../dist/cli.js", import.meta.url));

/** A worker in a process of its own, as users start it. */
export class WorkerProcess {
  readonly process: ChildProcess;
  /** The lines of its log so far. */
  readonly log: { msg: string; job?: string }[] = [];

  /** @param flags Beside those that every worker of a test has: one thread on the CPU. */
  constructor(...flags: string[]) {
    const args = [cli, "worker", "--device", "cpu", "--threads", "1", ...flags];
    this.process = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    createInterface({ input: this.process.stdout! }).on("line", (line) =>
      this.log.push(JSON.parse(line) as (typeof this.log)[0]),
    );
  }

  /** Ends it with a signal; resolves with its exit code once it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = once(this.process, "exit");
      this.process.kill(signal);
      await gone;
    }
    return this.process.exitCode;
  }
}
