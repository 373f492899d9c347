import test from "ava";
import { auroc } from "../../../lib/evaluation/metrics/index.js";
import { Random } from "../../../lib/random.js";
import {
  precisionRecallCurve,
  rocCurve,
  type Curve,
  type LabelledScore,
} from "../../../lib/report/curves.js";
import { html } from "../../../lib/report/html.js";
import { worstFirst } from "../../../lib/report/ranking.js";

const random = new Random("curves");

function area(curve: Curve): number {
  return curve
    .slice(1)
    .reduce((sum, [x, y], index) => sum + ((x - curve[index]![0]) * (y + curve[index]![1])) / 2, 0);
}

test("the area under the ROC curve is the AUROC, also where scores are equal", (t) => {
  for (const levels of [3, 10, 1e6]) {
    const images = Array.from({ length: 60 }, (_, i): LabelledScore => {
      const defective = i % 3 === 0;
      return { defective, score: Math.round((random.normal() + Number(defective)) * levels) };
    });
    const expected = auroc(
      images.map(({ score }) => score),
      images.map(({ defective }) => defective),
    );
    const curve = rocCurve(images);
    t.true(Math.abs(area(curve) - expected!) < 1e-12);
    t.deepEqual(
      [curve[0], curve.at(-1)],
      [
        [0, 0],
        [1, 1],
      ],
    );
  }
});

test("precision and recall at each score", (t) => {
  const images = [
    { score: 4, defective: true },
    { score: 3, defective: false },
    { score: 2, defective: true },
    { score: 2, defective: false },
  ];
  t.deepEqual(precisionRecallCurve(images), [
    [0, 1],
    [0.5, 1],
    [0.5, 0.5],
    [1, 0.5],
  ]);
});

test("the worst misses come first, and images without labels by their scores", (t) => {
  const images = [
    { score: 1, defective: false },
    { score: 9, defective: false },
    { score: 8, defective: true },
    { score: 10, defective: true },
    { score: 0.5, defective: true },
  ];
  // 0.5 is below all good images, 9 above two of three defects, 8 below one of two good images.
  t.deepEqual(worstFirst(images), [4, 1, 2, 0, 3]);
  t.deepEqual(worstFirst([{ score: 1 }, { score: 3 }, { score: 2 }]), [1, 2, 0]);
  t.deepEqual(worstFirst([]), []);
});

test("what is filled into HTML is text, except HTML", (t) => {
  const name = `<b a="1" c='2'>&amp;`;
  const inner = html`<i title="${name}">${name}</i>`;
  const escaped = "&#60;b a=&#34;1&#34; c=&#39;2&#39;&#62;&#38;amp;";
  t.is(html`<p>${[inner, 3, "<"]}</p>`.text, `<p><i title="${escaped}">${escaped}</i>3&#60;</p>`);
});
