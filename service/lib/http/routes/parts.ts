import Type, { type Static } from "typebox";
import { Problem } from "../../problems/problem.js";
import { ServiceError } from "../../problems/service-error.js";
import { decisions, type Part } from "../../store/part.js";
import type { Store } from "../../store/store.js";
import { verdicts } from "../../verdicts.js";
import type { App, Parts } from "../app.js";
import { Inspection, nullable } from "../inspection.js";

const tags = ["Parts"];
const { id, model, version, verdict, score, pValue, regions } = Inspection.properties;

const PartBody = Type.Object(
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

const Query = Type.Object({
  model: Type.Optional(Type.String({ maxLength: 100 })),
  version: Type.Optional(Type.Integer({ minimum: 1 })),
  verdict: Type.Optional(
    Type.Enum([...verdicts, "none"], { description: "none: those of models without thresholds." }),
  ),
  station: Type.Optional(Type.String({ maxLength: 64 })),
  from: Type.Optional(Type.String({ format: "date-time", description: "Inspected then or later." })),
  to: Type.Optional(Type.String({ format: "date-time", description: "Inspected before." })),
  reviewed: Type.Optional(Type.Boolean({ description: "Whether somebody has reviewed them." })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(
    Type.String({ pattern: "^[1-9][0-9]{0,14}$", description: "The `next` of the page before." }),
  ),
});

const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };
const params = Type.Object({ id: Type.String({ maxLength: 100, description: "The part." }) });

/** The results that are kept. */
export async function partRoutes(app: App, parts: Parts): Promise<void> {
  const Page = Type.Object({
    parts: Type.Array(PartBody, { description: "The newest first." }),
    next: nullable("string", { description: "`cursor` of the next page; null on the last one." }),
  });
  app.get(
    "/parts",
    {
      schema: {
        tags,
        summary: "Parts that were inspected",
        querystring: Query,
        response: { 200: Page, default: failure },
      },
      config: { permission: "read" },
    },
    async ({ query: { from, to, cursor, limit = 100, ...filter } }) => {
      const page = storeOf(parts).list(
        {
          ...filter,
          ...(from !== undefined && { from: new Date(from) }),
          ...(to !== undefined && { to: new Date(to) }),
          ...(cursor !== undefined && { before: Number(cursor) }),
        },
        limit,
      );
      return { parts: page.parts.map(bodyOf), next: page.next === undefined ? null : String(page.next) };
    },
  );

  const one = { tags, params, response: { 200: PartBody, default: failure } };
  app.get(
    "/parts/:id",
    { schema: { ...one, summary: "A part" }, config: { permission: "read" } },
    async (request) => bodyOf(storeOf(parts).find(request.params.id)),
  );
  app.get(
    "/parts/:id/image",
    {
      schema: {
        tags,
        params,
        summary: "The image of a part with the verdict review or reject",
        description: "An encoded image as it was given; raw pixels as PAM.",
        response: {
          200: {
            description: "The image.",
            content: { "image/*": { schema: Type.Unsafe<unknown>({}) } },
          },
          default: failure,
        },
      },
      config: { permission: "read" },
    },
    async (request, reply) => {
      const { type, bytes } = await storeOf(parts).image(request.params.id);
      return reply.type(type).send(bytes);
    },
  );
  app.put(
    "/parts/:id/review",
    {
      schema: {
        ...one,
        summary: "Confirm or overrule a verdict",
        description:
          "To overrule a review or reject says that the part is good, to overrule an accept that it is not. A later " +
          "review takes the place of an earlier one.",
        body: Type.Object({ decision: Type.Enum([...decisions]) }),
      },
      config: { permission: "review" },
    },
    async ({ params, body, caller, log }) => {
      const part = await storeOf(parts).review(params.id, body.decision, caller?.name ?? null);
      log.info({ part: part.id, decision: body.decision, by: caller?.name }, "reviewed");
      return bodyOf(part);
    },
  );
}

function storeOf({ store }: Parts): Store {
  if (store !== undefined) return store;
  throw new ServiceError("RESULTS_NOT_KEPT", "This service keeps no results. Run it with --store.");
}

function bodyOf({ time, regions, review, ...part }: Part): Static<typeof PartBody> {
  return {
    ...part,
    time: time.toISOString(),
    regions: [...regions],
    review: review && { ...review, time: review.time.toISOString() },
  };
}
