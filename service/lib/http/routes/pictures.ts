import type { FastifyReply } from "fastify";
import { drawHeatmap, type LevelRange } from "reverse-distillation";
import sharp from "sharp";
import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import { scaleEndOf } from "../../models/scale-end.js";
import { toNpy } from "../../tensors/npy.js";
import type { App, Parts } from "../app.js";
import { OneAtATime } from "../one-at-a-time.js";
import { storeOf } from "../store-of.js";

const tags = ["Parts"];
const params = Type.Object({ id: Type.String({ maxLength: 100, description: "The part." }) });
const binary = { schema: Type.Unsafe<unknown>({}) };
const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };

/** A map of one place, where there is nothing to see. */
const noMap = { data: new Float32Array(1), height: 1, width: 1 };

/** The part of an image that a map shows, if it does not say. */
const whole = { left: 0, top: 0, width: 1, height: 1 };

/**
 * Kept images for people to look at. They are drawn and scored one at a time, so that whoever looks takes at most one
 * place in the queue of a line.
 */
export async function pictureRoutes(app: App, parts: Parts): Promise<void> {
  const { settings, models } = parts;
  const turns = new OneAtATime();

  app.get(
    "/parts/:id/picture",
    {
      schema: {
        ...{ tags, params, summary: "The image of a part as any browser can show it" },
        description:
          "Drawn anew from the image that is kept, whatever its format: 8 bits, as WebP. `image-size` has the width and height " +
          "of the image that is kept, which regions refer to.",
        querystring: Type.Object({
          side: Type.Optional(
            Type.Integer({ minimum: 16, maximum: 4096, default: 2048, description: "The longest side." }),
          ),
        }),
        response: {
          200: { description: "The picture.", content: { "image/webp": binary } },
          default: failure,
        },
      },
      config: { permission: "read" },
    },
    async ({ params: { id }, query: { side = 2048 }, deadline: signal }, reply) => {
      const store = storeOf(parts);
      const { model, version } = store.find(id);
      const picture = await turns.run(signal, async () => {
        const { bytes } = await store.image(id);
        const levels = levelsOf(model, version);
        const drawn = await drawHeatmap(bytes, noMap, { levels, maxPixels: settings.maxPixels, signal });
        const image = sharp(drawn, { limitInputPixels: false });
        const { width, height } = await image.metadata();
        void reply.header("image-size", `${width} ${height}`);
        return image.resize(side, side, { fit: "inside", withoutEnlargement: true }).webp().toBuffer();
      });
      return keepable(reply).type("image/webp").send(picture);
    },
  );

  app.get(
    "/parts/:id/map",
    {
      schema: {
        ...{ tags, params, summary: "The anomaly map of a part" },
        description:
          "Computed anew by the version that judged the part, which must be in memory: float32 in NumPy's format, at the " +
          "model's size. `map-part` has the part of the image that it shows, as shares: left, top, width, height. " +
          "`map-scale-end` has the value that gets the strongest colour in overlays.",
        response: {
          200: { description: "The map.", content: { "application/x-npy": binary } },
          default: failure,
        },
      },
      config: { permission: "read" },
    },
    async ({ params: { id }, deadline: signal }, reply) => {
      const store = storeOf(parts);
      const { model, version } = store.find(id);
      const { map, scaleEnd } = await turns.run(signal, async () => {
        const { bytes } = await store.image(id);
        const by = models.find(model, version);
        const score = await by.score(bytes, { signal, maxPixels: settings.maxPixels });
        return { map: score.map, scaleEnd: scaleEndOf(by.detector.thresholds) ?? score.score };
      });
      const { left, top, width, height } = map.part ?? whole;
      return keepable(reply)
        .header("map-part", [left, top, width, height].join(" "))
        .header("map-scale-end", String(scaleEnd))
        .type("application/x-npy")
        .send(toNpy(map));
    },
  );

  /** Deep images are shown with the levels of the model, if it is still in memory. */
  function levelsOf(model: string, version: number): LevelRange | undefined {
    return models.models.find(({ name }) => name === model)?.find(version)?.detector.config.levels;
  }
}

/** What a part looks like does not change, but it is not for everybody. */
function keepable(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "private, max-age=3600").header("vary", "authorization");
}
