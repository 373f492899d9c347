/**
 * Writes the golden files that the parity tests use if there is no Python.
 *
 *   REVERSE_DISTILLATION_PYTHON=... node --import tsx bench/parity/write-goldens.ts
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAddon } from "../../lib/native/loader.js";
import { requirePython } from "../reference.js";
import { committedCases } from "./committed.js";
import { training } from "./computed.js";
import { traceByReference, writeForReference } from "./exchange.js";
import { seededImages, seededModel } from "./inputs.js";
import { ReferenceTracer } from "./reference.js";

/** Number of values to keep of each tensor. Norms are computed over all values. */
const samples = 32;

const python = requirePython();
const temporary = await mkdtemp(join(tmpdir(), "reverse-distillation-"));
const tracer = new ReferenceTracer(python);
try {
  for (const { description, images, losses } of committedCases()) {
    const model = await seededModel(await loadAddon(), description);
    const files = await writeForReference(
      temporary,
      model,
      description,
      seededImages(images, description.imageSize),
    );
    for (const { loss, path } of losses) {
      await mkdir(join(path, ".."), { recursive: true });
      await traceByReference(tracer, files, loss, training, samples, path);
      console.log(path);
    }
    await model.dispose();
  }
} finally {
  tracer.close();
  await rm(temporary, { recursive: true });
}
