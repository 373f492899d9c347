/** Thrown by a job that ends early because its worker drains. It goes back to the queue, and that is no failure. */
export class GivenBack extends Error {
  override readonly name = "GivenBack";

  constructor() {
    super("The worker drains, and the job goes back to the queue.");
  }
}
