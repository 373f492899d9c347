import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { float32Values } from "../tensor/float32-values.js";
import type { NamedTensor } from "../tensor/named-tensor.js";
import { partOf, parts, type DetectorTensors } from "./detector-tensors.js";

/**
 * The hashes of docs/model-format.md: SHA-256 over the values of tensors, whatever type they are stored in, so that
 * a detector has one hash in memory, in files and in exports.
 */
export interface ModelHashes {
  /** Of the teacher's tensors, under torchvision's names. */
  teacher: string;
  /** Of all that a detector computes with: its description, and the tensors of its three networks. */
  model: string;
}

/** Counters of batch norms: nothing is computed from them, and older files of weights lack them. */
const uncounted = /\.num_batches_tracked$/;

/** Computes the hashes from tensors that are added one by one, in the order of {@link hashOrder}. */
export class ModelHash {
  readonly #description: string;
  readonly #teacher = createHash("sha256");
  #teacherDigest: string | undefined;
  #model: Hash | undefined;

  /** @param description The detector's, as the JSON text in its file. */
  constructor(description: string) {
    this.#description = description;
  }

  /** @param tensor Under the name that it has in a model file. */
  add(tensor: NamedTensor): void {
    if (uncounted.test(tensor.name)) return;
    if (partOf(tensor.name) === "teacher")
      addTensor(this.#teacher, tensor, tensor.name.slice("teacher.".length));
    else addTensor(this.#trained(), tensor, tensor.name);
  }

  /** Takes a teacher by its hash, where its tensors are not at hand. */
  assumeTeacher(digest: string): void {
    this.#teacherDigest = digest;
  }

  /** Ends the hashes. */
  digest(): ModelHashes {
    const model = this.#trained().digest("hex");
    return { teacher: this.#teacherDigest!, model };
  }

  /** The hash of the model, which begins with what comes before the trained networks. */
  #trained(): Hash {
    if (this.#model === undefined) {
      this.#teacherDigest ??= this.#teacher.digest("hex");
      this.#model = createHash("sha256").update(`${this.#description}\n${this.#teacherDigest}\n`);
    }
    return this.#model;
  }
}

/** Names of tensors part by part, teacher first, and in each part in the order of the alphabet. */
export function hashOrder(names: Iterable<string>): string[] {
  const rank = (name: string) => parts.indexOf(partOf(name));
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** The hashes of a detector whose tensors are all at hand. */
export async function hashModel(description: string, tensors: DetectorTensors): Promise<ModelHashes> {
  const hash = new ModelHash(description);
  for (const name of hashOrder(tensors.shapes.keys())) {
    hash.add(await tensors.read(name));
    // Hundreds of megabytes are hashed here: the event loop has its turn after each tensor.
    await setImmediate();
  }
  return hash.digest();
}

/** SHA-256 of a file's metadata but for this hash itself. They hold the hashes of the tensors. */
export function hashMetadata(metadata: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const key of Object.keys(metadata).sort()) {
    if (key !== "content_sha256") hash.update(`${key}\0${metadata[key]!}\0`);
  }
  return hash.digest("hex");
}

function addTensor(hash: Hash, tensor: NamedTensor, name: string): void {
  hash.update(`${name} ${tensor.shape.join("x")}\n`);
  const { buffer, byteOffset, byteLength } = float32Values(tensor);
  hash.update(new Uint8Array(buffer, byteOffset, byteLength));
}
