import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/**
 * The SHA-256 of a file that a job gave. Of a model file, the time of the training and how long it took are left out, and
 * the hash of its metadata, which contains them: those alone differ between two runs of a training.
 */
export async function comparable(path: string): Promise<string> {
  const bytes = await readFile(path);
  const hash = createHash("sha256");
  if (!path.endsWith(".safetensors")) return hash.update(bytes).digest("hex");
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, end)) as { __metadata__: Record<string, string> };
  const { __metadata__: metadata } = header;
  const training = JSON.parse(metadata.training!) as { run: Record<string, unknown> };
  delete training.run.date;
  delete training.run.seconds;
  metadata.training = JSON.stringify(training);
  delete metadata.content_sha256;
  return hash.update(JSON.stringify(header)).update(bytes.subarray(end)).digest("hex");
}
