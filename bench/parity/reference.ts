import type { Loss } from "../../lib/options/training.js";
import { ReferenceProcess } from "../reference.js";
import type { ComparedTraining } from "./computed.js";

/** A request to `bench/python/trace.py`, which documents it. */
export interface TraceRequest extends ComparedTraining {
  model: string;
  images: string;
  loss: Loss;
  samples: number;
  out: string;
}

/** A running `trace.py`. */
export class ReferenceTracer {
  readonly #process: ReferenceProcess;

  constructor(python: string) {
    this.#process = new ReferenceProcess(python, "trace");
  }

  /** Resolves once the file is written. @throws Error as {@link ReferenceProcess.request}. */
  async trace(request: TraceRequest): Promise<void> {
    await this.#process.request(request);
  }

  close(): void {
    this.#process.close();
  }
}
