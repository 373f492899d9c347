import { ReverseDistillationError } from "reverse-distillation";
import {
  fileOptions,
  jobKinds,
  workerOptions,
  type GivenFile,
  type GivenImages,
  type JobInput,
  type JobRequest,
  type StoredFile,
} from "../jobs/job.js";
import { putSet } from "../store/image-set.js";
import type { StoredFiles } from "../store/stored-files.js";

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
  const options = plainOptions(request.options ?? {});
  const named: JobInput["files"] = {};
  if (request.kind === "train")
    for (const name of fileOptions) {
      const path = options[name];
      // "imagenet" is no file: a worker has the weights in its cache, or downloads them.
      if (typeof path !== "string" || (name === "weights" && path === "imagenet")) continue;
      named[name] = await files.put(path);
      delete options[name];
    }
  return {
    kind: request.kind,
    ...("images" in request && { images: (await storedSet(request.images, files)).sha256 }),
    ...("model" in request && { model: (await storedFile(request.model, files)).sha256 }),
    files: named,
    options,
  };
}

function storedFile(given: GivenFile, files: StoredFiles): Promise<StoredFile> | StoredFile {
  return typeof given === "string" ? files.put(given) : requireStored("model", given);
}

function storedSet(given: GivenImages, files: StoredFiles): Promise<StoredFile> | StoredFile {
  return typeof given === "string" ? putSet(files, given) : requireStored("images", given);
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
