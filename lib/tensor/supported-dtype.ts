import { invalidFile } from "../files/invalid-file.js";
import { tensorDtypes, type TensorDtype } from "./named-tensor.js";

/**
 * The dtype of a tensor in a file, if it is supported.
 *
 * @throws ReverseDistillationError `INVALID_FILE`
 */
export function supportedDtype(path: string, name: string, dtype: string): TensorDtype {
  const supported = tensorDtypes.find((known) => known === dtype);
  if (supported !== undefined) return supported;
  throw invalidFile(
    path,
    `contains the tensor "${name}" with dtype ${dtype}; supported dtypes: ${tensorDtypes.join(", ")}.`,
  );
}
