import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { ReverseDistillationError } from "../errors/error.js";
import type { CommandContext } from "./context.js";

/** The package with the service. */
const packageName = "reverse-distillation-service";

/** What the package with the service exports. */
interface ServicePackage {
  runServe: (
    args: readonly string[],
    context: Pick<CommandContext, "signal" | "print" | "markFailed">,
  ) => Promise<void>;
}

/** `serve`, whose arguments are those of the package with the service. */
export function serveCommand(context: CommandContext): Command {
  return new Command("serve")
    .description(`serve a folder of models over HTTP; needs the package ${packageName}`)
    .argument("[arguments...]", "as serve --help shows them, once the package is installed")
    .allowUnknownOption()
    .action(async (_: string[], __: object, command: Command) => {
      const { runServe } = await importService();
      await runServe(command.args, context);
    });
}

/** The package beside this one or, where package managers keep packages apart, the one of the project. */
async function importService(): Promise<ServicePackage> {
  const project = createRequire(pathToFileURL(join(process.cwd(), "package.json")));
  const places = [() => packageName, () => pathToFileURL(project.resolve(packageName)).href];
  let missing: unknown;
  for (const place of places) {
    try {
      return (await import(place())) as ServicePackage;
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing = error;
    }
  }
  throw new ReverseDistillationError(
    "NOT_FOUND",
    `serve needs the package ${packageName}, which is not installed. Run npm install ${packageName}.`,
    { cause: missing },
  );
}

/** Whether the package itself is missing, and not something that it needs. */
function isMissing(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") &&
    new RegExp(`Cannot find (package|module) '${packageName}'`).test(message)
  );
}
