import { fork } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Message, Task } from "./trainer.js";

/** The program of the process. It is a file beside this one, also when both are bundled. */
const program = fileURLToPath(new URL(`trainer${extname(import.meta.url)}`, import.meta.url));

/**
 * Trains in a process of its own, with a lower priority than inspections.
 *
 * @param signal Kills the process.
 * @returns the loss of each epoch.
 * @throws Error with a `code` if the training fails, or the process ends before its model is saved.
 */
export async function trainInProcess(
  task: Task,
  onMessage: (message: Message) => void,
  signal: AbortSignal,
): Promise<readonly number[]> {
  signal.throwIfAborted();
  const child = fork(program, { stdio: ["ignore", "ignore", "inherit", "ipc"], serialization: "advanced" });
  const kill = () => child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  let end: Message | undefined;
  child.on("message", (message: Message) => {
    if (message.type === "saved" || message.type === "failed") end = message;
    else if (!signal.aborted) onMessage(message);
  });
  // The process may be dead before it is told; that it has ended says so.
  child.send(task, () => undefined);
  try {
    const [code, by] = (await once(child, "close")) as [number | null, string | null];
    signal.throwIfAborted();
    if (end?.type === "saved") return end.losses;
    if (end?.type === "failed") throw Object.assign(new Error(end.message), { code: end.code });
    throw Object.assign(
      new Error(`The process of the training ended with ${by ?? `the exit code ${code}`}.`),
      {
        code: "INTERNAL",
      },
    );
  } finally {
    signal.removeEventListener("abort", kill);
  }
}
