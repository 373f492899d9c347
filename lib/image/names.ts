/** What the names of files and folders say about images. Case never matters. */

/** What a name says about a part. */
export type Verdict = "good" | "bad";

/** Names that call a part good. */
export const goodWords = ["good", "ok", "okay", "normal", "pass", "passed"] as const;

/** Names that call a part defective. */
export const badWords = [
  ...["bad", "ng", "nok", "nio", "ko", "def", "defect", "defects", "defective", "faulty", "fault", "faults"],
  ...["anomaly", "anomalies", "anomalous", "abnormal", "fail", "failed", "reject", "rejects", "rejected"],
] as const;

/** Words that turn the verdict round in front of one ("not_ok", "non-defective"). */
const negations = ["no", "not", "non", "without"];

/** Words beside a verdict that do not change what is meant: "ok_front", "good_parts", "train_good". */
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
 * What a name says, if it says anything: "Good", "OK", "not ok", "NG_2", "ok_front", "defect-free". Other words beside
 * a word for good make it say nothing ("normal_light"), as do words for both ("ok_ng").
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

/** The end of a mask's name: "000_mask", "20000_GT", "Part0_label". */
const maskEnd = /^(.+)[-_. ](masks?|gt|ground[-_]?truth|labels?|seg|segmentation|annotation)$/i;

/** The name of the image that a mask belongs to, by the mask's; undefined if it is not a mask's. */
export function imageOfMask(stem: string): string | undefined {
  return maskEnd.exec(stem)?.[1];
}

/** Ends that can also be part of an image's own name, such as a picture of a label. */
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

/** Folders that systems and their tools put beside files. */
export function isSystemFolder(name: string): boolean {
  const names = ["@eadir", "__macosx", "thumbs", "thumbnails", "lost+found", "#recycle", "@recycle"];
  return [...names, "$recycle.bin", "system volume information"].includes(name.toLowerCase());
}

/** Extensions of files that are unfinished or put aside: whatever their first bytes are, they are no images to read. */
export const unfinishedExtensions: readonly string[] = [
  ...[".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".bak", ".old", ".orig", ".swp"],
];
