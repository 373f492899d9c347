/** How often, and on what, a benchmark runs. */
export interface Effort {
  rounds: number;
  trainingSteps: number;
  /** Of a process. */
  starts: number;
}
