import { resolve } from "node:path";
import test from "ava";
import { configureNative, fixSettings, nativeSettings } from "../../../lib/native/settings.js";

const env = {
  LIBTORCH: "torch",
  REVERSE_DISTILLATION_ADDON: "/binaries",
  REVERSE_DISTILLATION_BACKEND: "cpu",
};

test.serial("variables are read as settings, and their paths become absolute", (t) => {
  t.deepEqual(nativeSettings(env), {
    libtorch: { value: resolve("torch"), source: "The variable LIBTORCH" },
    addon: { value: "/binaries", source: "The variable REVERSE_DISTILLATION_ADDON" },
    backend: { value: "cpu", source: "The variable REVERSE_DISTILLATION_BACKEND" },
  });
  t.deepEqual(nativeSettings({ LIBTORCH: "" }), {
    libtorch: undefined,
    addon: undefined,
    backend: undefined,
  });
});

test.serial("an unknown backend is rejected with the name of its variable", (t) => {
  t.throws(() => nativeSettings({ REVERSE_DISTILLATION_BACKEND: "rocm" }), {
    code: "INVALID_ARGUMENT",
    message: /^The variable REVERSE_DISTILLATION_BACKEND must be "cpu" or "cuda"; got 'rocm'\.$/,
  });
});

test.serial("invalid options are rejected", (t) => {
  for (const options of [{ backend: "rocm" }, { libtorch: "" }, { addon: 3 }, { cache: "/" }, null])
    t.throws(() => configureNative(options as never), { code: "INVALID_ARGUMENT" });
});

test.serial("options override variables, and cannot be changed once the addon is loaded", (t) => {
  configureNative({ libtorch: "/mine", backend: "cuda" });
  t.like(nativeSettings(env), {
    libtorch: { value: "/mine", source: "The option libtorch of configureNative()" },
    addon: { value: "/binaries" },
    backend: { value: "cuda" },
  });
  configureNative({});
  t.like(nativeSettings(env), { libtorch: { value: resolve("torch") }, backend: { value: "cpu" } });
  fixSettings(true);
  t.throws(() => configureNative({ libtorch: "/late" }), {
    code: "INVALID_ARGUMENT",
    message: /^configureNative\(\) was called too late/,
  });
});
