import { ReverseDistillationError } from "../errors/error.js";
import { invalidFile } from "../files/invalid-file.js";
import type { NativeModel } from "../native/addon.js";
import { guessBackbone } from "../options/backbones.js";
import { compareTensors, describeDifference, type StoredTensor } from "../tensor/match.js";
import { TorchFile } from "../torch-file/reader.js";
import { asStateDict } from "../torch-file/state-dict.js";
import { writeTorchFile } from "../torch-file/writer.js";

/**
 * The parts of a checkpoint of the authors' published code: `torch.save` of {"bn": state dict, "decoder": state dict},
 * the bottleneck and the decoder in the layout `official`.
 */
const parts = ["bn", "decoder"] as const;

/** Buffers of memory modules, which some published code has but the method does not. */
const ignored = /memory/;

/**
 * Loads the bottleneck and the decoder of a checkpoint into a model with the layout `official`.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED`, or `INVALID_FILE` with the tensors that do not fit and
 * the backbone that they seem to belong to.
 */
export async function loadCheckpoint(model: NativeModel, path: string, signal?: AbortSignal): Promise<void> {
  const file = await TorchFile.open(path, signal);
  try {
    const stateDicts = parts.map((part) => ({ part, tensors: partOf(file, part) }));
    for (const { part, tensors } of stateDicts)
      requireFit(model, path, part, tensors, stateDicts[1]!.tensors);
    for (const { part, tensors } of stateDicts) {
      const values = [];
      for (const [name, tensor] of tensors) values.push(await file.read(name, tensor));
      await model.load(part, values);
    }
  } finally {
    await file.close();
  }
}

/**
 * Writes the bottleneck and the decoder of a model as a checkpoint, atomically. In Python,
 * `torch.load(weights_only=True)` reads it, and the authors' modules accept it with `load_state_dict(strict=True)`.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the layout is not `official`, `NOT_FOUND` if the
 * folder does not exist, `IO`, `ABORTED`.
 */
export async function saveCheckpoint(model: NativeModel, path: string, signal?: AbortSignal): Promise<void> {
  const { layout } = model.config;
  if (layout !== "official") {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `Checkpoints of the authors' code only support the layout "official", but this detector has the layout ` +
        `"${layout}". Train with layout: "official" (--layout official), or use save() instead.`,
    );
  }
  const tensors = { bn: await model.tensors("bn"), decoder: await model.tensors("decoder") };
  await writeTorchFile(path, tensors, signal);
}

function partOf({ path, content }: TorchFile, part: (typeof parts)[number]) {
  if (!(content instanceof Map) || !parts.every((name) => content.has(name))) {
    const found =
      content instanceof Map
        ? `has the keys ${[...content.keys()].slice(0, 3).join(", ") || "(none)"}`
        : "is not a dictionary";
    throw invalidFile(
      path,
      `is not a checkpoint: it must be a dictionary with the keys "bn" and "decoder", but ${found}.`,
    );
  }
  const tensors = asStateDict(path, `its "${part}"`, content.get(part));
  return new Map([...tensors].filter(([name]) => !ignored.test(name)));
}

function requireFit(
  model: NativeModel,
  path: string,
  part: (typeof parts)[number],
  found: ReadonlyMap<string, StoredTensor>,
  decoder: ReadonlyMap<string, StoredTensor>,
): void {
  const difference = describeDifference(compareTensors(model.outline(part), found));
  if (difference === undefined) return;
  const { backbone } = model.config;
  const guess = guessBackbone("decoder", decoder);
  const remedy =
    guess !== undefined && guess !== backbone
      ? `It looks like ${guess}: set the backbone to ${guess}.`
      : 'It must be saved by the authors\' code: {"bn": bn.state_dict(), "decoder": decoder.state_dict()}.';
  throw invalidFile(path, `does not fit the backbone ${backbone}: its "${part}" ${difference}. ${remedy}`);
}
