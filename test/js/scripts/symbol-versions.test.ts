import test from "ava";
import {
  beyond,
  compareVersions,
  readSymbolVersions,
  symbolVersions,
} from "../../../scripts/symbol-versions.js";

const text = `
Version definition section '.gnu.version_d' contains 1 entry:
  000000: Rev: 1  Flags: none   Index: 2  Cnt: 1  Name: GLIBC_2.99

Version needs section '.gnu.version_r' contains 2 entries:
  000000: Version: 1  File: libc.so.6  Cnt: 2
  0x0010:   Name: GLIBC_2.9  Flags: none  Version: 5
  0x0020:   Name: GLIBC_2.14  Flags: none  Version: 4
  000030: Version: 1  File: libstdc++.so.6  Cnt: 2
  0x0040:   Name: GLIBCXX_3.4.22  Flags: none  Version: 3
  0x0050:   Name: CXXABI_1.3  Flags: none  Version: 2
`;

test("the newest version of each family that is needed counts, not what is defined", (t) => {
  t.deepEqual(readSymbolVersions(text), { GLIBC: "2.14", GLIBCXX: "3.4.22", CXXABI: "1.3" });
});

test("versions compare by their numbers", (t) => {
  t.true(compareVersions("2.9", "2.14") < 0);
  t.true(compareVersions("3.4.22", "3.4") > 0);
  t.is(compareVersions("2.34", "2.34"), 0);
});

test("what is newer than allowed is named, and what nothing allows too", (t) => {
  t.deepEqual(beyond({ GLIBC: "2.34", GLIBCXX: "3.4.30" }, { GLIBC: "2.34", GLIBCXX: "3.4.22" }), [
    "GLIBCXX_3.4.30 is needed, but at most GLIBCXX_3.4.22 is allowed",
  ]);
  t.deepEqual(beyond({ CXXABI: "1.3" }, {}), ["CXXABI_1.3 is needed, but at most CXXABI_0 is allowed"]);
});

test("the program that runs this needs a glibc", (t) => {
  t.regex(symbolVersions([process.execPath]).GLIBC ?? "", /^2\.\d+/);
});
