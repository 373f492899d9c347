import Type, { type Static } from "typebox";
import { mostRecent } from "../../line/line.js";
import { verdicts } from "../../verdicts.js";

const AnyVerdict = Type.Unsafe<"accept" | "review" | "reject" | null>({
  type: ["string", "null"],
  enum: [...verdicts, null],
});

const Thresholds = Type.Object({ reject: Type.Number(), review: Type.Number(), outline: Type.Number() });

/** A threshold and what the calibration promises of it. */
export const PromisedBody = Type.Object({
  value: Type.Number(),
  rate: Type.Number({ description: "At most this share of good parts is at or above it, on average." }),
  interval: Type.Union([Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }), Type.Null()], {
    description: "The 95 % interval of the share for this calibration; null for an estimate.",
  }),
  images: Type.Integer({ description: "Good parts that it comes from." }),
  estimate: Type.Boolean({ description: "Whether it was extrapolated. Then nothing is promised." }),
});

/** Everything that is known of a version. */
export const CardBody = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  file: Type.Object({
    name: Type.String(),
    bytes: Type.Integer(),
    sha256: Type.String({ description: "SHA-256 of the file, in hexadecimal." }),
  }),
  config: Type.Unsafe<Record<string, unknown>>({
    type: "object",
    additionalProperties: true,
    description: "What the model computes, and where.",
  }),
  training: Type.Unsafe<Record<string, unknown> | null>({
    type: ["object", "null"],
    additionalProperties: true,
    description: "The options of the training, and its result; null for a model that does not record it.",
  }),
  thresholds: Type.Union([Thresholds, Type.Null()], { description: "The thresholds in force." }),
  calibration: Type.Union(
    [
      Type.Object({
        images: Type.Integer({ description: "Good parts." }),
        reject: PromisedBody,
        review: PromisedBody,
        outline: Type.Number(),
      }),
      Type.Null(),
    ],
    { description: "The calibration; thresholds that were set by hand can differ from it." },
  ),
  counts: Type.Union(
    [
      Type.Array(
        Type.Object({
          verdict: AnyVerdict,
          decision: Type.Union([Type.Enum(["confirm", "overrule"]), Type.Null()], {
            description: "What was said about it; null if nobody did.",
          }),
          parts: Type.Integer(),
        }),
      ),
      Type.Null(),
    ],
    { description: "The parts of this version that are kept; null if results are not kept." },
  ),
});

/** Everything that is known of a version. */
export type CardBody = Static<typeof CardBody>;

/** The scores that thresholds are chosen by. */
export const ScoresBody = Type.Object({
  good: Type.Array(Type.Number(), { description: "Those of the good parts of the calibration, ascending." }),
  recent: Type.Array(Type.Number(), {
    description: `Those of the latest parts of this version, ${mostRecent} at most, the newest last.`,
  }),
  thresholds: Thresholds,
});

/** The scores that thresholds are chosen by. */
export type ScoresBody = Static<typeof ScoresBody>;

const Verdicts = Type.Object({ accept: Type.Integer(), review: Type.Integer(), reject: Type.Integer() });

/** What thresholds promise, and what they would have done. */
export const TrialBody = Type.Object({
  reject: PromisedBody,
  review: PromisedBody,
  recent: Type.Object(
    {
      now: Verdicts,
      then: Verdicts,
      changed: Type.Integer({ description: "Parts whose verdict would have been another one." }),
    },
    {
      description: `The verdicts on the latest parts of this version, ${mostRecent} at most: those they got, and those they would have got.`,
    },
  ),
});

/** What thresholds promise, and what they would have done. */
export type TrialBody = Static<typeof TrialBody>;
