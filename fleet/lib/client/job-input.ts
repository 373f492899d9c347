import { fileURLToPath } from "node:url";
import { ReverseDistillationError } from "reverse-distillation";
import {
  fileOptions,
  jobKinds,
  workerOptions,
  type GivenFile,
  type GivenImages,
  type JobInput,
  type JobKind,
  type JobRequest,
  type StoredFile,
} from "../jobs/job.js";
import { putSet } from "../store/image-set.js";
import type { StoredFiles } from "../store/stored-files.js";

/** What a request of each kind must name beside its options. */
const needed: Record<JobKind, readonly ("images" | "model")[]> = {
  train: ["images"],
  calibrate: ["model", "images"],
  score: ["model", "images"],
  export: ["model"],
};

/**
 * Puts the files of a request into the store, and describes the job by their digests.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, `NOT_FOUND`, `NO_IMAGES`, `IO`
 */
export async function inputOf(request: JobRequest, files: StoredFiles): Promise<JobInput> {
  if (!jobKinds.includes(request.kind))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `kind must be one of ${jobKinds.join(", ")}; got ${JSON.stringify(request.kind)}.`,
    );
  const input: JobInput = { kind: request.kind, files: {}, options: {} };
  for (const [name, value] of Object.entries(plainOptions(request.options ?? {}))) {
    const option = fileOptions.find((each) => each === name);
    // "imagenet" is no file: a worker has the weights in its cache, or downloads them.
    const isFile = typeof value === "string" && !(name === "weights" && value === "imagenet");
    if (request.kind !== "train" || option === undefined || !isFile) input.options[name] = value;
    else input.files[option] = await files.put(value.startsWith("file:") ? fileURLToPath(value) : value);
  }
  const given: { images?: GivenImages; model?: GivenFile } = request;
  for (const name of needed[request.kind]) {
    const value = given[name];
    if (typeof value !== "string") input[name] = requireStored(name, value).sha256;
    else input[name] = (await (name === "images" ? putSet(files, value) : files.put(value))).sha256;
  }
  return input;
}

function requireStored(name: string, given: StoredFile | undefined): StoredFile {
  if (typeof given?.sha256 === "string" && /^[0-9a-f]{64}$/.test(given.sha256)) return given;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${name} must be a path, or a file of the store as results name them; got ${JSON.stringify(given)}.`,
  );
}

/** The options as JSON has them, which is how a worker gets them. */
function plainOptions(options: object): Record<string, unknown> {
  for (const name of workerOptions)
    if (name in options)
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `The option ${name} is not for jobs: workers choose where they compute, and write checkpoints themselves.`,
      );
  return JSON.parse(JSON.stringify(options)) as Record<string, unknown>;
}
