import { ReverseDistillationError } from "../errors/error.js";
import { inTurns } from "../errors/long-work.js";
import { invalidFile } from "../files/invalid-file.js";
import type { NativeModel, Part } from "../native/addon.js";
import { storageDefaults, type StorageOptions } from "../options/save.js";
import { type TensorEntry } from "../safetensors/header.js";
import { SafetensorsFile } from "../safetensors/reader.js";
import { writeSafetensors } from "../safetensors/writer.js";
import { openTeacherWeights, requireTeacherFit, type TeacherWeights } from "../teacher/weights.js";
import { compareTensors, describeDifference, type StoredTensor } from "../tensor/match.js";
import type { NamedTensor, TensorOutline } from "../tensor/named-tensor.js";
import { toStorage } from "../tensor/storage-precision.js";
import { partOf, parts, type DetectorTensors } from "./detector-tensors.js";
import { hashModel, hashOrder, ModelHash } from "./hash.js";
import {
  describeModel,
  encodeMetadata,
  readMetadata,
  type ModelFileContent,
  type ModelMetadata,
} from "./metadata.js";

/**
 * Writes a detector to a safetensors file, atomically: the tensors of the teacher, the bottleneck and the decoder as
 * `teacher.*`, `bn.*` and `decoder.*`, and metadata that describes them (docs/model-format.md).
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the weights are too large for the precision, or if the file
 * should refer to a teacher that is random; `NOT_FOUND`, `IO`, `ABORTED`.
 */
export async function writeModelFile(
  path: string,
  source: NativeModel,
  described: Omit<ModelFileContent, "teacherIncluded" | "hashes">,
  { precision, teacher, signal }: StorageOptions & { signal?: AbortSignal } = storageDefaults,
): Promise<void> {
  const { model, training } = described;
  const teacherIncluded = teacher === "include";
  if (!teacherIncluded && training?.teacherWeights === null) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      'The teacher is random, so the file cannot refer to its weights: save the detector with teacher: "include".',
    );
  }
  const isStored = (name: string) => teacherIncluded || partOf(name) !== "teacher";
  const tensors: NamedTensor[] = [];
  for (const part of parts) {
    for (const own of await source.tensors(part)) {
      const tensor = { ...own, name: nameInFile(part, own) };
      tensors.push(isStored(tensor.name) ? await inTurns(toStorage(tensor, precision), signal) : tensor);
    }
  }
  const hashes = await hashModel(describeModel(model), held(tensors), signal);
  const metadata = encodeMetadata({ ...described, teacherIncluded, hashes });
  const stored = tensors.filter(({ name }) => isStored(name));
  await writeSafetensors(path, stored, metadata, signal);
}

/** An open model file. Its metadata has been read, but not its tensors. */
export class ModelFile {
  readonly path: string;
  readonly metadata: ModelMetadata;
  readonly #file: SafetensorsFile;
  readonly #signal: AbortSignal | undefined;
  #teacher: TeacherWeights | undefined;

  private constructor(file: SafetensorsFile, signal: AbortSignal | undefined) {
    this.path = file.path;
    this.metadata = readMetadata(file);
    this.#file = file;
    this.#signal = signal;
  }

