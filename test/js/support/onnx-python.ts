import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ReferenceProcess } from "../../../bench/reference.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";

const modules = ["numpy", "onnx", "onnxruntime", "safetensors"];

/** A Python that has what `run_onnx.py` needs: the one that is named, or one of the PATH; undefined where none has. */
export function findOnnxPython(): string | undefined {
  const probe = `from importlib.util import find_spec as f; raise SystemExit(not all(map(f, ${JSON.stringify(modules)})))`;
  const candidates = [process.env.REVERSE_DISTILLATION_PYTHON, "python3", "python"];
  return candidates.find(
    (python) => python && spawnSync(python, ["-c", probe], { stdio: "ignore" }).status === 0,
  );
}

/** What Python finds in an export. */
export interface CheckedExport {
  operators: string[];
  domains: string[];
  opset: number;
  metadata: Record<string, string>;
  /** Of all images as one batch. */
  batch: Outputs;
  /** Of the first image alone. */
  first: Outputs;
}

/** What an export gives: `map` [N, 1, H, W], `score` [N]. */
export interface Outputs {
  map: Float32Array;
  score: Float32Array;
}

/** A running `run_onnx.py`: importing its modules once serves all tests. */
export class OnnxPython {
  readonly #process: ReferenceProcess;

  constructor(python: string) {
    this.#process = new ReferenceProcess(python, "run_onnx");
  }

  /**
   * @param data,shape The images: uint8.
   * @param folder For the files of the exchange.
   * @param sizes The images' heights and widths, for an export that pads.
   */
  async check(
    model: string,
    data: Uint8Array,
    shape: number[],
    folder: string,
    sizes?: readonly (readonly [number, number])[],
  ): Promise<CheckedExport> {
    const [inputs, out] = [join(folder, "inputs.safetensors"), join(folder, "out.safetensors")];
    const tensors: NamedTensor[] = [{ name: "images", dtype: "U8", shape, data }];
    if (sizes !== undefined) {
      const values = BigInt64Array.from(sizes.flat(), BigInt);
      const bytes = new Uint8Array(values.buffer);
      tensors.push({ name: "sizes", dtype: "I64", shape: [sizes.length, 2], data: bytes });
    }
    await writeSafetensors(inputs, tensors, {});
    const answer = await this.#process.request<Omit<CheckedExport, "batch" | "first">>({
      model,
      inputs,
      out,
    });
    return { ...answer, ...(await readOutputs(out)) };
  }

  close(): void {
    this.#process.close();
  }
}

async function readOutputs(path: string): Promise<Pick<CheckedExport, "batch" | "first">> {
  const file = await SafetensorsFile.open(path);
  const read = async (name: string) => {
    const { data } = await file.read(file.tensors.get(name)!);
    return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  };
  const batch = { map: await read("map"), score: await read("score") };
  const first = { map: await read("first_map"), score: await read("first_score") };
  await file.close();
  return { batch, first };
}
