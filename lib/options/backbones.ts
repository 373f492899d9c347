/** A published weights file. */
export interface PublishedFile {
  /** The file's name, which ends with the first digits of its SHA-256. */
  file: string;
  /** The file's approximate size in MiB. */
  mebibytes: number;
}

/** What distinguishes a backbone from the others, and its published ImageNet weights. */
interface BackboneEntry {
  /** Residual blocks of two 3x3 convolutions, or of 1x1, 3x3 and 1x1. */
  block: "basic" | "bottleneck";
  /** Number of blocks in layer3. */
  blocks: number;
  /** Channels inside layer3's blocks. */
  width: number;
  /** torchvision's `IMAGENET1K_V1` weights. */
  published: PublishedFile;
}

/**
 * Every ResNet that can be a teacher, from the fastest to the one used in the paper (He et al. 2016;
 * Zagoruyko & Komodakis 2016). The rest of lib/ derives its lists from this table.
 */
export const backboneTable = {
  resnet18: {
    block: "basic",
    blocks: 2,
    width: 256,
    published: { file: "resnet18-f37072fd.pth", mebibytes: 44.7 },
  },
  resnet34: {
    block: "basic",
    blocks: 6,
    width: 256,
    published: { file: "resnet34-b627a593.pth", mebibytes: 83.3 },
  },
  resnet50: {
    block: "bottleneck",
    blocks: 6,
    width: 256,
    published: { file: "resnet50-0676ba61.pth", mebibytes: 97.8 },
  },
  wide_resnet50_2: {
    block: "bottleneck",
    blocks: 6,
    width: 512,
    published: { file: "wide_resnet50_2-95faca4d.pth", mebibytes: 131.8 },
  },
} as const satisfies Record<string, BackboneEntry>;

/**
 * The teacher's architecture.
 *
 * @useDeclaredType
 */
export type Backbone = keyof typeof backboneTable;

export const backbones = Object.keys(backboneTable) as readonly Backbone[];

/**
 * Guesses the backbone from the names and shapes in a teacher's or a decoder's state dict. Both networks have a stage
 * named layer3 with the same number and kind of blocks; the decoder's blocks are a quarter as wide, since its stages
 * run from coarse to fine.
 *
 * @returns undefined if no backbone matches.
 */
export function guessBackbone(
  network: "teacher" | "decoder",
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): Backbone | undefined {
  const found = {
    block: tensors.has("layer3.0.conv3.weight") ? "bottleneck" : "basic",
    blocks: [...tensors.keys()].filter((name) => /^layer3\.\d+\.conv1\.weight$/.test(name)).length,
    width: tensors.get("layer3.0.bn1.weight")?.shape[0],
  };
  return backbones.find((name) => {
    const { block, blocks, width } = backboneTable[name];
    const expected = network === "teacher" ? width : width / 4;
    return block === found.block && blocks === found.blocks && expected === found.width;
  });
}