  /**
   * Opens a model file and validates its metadata.
   *
   * @param signal Ends the reading of the metadata and, later, of the tensors.
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED`, or `INVALID_FILE` if it is damaged, is of another kind, or has
   * a newer version of the format than this package supports.
   */
  static async open(path: string, signal?: AbortSignal): Promise<ModelFile> {
    const file = await SafetensorsFile.open(path, signal);
    try {
      return new ModelFile(file, signal);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The tensors in the file itself, by name. */
  get stored(): ReadonlyMap<string, TensorEntry> {
    return this.#file.tensors;
  }

  /** How the file stores the detector. */
  get storage(): StorageOptions {
    const float16 = [...this.stored.values()].some(({ dtype }) => dtype === "F16");
    return {
      precision: float16 ? "float16" : "float32",
      teacher: this.metadata.teacherIncluded ? "include" : "reference",
    };
  }

  /** Uses the teacher from a weights file, for a model file that only refers to it. @throws as `openTeacherWeights` */
  async takeTeacherFrom(path: string, signal?: AbortSignal): Promise<void> {
    this.#teacher = await openTeacherWeights(path, signal);
  }

  /**
   * Reads all weights into a model that was created from the description.
   *
   * @throws ReverseDistillationError `INVALID_FILE` if they do not fit the model or do not match the hashes; `IO`
   */
  async readInto(target: NativeModel): Promise<void> {
    this.#requireFit(target);
    let loading: NamedTensor[] = [];
    let part: Part = "teacher";
    const load = async () => {
      await target.load(part, loading);
      loading = [];
    };
    for await (const tensor of this.#readChecked()) {
      const next = partOf(tensor.name);
      if (next !== part) await load();
      part = next;
      loading.push({ ...tensor, name: tensor.name.slice(part.length + 1) });
    }
    await load();
  }

  /**
   * Reads all tensors and verifies their hashes. A teacher that is only referred to is skipped unless it was given.
   * Version 1 files have no hashes.
   *
   * @throws ReverseDistillationError `INVALID_FILE`, `IO`
   */
  async check(): Promise<void> {
    const tensors = this.#readChecked();
    while (!(await tensors.next()).done);
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#teacher?.close();
  }

  /** Yields all tensors, part by part, and then verifies their hashes. */
  async *#readChecked(): AsyncGenerator<NamedTensor> {
    const { modelText, hashes } = this.metadata;
    const signal = this.#signal;
    const hash = new ModelHash(modelText);
    if (hashes !== null && !this.metadata.teacherIncluded && this.#teacher === undefined) {
      hash.assumeTeacher(hashes.teacher);
    }
    for (const name of hashOrder(this.#shapes().keys())) {
      const tensor = await this.#read(name);
      if (hashes !== null) await inTurns(hash.add(tensor), signal);
      yield tensor;
    }
    if (hashes === null) return;
    const found = hash.digest();
    if (found.teacher !== hashes.teacher && this.#teacher !== undefined) {
      throw this.#foreignTeacher(this.#teacher.path, found.teacher, hashes.teacher);
    }
    if (found.model !== hashes.model) {
      throw invalidFile(
        this.path,
        `is damaged: the SHA-256 of its tensors is ${found.model}, but model_sha256 is ${hashes.model}. Copy it again.`,
      );
    }
  }

  #foreignTeacher(path: string, found: string, expected: string): ReverseDistillationError {
    const { teacherWeights } = this.metadata.training ?? {};
    const origin = teacherWeights ? ` (${teacherWeights})` : "";
    return invalidFile(
      path,
      `is not the teacher that ${this.path} was trained with: its SHA-256 is ${found} instead of ${expected}${origin}.`,
    );
  }

  #requireFit(target: NativeModel): void {
    if (this.#teacher !== undefined) requireTeacherFit(target, this.#teacher);
    const difference = describeDifference(compareTensors(outlineOf(target), this.#shapes()));
    if (difference === undefined) return;
    const { backbone, layout } = target.config;
    throw invalidFile(
      this.path,
      `does not fit a ${backbone} detector with the layout "${layout}": it ${difference}.`,
    );
  }

  /** The shapes of all tensors that can be read, by their names in a model file. */
  #shapes(): Map<string, StoredTensor> {
    const taken = [...(this.#teacher?.tensors ?? [])];
    return new Map([
      ...taken.map(([name, shaped]) => [`${teacherPrefix}${name}`, shaped] as const),
      ...this.#file.tensors,
    ]);
  }

  async #read(name: string): Promise<NamedTensor> {
    const entry = this.#file.tensors.get(name);
    if (entry !== undefined) return this.#file.read(entry);
    return { ...(await this.#teacher!.read(name.slice(teacherPrefix.length))), name };
  }
}

const teacherPrefix = "teacher.";

/** The tensors of all parts without their data, by their names in a file. */
function outlineOf(model: NativeModel): TensorOutline[] {
  return parts.flatMap((part) =>
    model.outline(part).map((tensor) => ({ ...tensor, name: nameInFile(part, tensor) })),
  );
}

function nameInFile(part: Part, { name }: TensorOutline): string {
  return `${part}.${name}`;
}

function held(tensors: readonly NamedTensor[]): DetectorTensors {
  const shapes = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return { shapes, read: (name) => Promise.resolve(shapes.get(name)!) };
}
