import { verdicts } from "../verdicts.js";
import Type, { type Static, type TUnsafe } from "typebox";

/** A number or a string that can be null. */
export function nullable<T extends "number" | "string">(
  type: T,
  options: object = {},
): TUnsafe<(T extends "number" ? number : string) | null> {
  return Type.Unsafe({ type: [type, "null"], ...options });
}

const Point = Type.Object({ x: Type.Number(), y: Type.Number() });

/** A region of a defect, in pixels of the image. */
export const RegionBody = Type.Object({
  box: Type.Object({
    left: Type.Number(),
    top: Type.Number(),
    width: Type.Number(),
    height: Type.Number(),
  }),
  area: Type.Number({ description: "In pixels of the image." }),
  share: Type.Number({ description: "The area as a share of the image." }),
  centroid: Point,
  peak: Type.Object({ value: Type.Number(), x: Type.Number(), y: Type.Number() }),
  mean: Type.Number({ description: "The mean of the map in the region." }),
  polygon: Type.Array(Type.Array(Type.Array(Type.Number())), {
    description: "The outline: rings of corners [x, y]; the first is around the region, others around holes.",
  }),
});

/** What an inspection answers. */
export const Inspection = Type.Object(
  {
    id: Type.String({ description: "The inspection, as the log names it." }),
    model: Type.String(),
    version: Type.Integer(),
    verdict: Type.Unsafe<"accept" | "review" | "reject" | null>({
      type: ["string", "null"],
      enum: [...verdicts, null],
      description: "What to do with the part; null if the model has no thresholds.",
    }),
    score: Type.Number({
      description: "Higher is more anomalous. Compare it only within one version of a model.",
    }),
    pValue: nullable("number", {
      description:
        "The share of good parts that score at least as high; null if the model is not calibrated.",
    }),
    regions: Type.Array(RegionBody, { description: "Empty unless the verdict is reject." }),
    drift: Type.Union([Type.Object({ of: Type.String(), direction: Type.String() }), Type.Null()], {
      description: "What has changed since the calibration: check the line, then calibrate again.",
    }),
    times: Type.Object(
      {
        received: Type.String({ description: "When the request arrived (ISO 8601)." }),
        receiveMs: Type.Number({ description: "From the request's headers to the whole body." }),
        scoreMs: Type.Number({ description: "From then to the score, waiting included." }),
        totalMs: Type.Number(),
      },
      { description: "Milliseconds." },
    ),
  },
  { $id: "Inspection", description: "The result for one image." },
);

/** What an inspection answers. */
export type Inspection = Static<typeof Inspection>;
