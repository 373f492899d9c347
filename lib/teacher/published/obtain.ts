import { stat } from "node:fs/promises";
import { join } from "node:path";
import { abortedError } from "../../errors/abort.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { reading } from "../../errors/reading.js";
import { abortSignal, callback, invalid, record } from "../../errors/validate.js";
import { cacheDirectory } from "../../files/cache.js";
import { sha256 } from "../../files/checksum.js";
import { ioError } from "../../files/io-error.js";
import type { Backbone } from "../../options/model.js";
import { checksumPrefix, publishedWeights, weightsUrl, type PublishedWeights } from "./catalogue.js";
import { download, type DownloadOptions } from "./download.js";
import type { ByteProgress } from "./transfer.js";

/** Options for obtaining published weights. */
export interface ObtainOptions {
  /**
   * Whether to stay off the network. Weights that are not on this machine are then an error. Default: the variable
   * `REVERSE_DISTILLATION_OFFLINE` (1 or 0), or false if it is not set.
   */
  offline?: boolean;
  /** Stops the download. A later call resumes it. */
  signal?: AbortSignal;
  /** Called as bytes of a download arrive. Not called if the weights are already on this machine. */
  onProgress?: ByteProgress;
  /** Environment variables for the cache folder and the network options. Default: the process's. */
  env?: NodeJS.ProcessEnv;
  /** @internal */
  pace?: Pick<DownloadOptions, "timeouts" | "retryDelay">;
}

/** Whether published weights are on this machine. */
export interface WeightsStatus extends PublishedWeights {
  url: string;
  /** Where the file is or would be. */
  path: string;
  /** "damaged" if there is a file, but its SHA-256 is wrong. */
  state: "present" | "absent" | "damaged";
}

/**
 * Returns the path of torchvision's ImageNet weights for a backbone (`IMAGENET1K_V1`). They are downloaded once into
 * this package's cache, from torchvision's address or from the one in the variable `REVERSE_DISTILLATION_WEIGHTS_URL`.
 * Every call checks the file's SHA-256.
 *
 * @throws ReverseDistillationError `DOWNLOAD_FAILED`, which gives the reason and says where to put the file by hand;
 * `INVALID_ARGUMENT` if a variable is invalid, `ABORTED`, `IO`.
 */
export async function obtainImagenetWeights(
  backbone: Backbone,
  options: ObtainOptions = {},
): Promise<string> {
  return obtainWeights(publishedWeights(backbone), options);
}

/** Like {@link obtainImagenetWeights}, but returns the reason if the weights cannot be downloaded. */
export async function findOrDownloadWeights(
  backbone: Backbone,
  options: ObtainOptions = {},
): Promise<{ path: string } | { path: undefined; reason: string }> {
  try {
    return { path: await obtainImagenetWeights(backbone, options) };
  } catch (error) {
    if (error instanceof ReverseDistillationError && error.code === "DOWNLOAD_FAILED")
      return { path: undefined, reason: error.message };
    throw error;
  }
}

/** Like {@link obtainImagenetWeights}, for any published file. */
export async function obtainWeights(
  published: PublishedWeights,
  options: ObtainOptions = {},
): Promise<string> {
  const { env = process.env, signal, onProgress, pace, offline = isOffline(env) } = checkedOptions(options);
  const { url, path, state } = await weightsStatus(published, env, signal);
  if (state === "present") return path;
  const byHand = `To install the file by hand, download ${url} on another machine and save it as ${path}.`;
  if (offline) {
    const found = state === "damaged" ? `${path} is damaged` : `${path} does not exist`;
    throw new ReverseDistillationError(
      "DOWNLOAD_FAILED",
      `The ImageNet weights of ${published.backbone} are not on this machine (${found}), and downloads are disabled. ` +
        byHand,
    );
  }
  try {
    await download({
      ...pace,
      url: new URL(url),
      target: path,
      checksumPrefix: checksumPrefix(published),
      // The known sizes are rounded. The limit keeps a server from filling the disk.
      maxBytes: Math.ceil(published.mebibytes * 1.25) * 2 ** 20,
      signal,
      onProgress,
    });
    return path;
  } catch (error) {
    if (!(error instanceof ReverseDistillationError) || error.code !== "DOWNLOAD_FAILED") throw error;
    throw new ReverseDistillationError("DOWNLOAD_FAILED", `${error.message} ${byHand}`, {
      cause: error.cause,
    });
  }
}

function checkedOptions(options: ObtainOptions): ObtainOptions {
  return reading("options", () => {
    record("options", options, ["offline", "signal", "onProgress", "env", "pace"]);
    const { offline, signal, onProgress, env, pace } = options;
    if (offline !== undefined && typeof offline !== "boolean")
      throw invalid("offline", "true or false", offline);
    if (signal !== undefined) abortSignal("signal", signal);
    if (onProgress !== undefined) callback("onProgress", onProgress);
    if (env !== undefined && (typeof env !== "object" || env === null))
      throw invalid("env", "an object", env);
    return { offline, signal, onProgress, env, pace };
  });
}

/** Where a published file lies in the cache, or would lie. */
export function weightsPath({ file }: PublishedWeights, env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheDirectory(env), "weights", file);
}

/**
 * Looks for a published file in the cache and verifies its checksum.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, `ABORTED`, `IO`
 */
export async function weightsStatus(
  published: PublishedWeights,
  env: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<WeightsStatus> {
  const url = weightsUrl(published, baseUrl(env)).href;
  const path = weightsPath(published, env);
  return { ...published, url, path, state: await fileState(path, checksumPrefix(published), signal) };
}

async function fileState(
  path: string,
  expected: string,
  signal?: AbortSignal,
): Promise<WeightsStatus["state"]> {
  try {
    await stat(path);
    return (await sha256(path, signal)).startsWith(expected) ? "present" : "damaged";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "absent";
    if (signal?.aborted) throw abortedError(signal);
    throw ioError(error, "Reading", path);
  }
}

function isOffline({ REVERSE_DISTILLATION_OFFLINE: value }: NodeJS.ProcessEnv): boolean {
  if (value === undefined || value === "" || value === "0") return false;
  if (value === "1") return true;
  throw invalid("The variable REVERSE_DISTILLATION_OFFLINE", "1 or 0", value);
}

function baseUrl({ REVERSE_DISTILLATION_WEIGHTS_URL: value }: NodeJS.ProcessEnv): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (/^https?:\/\/./.test(value) && URL.canParse(value)) return value;
  throw invalid("The variable REVERSE_DISTILLATION_WEIGHTS_URL", "an http: or https: URL", value);
}
