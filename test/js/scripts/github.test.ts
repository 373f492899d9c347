import { accessSync, constants, existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { parseDocument } from "yaml";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const files = readdirSync(join(root, ".github"), { recursive: true, encoding: "utf8" });
const forms = files.filter((path) => /^ISSUE_TEMPLATE\/(?!config).*\.yml$/.test(path));

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Workflow {
  permissions: Record<string, string>;
  concurrency: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, { container?: string; "timeout-minutes"?: number; steps: Step[] }>;
}

interface Form {
  name: string;
  description: string;
  body: {
    type: string;
    id?: string;
    attributes: Record<string, string>;
    validations?: { required: boolean };
  }[];
}

function read(path: string): string {
  return readFileSync(join(root, ".github", path), "utf8");
}

const workflow = parseDocument(read("workflows/ci.yml")).toJS() as Workflow;
const jobs = Object.values(workflow.jobs);
const steps = jobs.flatMap((job) => job.steps);

test("every YAML file of .github parses without an error or a warning", (t) => {
  const paths = files.filter((path) => /\.ya?ml$/.test(path));
  t.true(paths.length >= 4);
  for (const path of paths) {
    const { errors, warnings } = parseDocument(read(path));
    t.deepEqual([...errors, ...warnings], [], path);
  }
});

test("the workflow runs .ci/run, which exists and can be run", (t) => {
  t.is(steps.filter(({ run }) => run === ".ci/run").length, 1);
  t.notThrows(() => accessSync(join(root, ".ci/run"), constants.X_OK));
});

test("the workflow may only read, ends in time, and gives way to a newer run", (t) => {
  t.deepEqual(workflow.permissions, { contents: "read" });
  t.true(workflow.concurrency["cancel-in-progress"]);
  t.true(workflow.concurrency.group.includes("github.ref"));
  for (const job of jobs) t.true((job["timeout-minutes"] ?? Infinity) <= 120);
});

test("the workflow pins every action to a commit", (t) => {
  const actions = steps.flatMap(({ uses }) => uses ?? []);
  t.true(actions.length > 0);
  for (const action of actions) t.regex(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
});

test("the workflow installs what the set-up asks for, on the oldest Node.js that is supported", (t) => {
  const installed = steps.flatMap(({ run }) => run?.match(/apt-get install .*/)?.[0].split(" ") ?? []);
  for (const tool of ["g++", "cmake", "ninja-build", "python3", "python3-pip"])
    t.true(installed.includes(tool), tool);
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  const oldest = /^>=(\d+)\./.exec(engines.node)?.[1];
  for (const { container } of jobs) t.true(container?.startsWith(`node:${oldest}-`), container);
});

test("the workflow caches npm's packages and LibTorch, keyed by files that exist", (t) => {
  const caches = steps.filter(({ uses }) => uses?.startsWith("actions/cache@"));
  t.deepEqual(
    caches.map((step) => step.with?.path),
    ["~/.npm", "~/.cache/reverse-distillation/libtorch"],
  );
  for (const { with: options } of caches) {
    const hashed = /hashFiles\('([^']+)'\)/.exec(String(options?.key))?.[1];
    t.true(hashed !== undefined && existsSync(join(root, hashed)), hashed);
  }
});

test("every issue form has a name, a description and labelled fields with ids of their own", (t) => {
  t.is(forms.length, 2);
  for (const path of forms) {
    const { name, description, body } = parseDocument(read(path)).toJS() as Form;
    t.truthy(name);
    t.truthy(description);
    const fields = body.filter(({ type }) => type !== "markdown");
    for (const { type, id, attributes } of fields) {
      t.true(["textarea", "input", "dropdown", "checkboxes"].includes(type), type);
      t.truthy(id);
      t.truthy(attributes.label);
    }
    t.is(new Set(fields.map(({ id }) => id)).size, fields.length);
  }
});

test("a bug report has to hold the output of the command doctor", (t) => {
  const { body } = parseDocument(read("ISSUE_TEMPLATE/bug_report.yml")).toJS() as Form;
  const field = body.find(({ id }) => id === "doctor");
  t.true(field?.attributes.label?.includes("npx reverse-distillation doctor"));
  t.is(field?.attributes.render, "text");
  t.true(field?.validations?.required);
});
