import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";

/** For how long the event loop was held during some work. */
export interface EventLoopResult {
  work: string;
  /** How long the work took, in seconds. */
  seconds: number;
  /**
   * How late a timer of one millisecond fired at 99 % of its times, in milliseconds, and at the worst. Waiting for a
   * processor that other threads of the work use counts too.
   */
  late: { p99: number; most: number };
  /** The longest time that the thread itself computed between two turns, in milliseconds. */
  longestTurn: number;
  /** The system's load average over the minute before. */
  load: number;
  environment: Environment;
}

export const results = new ResultsFile<EventLoopResult>("event-loop.json", ({ work }) => work);
