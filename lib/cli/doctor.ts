import { Command, Option } from "commander";
import { diagnose } from "../doctor/diagnosis.js";
import { formatDiagnosis } from "../doctor/format.js";
import { runSelfTest, selfTestApart } from "../doctor/self-test.js";
import type { CommandContext } from "./context.js";

interface DoctorFlags {
  json?: boolean;
  selfTest?: boolean;
}

/** `doctor` */
export function doctorCommand(context: CommandContext): Command {
  return new Command("doctor")
    .description(
      "show what was detected and what is used, and score a test image; include the output in bug reports",
    )
    .option("--json", "print one JSON object")
    .addOption(
      new Option("--self-test", "only score the image, in this process, and print a JSON object").hideHelp(),
    )
    .addHelpText("after", "\nChanges nothing. The exit code is 0 if the image could be scored, and 1 if not.")
    .action((flags: DoctorFlags) => runDoctor(context, flags));
}

async function runDoctor(context: CommandContext, { json, selfTest }: DoctorFlags): Promise<void> {
  if (selfTest) {
    context.print(JSON.stringify(await runSelfTest()));
    return;
  }
  const command = [...process.execArgv, process.argv[1]!, "doctor", "--self-test"];
  const diagnosis = await diagnose(() => selfTestApart(command, context.signal));
  if (json) context.print(JSON.stringify(diagnosis, null, 2));
  else for (const line of formatDiagnosis(diagnosis)) context.print(line);
  if (!diagnosis.healthy) context.markFailed();
}
