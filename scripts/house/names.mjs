/** The rule for names of files and folders: a name says what is inside. */
import { sourcesIn } from "./files.mjs";

const folders = [
  ...["lib", "native", "test", "bench", "scripts"],
  ...["service/lib", "service/page", "service/test", "fleet/lib", "fleet/test"],
];
const emptyNames = /(^|\/)(utils?|common|helpers?|misc)([._-][^/]*)?(\/|$)/i;

/**
 * @param {string} root the folder of the checkout.
 * @returns {import("./files.mjs").Violation[]}
 */
export function checkNames(root) {
  return folders
    .flatMap((folder) => sourcesIn(root, folder, /./))
    .filter(({ path }) => emptyNames.test(path))
    .map(({ path }) => ({
      path,
      line: 1,
      message: "this name says nothing; name the file's one concern",
    }));
}
