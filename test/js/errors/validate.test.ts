import test from "ava";
import { ReverseDistillationError } from "../../../lib/errors/error.js";
import { integer, oneOf, path, positive, record } from "../../../lib/errors/validate.js";

const rejected: [title: string, check: () => unknown, message: string][] = [
  [
    "an unknown key",
    () => record("options", { a: 1, typo: 2 }, ["a", "b"]),
    'options has an unknown key "typo"; allowed keys: a, b.',
  ],
  [
    "an array instead of an object",
    () => record("options", [1], ["a"]),
    "options must be an object; got [ 1 ].",
  ],
  [
    "a value that is not in a list",
    () => oneOf("layout", "new", ["paper", "official", "other"]),
    'layout must be "paper", "official" or "other"; got \'new\'.',
  ],
  [
    "a missing value",
    () => oneOf("layout", undefined, ["paper", "official"]),
    'layout must be "paper" or "official"; got undefined.',
  ],
  [
    "a fraction instead of a whole number",
    () => integer("epochs", 0.5, 1, 10),
    "epochs must be a whole number from 1 to 10; got 0.5.",
  ],
  [
    "zero instead of a positive number",
    () => positive("sigma", 0, 1000),
    "sigma must be a number above 0 and at most 1000; got 0.",
  ],
  [
    "a negative number without an upper limit",
    () => positive("tolerance", -1, Number.MAX_VALUE),
    "tolerance must be a number above 0; got -1.",
  ],
  [
    "a URL of another scheme",
    () => path("weights", new URL("https://example.org/w")),
    "weights must be a path or a file: URL; got 'https://example.org/w'.",
  ],
];

for (const [title, check, message] of rejected) {
  test(`the error for ${title} says what is allowed and what was given`, (t) => {
    const error = t.throws(check, { message });
    t.true(error instanceof ReverseDistillationError && error.code === "INVALID_ARGUMENT");
  });
}

test("a long value is shortened in the message", (t) => {
  const error = t.throws(() => integer("epochs", Array(100).fill("a long text"), 1, 10));
  t.true((error?.message.length ?? Infinity) < 200, error?.message);
});
