/** How much a benchmark runs. */
export interface Effort {
  rounds: number;
  trainingSteps: number;
  /** How often to start a process. */
  starts: number;
}
