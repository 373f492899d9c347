import { invalid } from "../../errors/validate.js";
import { labelOf, type Dataset, type TestImage } from "./dataset.js";

/** What an evaluation needs of a data set. @throws ReverseDistillationError `INVALID_ARGUMENT` */
export function checkedDataset({
  unusedMasks = [],
  notes = [],
  test,
}: Partial<Dataset>): Required<Pick<Dataset, "unusedMasks" | "notes" | "test">> {
  if (!Array.isArray(test)) throw invalid("dataset.test", "a list of { image, label, mask?, group? }", test);
  const items = Array.from(test as readonly TestImage[], (item, index) => {
    const { label } = item;
    if (typeof label !== "string") throw invalid(`dataset.test[${index}].label`, "a string", label);
    return { ...item, label: labelOf(label) };
  });
  for (const [name, list] of Object.entries({ unusedMasks, notes }))
    if (!Array.isArray(list)) throw invalid(`dataset.${name}`, "a list of strings", list);
  return { unusedMasks, notes, test: items };
}
