import type { Backbone, NativeModel } from "./native/addon.js";
import type { TensorEntry } from "./safetensors/header.js";
import { invalidFile } from "./safetensors/header.js";
import { SafetensorsFile } from "./safetensors/reader.js";
import { compareTensors, describeDifference } from "./tensor-match.js";

/** Parts of a classifier that the teacher never runs. */
const unused = /^(layer4|fc)\./;

/**
 * Gives the teacher the weights in a safetensors file with torchvision's names.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, or `INVALID_FILE` naming the tensors that do not
 * fit and the backbone that the file looks to be of.
 */
export async function loadTeacherWeights(model: NativeModel, path: string): Promise<void> {
  const file = await SafetensorsFile.open(path);
  try {
    const found = new Map([...file.tensors].filter(([name]) => !unused.test(name)));
    requireFit(model, path, found);
    const tensors = [];
    for (const entry of found.values()) tensors.push(await file.read(entry));
    await model.load("teacher", tensors);
  } finally {
    await file.close();
  }
}

function requireFit(model: NativeModel, path: string, found: ReadonlyMap<string, TensorEntry>): void {
  const difference = describeDifference(compareTensors(model.tensors("teacher"), found));
  if (difference === undefined) return;
  const { backbone } = model.config;
  const guess = guessBackbone(found);
  let remedy = "Give a file of the teacher's own state, with torchvision's names, converted to safetensors.";
  if (found.has("teacher.conv1.weight"))
    remedy = "It looks like a saved detector: open it with Detector.load().";
  else if (guess !== undefined && guess !== backbone)
    remedy = `It looks like ${guess}: choose that as the backbone.`;
  throw invalidFile(path, `does not fit the backbone ${backbone}: it ${difference}. ${remedy}`);
}

/** The backbone whose layer3 the tensors are of: its number of blocks and their form tell. */
function guessBackbone(found: ReadonlyMap<string, TensorEntry>): Backbone | undefined {
  const blocks = [...found.keys()].filter((name) => /^layer3\.\d+\.conv1\.weight$/.test(name)).length;
  const bottleneck = found.has("layer3.0.conv3.weight");
  const width = found.get("layer3.0.conv1.weight")?.shape[0];
  if (!bottleneck && width === 256) return blocks === 2 ? "resnet18" : blocks === 6 ? "resnet34" : undefined;
  if (bottleneck && blocks === 6)
    return width === 256 ? "resnet50" : width === 512 ? "wide_resnet50_2" : undefined;
  return undefined;
}

/** Warns, as a process warning of the type `ReverseDistillationWarning`, that the teacher has no weights. */
export function warnOfRandomTeacher(backbone: Backbone): void {
  process.emitWarning(
    `The teacher (${backbone}) has no weights and is random: it sees only coarse differences of colour and texture, ` +
      "and subtle defects are missed. For the accuracy that is published for this method give ImageNet weights: the " +
      "option `weights` (`--weights`) takes a safetensors file with the tensors of torchvision's model of that name.",
    { type: "ReverseDistillationWarning", code: "RANDOM_TEACHER" },
  );
}
