import type { Region, Verdict } from "reverse-distillation";

/** What a person says about a verdict. */
export const decisions = ["confirm", "overrule"] as const;

/** What a person says about a verdict. */
export type Decision = (typeof decisions)[number];

/** A review of a part. */
export interface Review {
  decision: Decision;
  /** Whether the part is good, as the reviewer sees it. */
  good: boolean;
  /** The name of the reviewer's token; null where the service runs without tokens. */
  by: string | null;
  time: Date;
}

/** The result of an inspection as it is kept. */
export interface Part {
  id: string;
  /** When the image had arrived. */
  time: Date;
  model: string;
  version: number;
  /** null if the model has no thresholds. */
  verdict: Verdict | null;
  score: number;
  /** null if the model is not calibrated. */
  pValue: number | null;
  regions: readonly Region[];
  /** SHA-256 of the image as it was given, in hexadecimal. */
  digest: string;
  /** Where the part was inspected. */
  station: string | null;
  /** The name of the file, if the image came from a watched folder. It can be any string. */
  source: string | null;
  /** The media type of the image, if it is kept. */
  image: string | null;
  review: Review | null;
}

/** A part that was just inspected. */
export type NewPart = Omit<Part, "image" | "review">;

/** Whether a part is good in the eyes of someone who confirms or overrules its verdict. */
export function isGood(verdict: Verdict, decision: Decision): boolean {
  return (verdict === "accept") === (decision === "confirm");
}

/** What happened to a part, as destinations get it. */
export interface PartEvent {
  /** The same whenever the event is delivered again. */
  id: string;
  type: "inspected" | "reviewed";
  part: Part;
}

/** Reads an event that was written as JSON. */
export function parseEvent(json: string): PartEvent {
  return JSON.parse(json, (key, value: unknown) =>
    key === "time" ? new Date(value as string) : value,
  ) as PartEvent;
}
