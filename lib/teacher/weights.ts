import { invalidFile } from "../files/invalid-file.js";
import type { NativeModel } from "../native/addon.js";
import { guessBackbone, type Backbone } from "../options/backbones.js";
import type { DownloadingProgress } from "../options/progress.js";
import { compareTensors, describeDifference } from "../tensor/match.js";
import { obtainImagenetWeights } from "./published/obtain.js";
import { openWeightsFile, type WeightsFile } from "./weights-file.js";

/** The value of the option `weights` that stands for torchvision's published weights. */
const publishedName = "imagenet";

/** Layers of the classifier that the teacher does not use. */
const unused = /^(layer4|fc)\./;

/** The options of training and of importing a checkpoint that determine the teacher's weights. */
export interface TeacherWeightsOptions {
  /** A path or "imagenet". */
  weights: string | undefined;
  backbone: Backbone;
  signal: AbortSignal | undefined;
  onProgress: ((progress: DownloadingProgress) => void) | undefined;
}

/**
 * Returns the path of the weights file that the option `weights` stands for. "imagenet" stands for the file that
 * torchvision publishes for the backbone, which is downloaded once. Returns undefined if the option is not set.
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

/** An open file of teacher weights. */
export interface TeacherWeights extends WeightsFile {
  readonly path: string;
}

/**
 * Opens a weights file with torchvision's tensor names: safetensors, or a state dict written by `torch.save`. Layers
 * that the teacher does not use are left out.
 *
 * @param signal Ends the reading of the file and, later, of its tensors.
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE`, `ABORTED`
 */
export async function openTeacherWeights(path: string, signal?: AbortSignal): Promise<TeacherWeights> {
  const file = await openWeightsFile(path, signal);
  const tensors = new Map([...file.tensors].filter(([name]) => !unused.test(name)));
  return { path, tensors, read: (name) => file.read(name), close: () => file.close() };
}

/**
 * Loads the weights in a file into the model's teacher.
 *
 * @throws ReverseDistillationError as {@link openTeacherWeights} and {@link requireTeacherFit}
 */
export async function loadTeacherWeights(
  model: NativeModel,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const weights = await openTeacherWeights(path, signal);
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
 * Checks that the tensors in a file match the model's teacher in name and shape.
 *
 * @throws ReverseDistillationError `INVALID_FILE`, which names the tensors that do not match and, if it can be guessed,
 * the backbone that they belong to.
 */
export function requireTeacherFit(model: NativeModel, { path, tensors: found }: TeacherWeights): void {
  const difference = describeDifference(compareTensors(model.outline("teacher"), found));
  if (difference === undefined) return;
  const { backbone } = model.config;
  const guess = guessBackbone("teacher", found);
  let remedy = "Use a state dict of the backbone with torchvision's tensor names.";
  if (found.has("teacher.conv1.weight"))
    remedy = "It looks like a saved detector: open it with Detector.load().";
  else if (guess !== undefined && guess !== backbone)
    remedy = `It looks like ${guess}: choose that as the backbone.`;
  throw invalidFile(path, `does not fit the backbone ${backbone}: it ${difference}. ${remedy}`);
}

/** Emits a process warning of type `ReverseDistillationWarning`: the teacher has random weights. */
export function warnOfRandomTeacher(backbone: Backbone): void {
  process.emitWarning(
    `The teacher (${backbone}) has random weights because none were given. It sees only coarse differences in colour ` +
      "and texture, and misses subtle defects. To reach the method's published accuracy, set the option `weights` " +
      '(`--weights`) to "imagenet", which downloads torchvision\'s ImageNet weights once, or to a .pth or safetensors ' +
      "file of ImageNet weights.",
    { type: "ReverseDistillationWarning", code: "RANDOM_TEACHER" },
  );
}
