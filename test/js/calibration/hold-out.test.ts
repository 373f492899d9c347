import test from "ava";
import { chooseHeldOut } from "../../../lib/calibration/hold-out.js";
import { holdOutOptions, type HeldOutOptions } from "../../../lib/options/calibration.js";
import { resolveOptions } from "../../../lib/options/option.js";

/** The option `calibrate` of train, checked. */
function checked(calibrate: "auto" | boolean | HeldOutOptions) {
  return resolveOptions(holdOutOptions, { calibrate }).calibrate!;
}

const each = (count: number) => Array.from({ length: count }, (_, i) => i);

test("a fifth is held out from 100 images on, the same for the same seed", (t) => {
  const auto = checked("auto");
  t.deepEqual(chooseHeldOut(each(99), auto, 0), []);
  for (const count of [100, 209, 1000]) {
    const chosen = chooseHeldOut(each(count), auto, 0);
    t.is(chosen.length, Math.round(count / 5));
    t.is(new Set(chosen).size, chosen.length);
    t.deepEqual(
      [...chosen].sort((a, b) => a - b),
      chosen,
    );
    t.true(chosen.every((index) => index >= 0 && index < count));
    t.deepEqual(chooseHeldOut(each(count), auto, 0), chosen);
    t.notDeepEqual(chooseHeldOut(each(count), auto, 1), chosen);
  }
});

test("images of one group stay on one side", (t) => {
  const groups = each(120).map((i) => `part ${Math.floor(i / 4)}`);
  const chosen = new Set(chooseHeldOut(groups, checked("auto"), 3));
  t.is(chosen.size, 24);
  for (let part = 0; part < 30; part++) {
    const held = [0, 1, 2, 3].filter((i) => chosen.has(4 * part + i)).length;
    t.true(held === 0 || held === 4);
  }
});

test("what is asked for is held out, or an error says what is missing", (t) => {
  t.is(chooseHeldOut(each(60), checked({ images: 30 }), 0).length, 30);
  t.is(chooseHeldOut(each(40), checked(true), 0).length, 20);
  t.throws(() => chooseHeldOut(each(39), checked(true), 0), {
    message: /needs 20 of the images, .* at most half of them; got 39\./,
  });
  t.throws(
    () =>
      chooseHeldOut(
        each(200).map((i) => i % 2),
        checked({ images: 101 }),
        0,
      ),
    {
      message: /got 200 in 2 groups/,
    },
  );
  t.deepEqual(
    chooseHeldOut(
      each(200).map(() => "one"),
      checked("auto"),
      0,
    ),
    [],
  );
});

test("invalid options are refused by name", (t) => {
  const cases: [unknown, RegExp][] = [
    ["always", /calibrate must be "auto", true, false, or an object of options; got 'always'/],
    [{ images: 19 }, /calibrate\.images must be a whole number from 20/],
    [{ falseAlarms: 0 }, /calibrate\.falseAlarms must be a rate above 0 and below 1; got 0/],
    [{ falseAlarms: Number.NaN }, /falseAlarms must be a rate/],
    [{ falseAlarms: 0.05, review: 0.01 }, /calibrate\.review must be at least falseAlarms \(0\.05\)/],
    [{ group: "part" }, /calibrate\.group must be a function/],
    [{ groups: 1 }, /unknown key "groups"/],
  ];
  for (const [calibrate, message] of cases)
    t.throws(() => resolveOptions(holdOutOptions, { calibrate }), { message });
});
