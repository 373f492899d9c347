import test from "ava";
import { closureOf, lockedPackages, placeOf } from "../../../scripts/locked-packages.mjs";

const packages = {
  "": { version: "1.0.0", dependencies: { a: "*" } },
  "node_modules/a": { version: "1.0.0", dependencies: { b: "*", c: "*" } },
  "node_modules/a/node_modules/b": { version: "2.0.0", dependencies: { c: "*" } },
  "node_modules/b": { version: "1.0.0" },
  "node_modules/c": { version: "1.0.0", dependencies: { a: "*", missing: "*" } },
};

test("a package is found in the nearest folder, as by Node.js", (t) => {
  t.is(placeOf(packages, "node_modules/a", "b"), "node_modules/a/node_modules/b");
  t.is(placeOf(packages, "node_modules/c", "b"), "node_modules/b");
  t.is(placeOf(packages, "node_modules/a/node_modules/b", "c"), "node_modules/c");
  t.is(placeOf(packages, "node_modules/a", "missing"), undefined);
});

test("a closure has each package once, also where packages need each other", (t) => {
  const needs = ({ dependencies = {} }): object[] => [dependencies];
  t.deepEqual([...closureOf(packages, "", ["a"], needs)].sort(), [
    "node_modules/a",
    "node_modules/a/node_modules/b",
    "node_modules/c",
  ]);
});

test("the lock file has this package and what it needs", (t) => {
  const locked = lockedPackages();
  for (const name of Object.keys(locked[""]?.dependencies ?? {})) t.truthy(placeOf(locked, "", name), name);
});
