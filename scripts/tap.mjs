/** Reads TAP (Test Anything Protocol) line by line, counts the tests and reports them as they come. */
export class TapReader {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** @type {number | undefined} the number of tests in the plan; undefined until it is read. */
  planned = undefined;
  /** @type {{ name: string, message: string }[]} the failed tests, with what they printed below their names. */
  failures = [];
  #report;
  /** Whether the lines that come belong to the last failure. */
  #isFailing = false;

  /**
   * @param {(line: string) => void} report called with one readable line per test, and with failing tests' output.
   */
  constructor(report) {
    this.#report = report;
  }

  /** The number of tests that have reported. */
  get reported() {
    return this.passed + this.failed + this.skipped;
  }

  /** @param {string} line without its line break. */
  read(line) {
    const test = /^(not )?ok\b(?: \d+)?(?: -)? ?(.*?)(?: # (SKIP|TODO)\b.*)?$/i.exec(line);
    const plan = /^1\.\.(\d+)/.exec(line);
    if (test) this.#readTest(test[1] === undefined, test[2] ?? "", test[3]);
    else if (plan) this.planned = Number(plan[1]);
    else if (/^Bail out!/.test(line)) this.fail(line);
    else if (
      line.trim() !== "" &&
      !/^(TAP version|# (tests|pass|fail|skip|todo) |\s+(---|\.\.\.)$)/.test(line)
    )
      this.#readDetail(line);
  }

  /** @param {string} what a failure that no test reported, such as a crash. */
  fail(what) {
    this.failed += 1;
    this.failures.push({ name: what, message: "" });
    this.#isFailing = true;
    this.#report(`  \u2718 ${what}`);
  }

  /** @param {string} line below a test. */
  #readDetail(line) {
    const failure = this.failures.at(-1);
    if (this.#isFailing && failure) failure.message += `${failure.message && "\n"}${line.trimEnd()}`;
    this.#report(`    ${line}`);
  }

  /**
   * @param {boolean} ok
   * @param {string} title
   * @param {string | undefined} directive
   */
  #readTest(ok, title, directive) {
    this.#isFailing = false;
    if (directive !== undefined) {
      this.skipped += 1;
      this.#report(`  - ${title} (skipped)`);
    } else if (ok) {
      this.passed += 1;
      this.#report(`  \u2714 ${title}`);
    } else this.fail(title);
  }
}
