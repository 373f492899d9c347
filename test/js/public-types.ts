/**
 * What the public types allow and forbid. Nothing runs: `npm run types` fails where one of these is
 * not as it says.
 */
import {
  configureNative,
  Detector,
  openDataset,
  ReverseDistillationError,
  train,
  type AnomalyMap,
  type ErrorCode,
  type Region,
  type Report,
  type Score,
} from "../../lib/index.js";

type IsAny<A> = 0 extends 1 & A ? true : false;
/** True where both types are the same, and not `any`. */
type Same<A, B> = [IsAny<A>, IsAny<B>] extends [false, false]
  ? [A, B] extends [B, A]
    ? true
    : false
  : false;
type Holds<Claim extends true> = Claim;

export type Claims = [
  Holds<Same<Awaited<ReturnType<typeof train>>, Detector>>,
  Holds<Same<Awaited<ReturnType<Detector["score"]>>, Score>>,
  Holds<Same<Awaited<ReturnType<Detector["scoreBatch"]>>, Score[]>>,
  Holds<Same<Awaited<ReturnType<Detector["evaluate"]>>, Report>>,
  Holds<Same<AnomalyMap["data"], Float32Array>>,
  Holds<Same<Score["regions"], Region[] | undefined>>,
  Holds<Same<ReverseDistillationError["code"], ErrorCode>>,
  Holds<Same<Parameters<typeof Detector.load>[0], string | URL>>,
];

export async function uses(): Promise<void> {
  await using detector = await train("folder", {
    backbone: "resnet18",
    imageSize: [256, 320],
    device: "cuda:1",
  });
  await detector.score({ data: new Uint8Array(12), width: 2, height: 2, channels: 3 });
  await detector.scoreBatch(["a.png", new URL("file:///b.png"), new Uint8Array(8)], { batchSize: 2 });
  const { regions } = await detector.score("a.png", { regions: { minArea: 20 }, map: "original" });
  regions.map(({ box }) => box.left);
  const { regions: unasked } = await detector.score("a.png");
  // @ts-expect-error without asking for them there are no regions
  unasked.map(({ box }) => box.left);
  await detector.evaluate(await openDataset("data"));
  configureNative({ libtorch: "libtorch", backend: "cpu" });

  // @ts-expect-error a detector comes from train() or load()
  new Detector();
  // @ts-expect-error no such backbone
  await train("folder", { backbone: "resnet101" });
  // @ts-expect-error no such device
  await train("folder", { device: "gpu" });
  // @ts-expect-error no such option
  await train("folder", { epoch: 3 });
  // @ts-expect-error layers are 1, 2 and 3
  await train("folder", { layers: [4] });
  // @ts-expect-error two channels are no image
  await detector.score({ data: new Uint8Array(8), width: 2, height: 2, channels: 2 });
  // @ts-expect-error no such limit of regions
  await detector.score("a.png", { regions: { seed: 1 } });
  // @ts-expect-error one image, not a list
  await detector.score(["a.png"]);
  // @ts-expect-error what was trained with is for reading
  detector.config.sigma = 2;
  // @ts-expect-error no such kind
  configureNative({ backend: "rocm" });
  // @ts-expect-error the codes are a closed set
  throw new ReverseDistillationError("WHATEVER", "message");
}
