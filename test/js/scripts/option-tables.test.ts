import test from "ava";
import {
  declarationNames,
  declarationsOf,
  documentedOptions,
  statedDefault,
} from "../../../scripts/documented-options.js";

for (const name of declarationNames) {
  test(`the options of ${name} are documented, with the defaults that are declared`, (t) => {
    const declarations = declarationsOf(name);
    const options = documentedOptions(name);
    t.deepEqual(
      options.map((option) => option.name),
      Object.keys(declarations),
    );
    for (const { name: option, description, documentedDefault } of options) {
      t.true(description.length > 10, `${option} has no comment`);
      t.is(documentedDefault, statedDefault(declarations[option]!), option);
    }
  });
}
