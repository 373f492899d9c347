import { createHash, type Hash } from "node:crypto";
import { inPieces, inTurns, type Work } from "../errors/long-work.js";
import { elementCount } from "../tensor/element-count.js";
import type { NativeModel } from "../native/addon.js";
import { float32Values } from "../tensor/float32-values.js";
import { isBatchCounter, type NamedTensor } from "../tensor/named-tensor.js";
import { partOf, parts, type DetectorTensors } from "./detector-tensors.js";

/**
 * The hashes defined in docs/model-format.md: SHA-256 over the values of tensors, independent of the dtype that they
 * are stored in, so that a detector has the same hash in memory, in files and in exports.
 */
export interface ModelHashes {
  /** Hash of the teacher's tensors, under their torchvision names. */
  teacher: string;
  /** Hash of everything that determines a detector's results: its description and the tensors of its networks. */
  model: string;
}

/** Computes the hashes from tensors that are added one at a time, in the order of {@link hashOrder}. */
export class ModelHash {
  readonly #description: string;
  readonly #teacher = createHash("sha256");
  #teacherDigest: string | undefined;
  #model: Hash | undefined;

  /** @param description The description of the detector, as the JSON text in its file. */
  constructor(description: string) {
    this.#description = description;
  }

  /** Adds a tensor, except for a batch-norm counter. @param tensor Has its name in a model file. */
  *add(tensor: NamedTensor): Work<void> {
    if (isBatchCounter(tensor.name)) return;
    if (partOf(tensor.name) === "teacher")
      yield* addTensor(this.#teacher, tensor, tensor.name.slice("teacher.".length));
    else yield* addTensor(this.#trained(), tensor, tensor.name);
  }

  /** Sets the hash of a teacher whose tensors are not available. */
  assumeTeacher(digest: string): void {
    this.#teacherDigest = digest;
  }

  /** Finishes the hashes. */
  digest(): ModelHashes {
    const model = this.#trained().digest("hex");
    return { teacher: this.#teacherDigest!, model };
  }

  /** The hash of the model. It starts with the description and the hash of the teacher. */
  #trained(): Hash {
    if (this.#model === undefined) {
      this.#teacherDigest ??= this.#teacher.digest("hex");
      this.#model = createHash("sha256").update(`${this.#description}\n${this.#teacherDigest}\n`);
    }
    return this.#model;
  }
}

/** Sorts names of tensors by part, teacher first, and alphabetically within each part. */
export function hashOrder(names: Iterable<string>): string[] {
  const rank = (name: string) => parts.indexOf(partOf(name));
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Computes the hashes of a detector. @throws ReverseDistillationError `ABORTED` */
export async function hashModel(
  description: string,
  tensors: DetectorTensors,
  signal?: AbortSignal,
): Promise<ModelHashes> {
  const hash = new ModelHash(description);
  for (const name of hashOrder(tensors.shapes.keys()))
    await inTurns(hash.add(await tensors.read(name)), signal);
  return hash.digest();
}

/** Computes the hash of a model's teacher. @throws ReverseDistillationError `ABORTED` */
export async function hashTeacher(model: NativeModel, signal?: AbortSignal): Promise<string> {
  const hash = new ModelHash("");
  const tensors = await model.tensors("teacher");
  for (const tensor of tensors.sort((a, b) => (a.name < b.name ? -1 : 1)))
    await inTurns(hash.add({ ...tensor, name: `teacher.${tensor.name}` }), signal);
  return hash.digest().teacher;
}

/** SHA-256 of a file's metadata, except for this hash itself. The metadata includes the hashes of the tensors. */
export function hashMetadata(metadata: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const key of Object.keys(metadata).sort()) {
    if (key !== "content_sha256") hash.update(`${key}\0${metadata[key]!}\0`);
  }
  return hash.digest("hex");
}

function* addTensor(hash: Hash, tensor: NamedTensor, name: string): Work<void> {
  hash.update(`${name} ${tensor.shape.join("x")}\n`);
  const elements = elementCount(tensor.shape);
  const size = tensor.data.byteLength / elements;
  yield* inPieces(elements, (from, to) => {
    const piece = { ...tensor, data: tensor.data.subarray(from * size, to * size) };
    const { buffer, byteOffset, byteLength } = float32Values(piece);
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  });
}
