import { ModelFile } from "../model-file/file.js";

/** How a model is stored, so that it can be stored in the same way again. */
export async function storageOf(path: string): Promise<ModelFile["storage"]> {
  const file = await ModelFile.open(path);
  try {
    return file.storage;
  } finally {
    await file.close();
  }
}
