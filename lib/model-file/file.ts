import { ReverseDistillationError } from "../errors/error.js";
import { invalidFile } from "../files/invalid-file.js";
import type { NativeModel, Part } from "../native/addon.js";
import type { ModelDescription } from "../options/model.js";
import type { StoragePrecision } from "../options/storage.js";
import { type TensorEntry } from "../safetensors/header.js";
import { SafetensorsFile } from "../safetensors/reader.js";
import { writeSafetensors } from "../safetensors/writer.js";
import { openTeacherWeights, requireTeacherFit, type TeacherWeights } from "../teacher/weights.js";
import { compareTensors, describeDifference, type Shaped } from "../tensor/match.js";
import type { NamedTensor } from "../tensor/named-tensor.js";
import { toStorage } from "../tensor/storage-precision.js";
import type { TrainingDescription } from "./description.js";
import { partOf, parts, type DetectorTensors } from "./detector-tensors.js";
import { hashModel, hashOrder, ModelHash } from "./hash.js";
import { describeModel, encodeMetadata, readMetadata, type ModelMetadata } from "./metadata.js";

/** How a detector is stored. */
export interface StorageOptions {
  /** What the weights of convolutions are stored in; all others are always float32. */
  precision: StoragePrecision;
  /** Whether the teacher's tensors are stored, or their hash alone. */
  teacher: "include" | "reference";
}

/** The options that are used where none are given. */
export const storageDefaults = {
  precision: "float32",
  teacher: "include",
} as const satisfies StorageOptions;

/**
 * Writes a detector as one safetensors file, atomically: the tensors of the teacher, the bottleneck and the
 * decoder as `teacher.*`, `bn.*` and `decoder.*`, and metadata that explain them (docs/model-format.md).
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the weights do not fit the precision, or if the teacher is
 * random and so cannot be referred to; `NOT_FOUND`, `IO`, `ABORTED`.
 */
export async function writeModelFile(
  path: string,
  source: NativeModel,
  { model, training }: { model: ModelDescription; training: TrainingDescription | null },
  { precision, teacher, signal }: StorageOptions & { signal?: AbortSignal } = storageDefaults,
): Promise<void> {
  const teacherIncluded = teacher === "include";
  if (!teacherIncluded && training?.teacherWeights === null) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      'The teacher is random, so there are no weights to refer to: save the detector with teacher: "include".',
    );
  }
  const isStored = (name: string) => teacherIncluded || partOf(name) !== "teacher";
  const tensors = allTensors(source).map((tensor) =>
    isStored(tensor.name) ? toStorage(tensor, precision) : tensor,
  );
  const hashes = await hashModel(describeModel(model), held(tensors));
  const metadata = encodeMetadata({ model, training, teacherIncluded, hashes });
  const stored = tensors.filter(({ name }) => isStored(name));
  await writeSafetensors(path, stored, metadata, signal);
}

/** A model file that is open: described, not yet read. */
export class ModelFile {
  readonly path: string;
  readonly metadata: ModelMetadata;
  readonly #file: SafetensorsFile;
  #teacher: TeacherWeights | undefined;

  private constructor(file: SafetensorsFile) {
    this.path = file.path;
    this.metadata = readMetadata(file);
    this.#file = file;
  }

  /**
   * Opens a model file and checks its metadata.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, or `INVALID_FILE` if it is damaged, of another
   * kind, or of a newer version of the format than this package knows.
   */
  static async open(path: string): Promise<ModelFile> {
    const file = await SafetensorsFile.open(path);
    try {
      return new ModelFile(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The tensors that are in the file itself, by name. */
  get stored(): ReadonlyMap<string, TensorEntry> {
    return this.#file.tensors;
  }

  /** Takes the teacher from a file of weights, where this one only refers to it. @throws as `openTeacherWeights` */
  async takeTeacherFrom(path: string): Promise<void> {
    this.#teacher = await openTeacherWeights(path);
  }

  /**
   * Reads all weights into a model made from the description.
   *
   * @throws ReverseDistillationError `INVALID_FILE` if they do not fit it, or are not those that the hashes are of; `IO`
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
   * Reads all tensors and compares their hashes with those that are stated; a teacher that is only referred to, and
   * was not given, is passed over. Files of version 1 state none.
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

  /** All tensors, part by part, and when all have been read the check of their hashes. */
  async *#readChecked(): AsyncGenerator<NamedTensor> {
    const { modelText, hashes } = this.metadata;
    const hash = new ModelHash(modelText);
    if (hashes !== null && !this.metadata.teacherIncluded && this.#teacher === undefined) {
      hash.assumeTeacher(hashes.teacher);
    }
    for (const name of hashOrder(this.#shapes().keys())) {
      const tensor = await this.#read(name);
      if (hashes !== null) hash.add(tensor);
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
        `is damaged: the SHA-256 of its tensors is ${found.model}, but it states ${hashes.model} (model_sha256). ` +
          "Copy it again.",
      );
    }
  }

  #foreignTeacher(path: string, found: string, expected: string): ReverseDistillationError {
    const { teacherWeights } = this.metadata.training ?? {};
    const origin = teacherWeights ? `, from ${teacherWeights}` : "";
    return invalidFile(
      path,
      `holds another teacher than the one that ${this.path} was trained with: its SHA-256 is ${found} instead of ` +
        `${expected}${origin}.`,
    );
  }

  #requireFit(target: NativeModel): void {
    if (this.#teacher !== undefined) requireTeacherFit(target, this.#teacher);
    const difference = describeDifference(compareTensors(allTensors(target), this.#shapes()));
    if (difference === undefined) return;
    const { backbone, layout } = target.config;
    throw invalidFile(
      this.path,
      `does not hold a ${backbone} detector of the layout "${layout}": it ${difference}.`,
    );
  }

  /** All tensors that can be read, under the names of a model file. */
  #shapes(): Map<string, Shaped> {
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

/** The tensors of all parts, under the names that they have in a file. */
function allTensors(model: NativeModel): NamedTensor[] {
  return parts.flatMap((part) =>
    model.tensors(part).map((tensor) => ({ ...tensor, name: `${part}.${tensor.name}` })),
  );
}

function held(tensors: readonly NamedTensor[]): DetectorTensors {
  const shapes = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return { shapes, read: (name) => Promise.resolve(shapes.get(name)!) };
}
