import Type, { type Static } from "typebox";
import { starts, trainingStates } from "../../training/training.js";

const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A training. */
export const TrainingBody = Type.Object({
  id: Type.String(),
  model: Type.String(),
  from: Type.Integer({ description: "The version whose settings it has." }),
  source: Type.String({ description: "The folder of images, by its name." }),
  start: Type.Enum([...starts]),
  epochs: Type.Integer(),
  by: orNull(Type.String()),
  created: Type.String({ format: "date-time" }),
  state: Type.Enum([...trainingStates]),
  phase: orNull(Type.String({ description: "What it does now." })),
  losses: Type.Array(orNull(Type.Number()), {
    description: "The mean loss of each epoch that has ended; null if the service ended before it was noted.",
  }),
  version: orNull(Type.Integer({ description: "The new version." })),
  error: orNull(Type.Object({ code: Type.String(), message: Type.String() })),
});

/** A training. */
export type TrainingBody = Static<typeof TrainingBody>;

/** All trainings. */
export const TrainingsBody = Type.Object({
  trainings: Type.Array(TrainingBody, { description: "The newest first." }),
  sources: Type.Array(Type.String(), { description: "The folders that can be trained on." }),
});

/** All trainings. */
export type TrainingsBody = Static<typeof TrainingsBody>;

/** What is to be trained. */
export const TrainingRequestBody = Type.Object(
  {
    source: Type.String({ maxLength: 100, description: "The folder of images, by its name." }),
    start: Type.Optional(
      Type.Enum([...starts], {
        default: "imagenet",
        description: "imagenet: from scratch. version: from the weights of the version that serves.",
      }),
    ),
    epochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 20 })),
  },
  { additionalProperties: false },
);
