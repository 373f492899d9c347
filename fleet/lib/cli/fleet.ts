import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import type { FleetJob, JobStatus } from "../client/fleet-job.js";
import { Fleet, type FleetAddress } from "../client/fleet.js";
import type { JobKind, JobRequest } from "../jobs/job.js";
import { addAddress, runCommand, type CommandContext } from "./context.js";
import { wholeNumber } from "./worker.js";

/** The flags of `fleet submit`. */
interface SubmitFlags {
  images?: string;
  model?: string;
  option?: Record<string, unknown>;
  product?: string;
  priority?: number;
  wait?: true;
}

/**
 * Runs `fleet`.
 *
 * @param args What follows `fleet`.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for arguments that are not allowed; whatever `Fleet` does.
 */
export function runFleet(args: readonly string[], context: CommandContext): Promise<void> {
  return runCommand(fleetCommand(context), "fleet", args);
}

/** `fleet`: its commands and flags. */
export function fleetCommand(context: CommandContext): Command {
  const { print } = context;
  const command = new Command("reverse-distillation fleet").description(
    "submit jobs to a fleet of workers, and follow them",
  );

  /** A command that is connected to the fleet while it runs. */
  const add = (
    usage: string,
    description: string,
    run: (fleet: Fleet, argument: string, flags: { out?: string }) => Promise<void>,
  ) =>
    addAddress(command.command(usage))
      .description(description)
      .action(async (...given: unknown[]) => {
        const flags = given.at(-2) as FleetAddress & { out?: string };
        await using fleet = await Fleet.connect(flags);
        await run(fleet, given[0] as string, flags);
      });

  const submit = command.command("submit").description("submit a job, and print its id");
  for (const kind of ["train", "calibrate", "score", "export"] as const) {
    const each = addAddress(submit.command(kind)).description(descriptions[kind]);
    if (kind !== "train") each.requiredOption("--model <file>", "the model");
    if (kind !== "export") each.requiredOption("--images <folder>", "the folder of images");
    each
      .option(
        "-o, --option <name=value>",
        "an option of the API, such as epochs=40 or regions=true; can be given again",
        collectOption,
      )
      .option("--product <name>", "the product that the job belongs to")
      .option("--priority <n>", "from 1, which goes first, to 1000; 100 unless given", wholeNumber)
      .option("--wait", "follow the job until it has ended")
      .action(async (flags: SubmitFlags & FleetAddress) => {
        await using fleet = await Fleet.connect(flags);
        const job = await fleet.submit(requestOf(kind, flags), flags);
        print(job.id);
        if (flags.wait) await follow(context, job);
      });
  }
  add(
    "status [job]",
    "print the state of a job, or how many jobs are in each",
    async (fleet, id?: string) => {
      if (id === undefined) print(JSON.stringify(await fleet.counts()));
      else print(JSON.stringify(await fleet.job(id).status()));
    },
  );
  add("progress <job>", "print the progress of a job until it has ended", async (fleet, id) =>
    follow(context, fleet.job(id)),
  );
  add("result <job>", "wait for a job, and print its result", async (fleet, id, { out }) => {
    const result = await fleet.job(id).result(context.signal);
    if (out !== undefined) {
      await mkdir(out, { recursive: true });
      for (const file of result.files) await fleet.download(file, join(out, basename(file.name)));
    }
    print(JSON.stringify(result));
  }).option("--out <folder>", "copy the files of the result into this folder");
  add("cancel <job>", "cancel a job and remove it", async (fleet, id) => {
    if (!(await fleet.job(id).cancel())) context.note(`There is no unfinished job ${id}.`);
  });
  add("dead", "list the jobs that were given up, the latest first", async (fleet) => {
    for (const letter of await fleet.deadLetters()) print(JSON.stringify(letter));
  });
  add("retry <job>", "take a job out of the dead letters and into the queue", (fleet, id) => fleet.retry(id));
  add("forget <job>", "remove a job and its result, so that it can be computed again", (fleet, id) =>
    fleet.forget(id),
  );
  return command;
}

const descriptions: Record<JobKind, string> = {
  train: "train a model on images of good parts",
  calibrate: "set a model's thresholds by the scores of good parts",
  score: "score a set of images",
  export: "write a model as ONNX",
};

async function follow({ print, signal, markFailed }: CommandContext, job: FleetJob): Promise<void> {
  let last: JobStatus | undefined;
  for await (const status of job.progress(signal)) print(JSON.stringify((last = status)));
  if (last?.state === "failed") markFailed();
}

/** The options are checked by the worker, as those of the API are. */
function requestOf(kind: JobKind, { images, model, option: options }: SubmitFlags): JobRequest {
  const given = kind === "export" ? { format: "onnx", ...options } : options;
  return { kind, images, model, options: given } as unknown as JobRequest;
}

/** Values are JSON where they can be, and texts otherwise: epochs=40, calibrate=false, weights=imagenet. */
function collectOption(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, name, value] = /^([a-zA-Z]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be <name>=<value>.");
  try {
    return { ...before, [name]: JSON.parse(value!) as unknown };
  } catch {
    return { ...before, [name]: value };
  }
}
