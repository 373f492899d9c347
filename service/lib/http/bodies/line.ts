import Type, { type Static } from "typebox";
import { minutesKept, mostRecent } from "../../line/line.js";

const Counts = {
  accept: Type.Integer(),
  review: Type.Integer(),
  reject: Type.Integer(),
  none: Type.Integer({ description: "Parts without a verdict." }),
};

/** How many bins the p-values from 0 to 1 are counted in. */
export const pValueBins = 20;

/** What lines did lately. */
export const LineBody = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      serving: Type.Union([Type.Integer(), Type.Null()], { description: "The version that answers." }),
      minutes: Type.Array(
        Type.Object({
          start: Type.Number({ description: "When the minute began, in milliseconds since 1970." }),
          ...Counts,
        }),
        { description: `The last ${minutesKept} minutes by verdict, the current one last.` },
      ),
      pValues: Type.Union([Type.Array(Type.Integer()), Type.Null()], {
        description:
          `How many of the latest parts of the version that answers, ${mostRecent} at most, have a p-value in each of ` +
          `${pValueBins} bins from 0 to 1; null without a calibration.`,
      }),
      watch: Type.Union(
        [
          Type.Object({
            parts: Type.Integer({ description: "Parts since the version was loaded." }),
            drift: Type.Union([Type.Object({ of: Type.String(), direction: Type.String() }), Type.Null()], {
              description: "What has changed since the calibration.",
            }),
            evidence: Type.Number({
              description: "The evidence for a change, as a share of what raises the alarm.",
            }),
          }),
          Type.Null(),
        ],
        { description: "What is known of drift; null without a calibration." },
      ),
    }),
  ),
});

/** What lines did lately. */
export type LineBody = Static<typeof LineBody>;
