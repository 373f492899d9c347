import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { ReverseDistillationError } from "../errors/error.js";
import type { CommandContext } from "./context.js";

/** What a package exports that has a command: a function that runs it with the arguments that follow its name. */
type Run = (
  args: readonly string[],
  context: Pick<CommandContext, "signal" | "print" | "note" | "markFailed">,
) => Promise<void>;

/** A command of a package that need not be installed. */
interface CommandElsewhere {
  name: string;
  description: string;
  packageName: string;
  /** The name of the function that the package exports. */
  run: string;
}

/** The commands of other packages, which know their arguments and their help. */
export const commandsElsewhere: readonly CommandElsewhere[] = [
  {
    name: "serve",
    description: "serve a folder of models over HTTP",
    packageName: "reverse-distillation-service",
    run: "runServe",
  },
  {
    name: "worker",
    description: "take jobs of a fleet from a queue in Redis",
    packageName: "reverse-distillation-fleet",
    run: "runWorker",
  },
  {
    name: "fleet",
    description: "submit jobs to a fleet of workers, and follow them",
    packageName: "reverse-distillation-fleet",
    run: "runFleet",
  },
];

/** A command whose arguments are those of another package. */
export function commandElsewhere(context: CommandContext, elsewhere: CommandElsewhere): Command {
  const { name, description, packageName, run } = elsewhere;
  return new Command(name)
    .description(`${description}; needs the package ${packageName}`)
    .argument("[arguments...]", `as ${name} --help shows them, once the package is installed`)
    .allowUnknownOption()
    .action(async (_: string[], __: object, command: Command) => {
      const exports = await importPackage(name, packageName);
      await exports[run]!(command.args, context);
    });
}

/** The package beside this one or, where package managers keep packages apart, the one of the project. */
async function importPackage(command: string, packageName: string): Promise<Record<string, Run>> {
  const project = createRequire(pathToFileURL(join(process.cwd(), "package.json")));
  const places = [() => packageName, () => pathToFileURL(project.resolve(packageName)).href];
  let missing: unknown;
  for (const place of places) {
    try {
      return (await import(place())) as Record<string, Run>;
    } catch (error) {
      if (!isMissing(packageName, error)) throw error;
      missing = error;
    }
  }
  throw new ReverseDistillationError(
    "NOT_FOUND",
    `${command} needs the package ${packageName}, which is not installed. Run npm install ${packageName}.`,
    { cause: missing },
  );
}

/** Whether the package itself is missing, and not something that it needs. */
function isMissing(packageName: string, error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") &&
    new RegExp(`Cannot find (package|module) '${packageName}'`).test(message)
  );
}
