import Type, { type Static } from "typebox";
import { decisions, type Part } from "../../store/part.js";
import { Inspection, nullable } from "../inspection.js";

const { id, model, version, verdict, score, pValue, regions } = Inspection.properties;

/** A part as it is answered. */
export const PartBody = Type.Object(
  {
    id,
    time: Type.String({ description: "When the image had arrived (ISO 8601)." }),
    model,
    version,
    verdict,
    score,
    pValue,
    regions,
    digest: Type.String({ description: "SHA-256 of the image as it was given, in hexadecimal." }),
    station: nullable("string", { description: "Where the part was inspected." }),
    source: nullable("string", {
      description: "The name of the file, if the image came from a watched folder. It can be any string.",
    }),
    image: nullable("string", { description: "The media type of the image, if it is kept." }),
    review: Type.Union([
      Type.Object({
        decision: Type.Enum([...decisions]),
        good: Type.Boolean({ description: "Whether the part is good, as the reviewer sees it." }),
        by: nullable("string", {
          description: "The name of the reviewer's token; null where there are no tokens.",
        }),
        time: Type.String(),
      }),
      Type.Null(),
    ]),
  },
  { $id: "Part", description: "The result of an inspection, as it is kept." },
);

/** A part as it is answered. */
export type PartBody = Static<typeof PartBody>;

/** Parts, and where to go on. */
export const PartsBody = Type.Object({
  parts: Type.Array(PartBody, { description: "The newest first." }),
  next: nullable("string", { description: "`cursor` of the next page; null on the last one." }),
});

/** Parts, and where to go on. */
export type PartsBody = Static<typeof PartsBody>;

/** A part as clients see it. */
export function partBodyOf({ time, regions, review, ...part }: Part): PartBody {
  return {
    ...part,
    time: time.toISOString(),
    regions: [...regions],
    review: review && { ...review, time: review.time.toISOString() },
  };
}
