/** The lines of a source file that contain code, and how many of them ran. */
export interface CoveredFile {
  /** Below the root of the repository. */
  path: string;
  lines: number;
  covered: number;
}
