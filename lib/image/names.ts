/** What the names of files and folders say about images. Names are compared without regard to case. */

/** What a name says about a part. */
export type Verdict = "good" | "bad";

/** Words for good parts. */
export const goodWords = ["good", "ok", "okay", "normal", "pass", "passed"] as const;

/** Words for defective parts. */
export const badWords = [
  ...["bad", "ng", "nok", "nio", "ko", "def", "defect", "defects", "defective", "faulty", "fault", "faults"],
  ...["anomaly", "anomalies", "anomalous", "abnormal", "fail", "failed", "reject", "rejects", "rejected"],
] as const;

/** Words that reverse the word after them ("not_ok", "non-defective"). */
const negations = ["no", "not", "non", "without"];

/** Words that do not change the meaning of a name: "ok_front", "good_parts", "train_good". */
const neutralWords = [
  ...[
    "image",
    "images",
    "img",
    "imgs",
    "picture",
    "pictures",
    "part",
    "parts",
    "sample",
    "samples",
    "product",
  ],
  ...["train", "training", "test", "val", "valid", "validation", "data", "set", "dataset", "case", "cases"],
  ...["front", "back", "top", "bottom", "left", "right", "side", "view", "class", "all", "only"],
];

/**
 * Returns what a name says about a part, if anything: "Good", "OK", "not ok", "NG_2", "ok_front" and "defect-free" do.
 * A word for good says nothing if there are other words ("normal_light"), or if there is also a word for bad ("ok_ng").
 */
export function verdictOf(name: string): Verdict | undefined {
  const words = (name.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}]+/gu) ?? []).map((word) =>
    word.toLowerCase(),
  );
  const said = new Set<Verdict>();
  let others = false;
  for (const [at, word] of words.entries()) {
    const good = (goodWords as readonly string[]).includes(word);
    const bad = (badWords as readonly string[]).includes(word);
    const negated = negations.includes(words[at - 1] ?? "") || (bad && words[at + 1] === "free");
    if (good || bad) said.add(good !== negated ? "good" : "bad");
    else others ||= ![...neutralWords, ...negations, "free"].includes(word);
  }
  if (said.size !== 1) return undefined;
  const [verdict] = said;
  return verdict === "good" && others ? undefined : verdict;
}

/** Whether a folder of this name holds masks, not images: "ground_truth", "masks", "defect_masks". */
export function isMaskFolder(name: string): boolean {
  return /^(.+[-_ ])?(ground[-_ ]?truth|gt|masks?)$/i.test(name);
}

/** A mask's name has a suffix: "000_mask", "20000_GT", "Part0_label". */
const maskEnd = /^(.+)[-_. ](masks?|gt|ground[-_]?truth|labels?|seg|segmentation|annotation)$/i;

/** The name of a mask's image, from the name of the mask; undefined if it is not the name of a mask. */
export function imageOfMask(stem: string): string | undefined {
  return maskEnd.exec(stem)?.[1];
}

/** Whether a name with a mask's suffix can also be that of an image, such as a picture of a label. */
export function isAmbiguousMaskName(stem: string): boolean {
  return !/[-_. ](masks?|gt|ground[-_]?truth)$/i.test(stem);
}

/**
 * Whether a file of this name is a small copy of an image: "thumb", "thumbnail2", or "a_thumb" and "thumb_a" beside "a".
 *
 * @param stems The names without extensions in the same folder, in lower case.
 */
export function isThumbnail(stem: string, stems: ReadonlySet<string>): boolean {
  if (/^thumb(nail)?s?[-_. ]?\d*$/i.test(stem)) return true;
  const target = /^thumb(?:nail)?s?[-_. ](.+)$|^(.+)[-_. ]thumb(?:nail)?s?$/i.exec(stem);
  return target !== null && stems.has((target[1] ?? target[2])!.toLowerCase());
}

/** Whether a folder of this name is created by a system or a tool, not by the user. */
export function isSystemFolder(name: string): boolean {
  const names = ["@eadir", "__macosx", "thumbs", "thumbnails", "lost+found", "#recycle", "@recycle"];
  return [...names, "$recycle.bin", "system volume information"].includes(name.toLowerCase());
}

/** Extensions of unfinished files and backups. These are not read, even if their first bytes are those of an image. */
export const unfinishedExtensions: readonly string[] = [
  ...[".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".bak", ".old", ".orig", ".swp"],
];
