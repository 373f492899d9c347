import { invalidFile } from "../files/invalid-file.js";
import type { NativeModel } from "../native/addon.js";
import { guessBackbone, type Backbone } from "../options/backbones.js";
import type { DownloadingProgress } from "../options/progress.js";
import { compareTensors, describeDifference } from "../tensor/match.js";
import { obtainImagenetWeights } from "./published/obtain.js";
import { openWeightsFile, type WeightsFile } from "./weights-file.js";

/** What stands, instead of a path, for the weights that torchvision publishes. */
const publishedName = "imagenet";

/** Parts of a classifier that the teacher never runs. */
const unused = /^(layer4|fc)\./;

/** What decides on the teacher's weights, of the options of a training or a checkpoint. */
export interface TeacherWeightsOptions {
  /** A path, or "imagenet". */
  weights: string | undefined;
  backbone: Backbone;
  signal: AbortSignal | undefined;
  onProgress: ((progress: DownloadingProgress) => void) | undefined;
}

/**
 * The file that the option `weights` stands for: the one at that path, or for "imagenet" the one that
 * torchvision publishes for the backbone, which is downloaded once. undefined where there is no option.
 *
 * @throws ReverseDistillationError `DOWNLOAD_FAILED`, `ABORTED`, `IO`
 */
export async function findTeacherWeights<Options extends TeacherWeightsOptions>(
  options: Options,
): Promise<Options["weights"]> {
  const { weights, backbone, signal, onProgress } = options;
  if (weights !== publishedName) return weights;
  return obtainImagenetWeights(backbone, {
    signal,
    onProgress: (bytes, total) => onProgress?.({ phase: "downloading", bytes, total }),
  });
}

/** A file of a teacher's weights that is open. */
export interface TeacherWeights extends WeightsFile {
  readonly path: string;
}

/**
 * Opens a file of weights with torchvision's names: safetensors, or a state dict that `torch.save` wrote. What the
 * teacher never runs is not among its tensors.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE`
 */
export async function openTeacherWeights(path: string): Promise<TeacherWeights> {
  const file = await openWeightsFile(path);
  const tensors = new Map([...file.tensors].filter(([name]) => !unused.test(name)));
  return { path, tensors, read: (name) => file.read(name), close: () => file.close() };
}

/**
 * Gives the teacher the weights in a file.
 *
 * @throws ReverseDistillationError as {@link openTeacherWeights} and {@link requireTeacherFit}
 */
export async function loadTeacherWeights(model: NativeModel, path: string): Promise<void> {
  const weights = await openTeacherWeights(path);
  try {
    requireTeacherFit(model, weights);
    const tensors = [];
    for (const name of weights.tensors.keys()) tensors.push(await weights.read(name));
    await model.load("teacher", tensors);
  } finally {
    await weights.close();
  }
}

/**
 * @throws ReverseDistillationError `INVALID_FILE` naming the tensors that do not fit the model's teacher, and the
 * backbone that the file looks to be of.
 */
export function requireTeacherFit(model: NativeModel, { path, tensors: found }: TeacherWeights): void {
  const difference = describeDifference(compareTensors(model.tensors("teacher"), found));
  if (difference === undefined) return;
  const { backbone } = model.config;
  const guess = guessBackbone("teacher", found);
  let remedy = "Give a file of the teacher's own state, with torchvision's names.";
  if (found.has("teacher.conv1.weight"))
    remedy = "It looks like a saved detector: open it with Detector.load().";
  else if (guess !== undefined && guess !== backbone)
    remedy = `It looks like ${guess}: choose that as the backbone.`;
  throw invalidFile(path, `does not fit the backbone ${backbone}: it ${difference}. ${remedy}`);
}

/** Warns, as a process warning of the type `ReverseDistillationWarning`, that the teacher has no weights. */
export function warnOfRandomTeacher(backbone: Backbone): void {
  process.emitWarning(
    `The teacher (${backbone}) has no weights and is random: it sees only coarse differences of colour and texture, ` +
      "and subtle defects are missed. For the accuracy that is published for this method give ImageNet weights: the " +
      'option `weights` (`--weights`) takes "imagenet", which downloads torchvision\'s once, or a file of them ' +
      "(.pth or safetensors).",
    { type: "ReverseDistillationWarning", code: "RANDOM_TEACHER" },
  );
}
