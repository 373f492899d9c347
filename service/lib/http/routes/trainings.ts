import { Readable } from "node:stream";
import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import { ServiceError } from "../../problems/service-error.js";
import { isOver, type Training } from "../../training/training.js";
import type { Trainings } from "../../training/trainings.js";
import type { App, Parts } from "../app.js";
import { TrainingBody, TrainingRequestBody, TrainingsBody } from "../bodies/training.js";

const tags = ["Trainings"];
const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };
const params = Type.Object({ id: Type.String({ maxLength: 100, description: "The training." }) });
const one = { tags, params, response: { 200: TrainingBody, default: failure } };

/** Proxies close connections on which nothing comes; milliseconds. */
const pulseMs = 15_000;

/** Trainings of new versions. */
export async function trainingRoutes(app: App, parts: Parts): Promise<void> {
  app.get(
    "/trainings",
    {
      schema: { tags, summary: "All trainings", response: { 200: TrainingsBody, default: failure } },
      config: { permission: "read" },
    },
    async () => {
      const { list, sources } = trainingsOf(parts);
      return { trainings: list, sources };
    },
  );

  app.post(
    "/models/:name/trainings",
    {
      schema: {
        tags,
        summary: "Train a new version",
        description: "It has the settings of the version that serves, and serves when somebody says so.",
        params: Type.Object({ name: Type.String({ maxLength: 100 }) }),
        body: TrainingRequestBody,
        response: { 200: TrainingBody, default: failure },
      },
      config: { permission: "admin" },
    },
    async ({ params: { name }, body: { source, start = "imagenet", epochs = 20 }, caller }) =>
      trainingsOf(parts).add({ model: name, source, start, epochs, by: caller?.name ?? null }),
  );

  app.get(
    "/trainings/:id",
    { schema: { ...one, summary: "A training" }, config: { permission: "read" } },
    async (request) => trainingsOf(parts).find(request.params.id),
  );

  app.delete(
    "/trainings/:id",
    { schema: { ...one, summary: "Cancel a training" }, config: { permission: "admin" } },
    async (request) => trainingsOf(parts).cancel(request.params.id),
  );

  app.get(
    "/trainings/:id/events",
    {
      schema: {
        ...{ tags, params, summary: "A training as it goes on, as server-sent events" },
        description:
          "Each event is the training as `GET /trainings/{id}` answers it; the last one comes when it is over.",
        response: {
          200: { description: "Events.", content: { "text/event-stream": { schema: Type.String() } } },
          default: failure,
        },
      },
      config: { permission: "read" },
    },
    async (request, reply) => {
      const trainings = trainingsOf(parts);
      const training = trainings.find(request.params.id);
      reply.header("cache-control", "no-store").type("text/event-stream");
      // The schema is that of one event; fastify sends streams as they are.
      return reply.send(eventsOf(trainings, training) as never);
    },
  );
}

function eventsOf(trainings: Trainings, training: Training): Readable {
  const events = new Readable({ read() {}, destroy });
  const pulse = setInterval(() => events.push(":\n\n"), pulseMs);
  const unlisten = trainings.onChange((changed) => {
    if (changed === undefined) end();
    else if (changed.id === training.id) tell();
  });
  tell();
  return events;

  function destroy(error: Error | null, done: (error: Error | null) => void): void {
    stop();
    done(error);
  }
  function tell(): void {
    // Each event is the whole training, so who reads slowly misses nothing that matters.
    if (events.readableLength > events.readableHighWaterMark && !isOver(training)) return;
    events.push(`data: ${JSON.stringify(training)}\n\n`);
    if (isOver(training)) end();
  }
  function end(): void {
    stop();
    events.push(null);
  }
  function stop(): void {
    clearInterval(pulse);
    unlisten();
  }
}

function trainingsOf({ trainings }: Parts): Trainings {
  if (trainings !== undefined) return trainings;
  throw new ServiceError(
    "TRAININGS_OFF",
    "This service trains no models. Run it with --store, and name folders of images with --train-on <name>=<folder>.",
  );
}
