import type { Size } from "../image/fit.js";
import type { GraphBuilder } from "./graph.js";
import { TensorProto_DataType as DataType } from "./proto/onnx_pb.js";

/** The input that says how large images were before they were resized and padded: int64 [N, 2], height and width. */
export const sizesInput = "sizes";

/**
 * Adds the nodes that say what of the input shows the images, by {@link sizesInput}, in the integers of `fittedSize`.
 *
 * @returns the name of the mask [N, 1, H, W], float32: 1 where the input shows the image, 0 in its padding.
 */
export function addImageMask(graph: GraphBuilder, frame: Size): string {
  const integer = (name: string, value: number) => graph.constant(name, BigInt64Array.of(BigInt(value)), []);
  const two = integer("sizes.two", 2);
  const least = integer("sizes.least", 1);
  const length = {
    rows: integer("frame.rows", frame.height),
    columns: integer("frame.columns", frame.width),
  };
  const column = (name: string, index: number) => {
    const at = graph.constant(`${name}.index`, BigInt64Array.of(BigInt(index)), [1]);
    return graph.node("Gather", name, [sizesInput, at], { axis: 1 });
  };
  const image = { rows: column("sizes.rows", 0), columns: column("sizes.columns", 1) };

  /** length * numerator / denominator, rounded half up, at least 1. */
  const scaled = (name: string, side: string, numerator: string, denominator: string) => {
    const product = graph.node("Mul", `${name}.product`, [side, numerator]);
    const doubled = graph.node("Mul", `${name}.doubled`, [product, two]);
    const dividend = graph.node("Add", `${name}.dividend`, [doubled, denominator]);
    const divisor = graph.node("Mul", `${name}.divisor`, [denominator, two]);
    const quotient = graph.node("Div", `${name}.quotient`, [dividend, divisor]);
    return graph.node("Max", name, [quotient, least]);
  };
  const isWide = graph.node("Greater", "sizes.wide", [
    graph.node("Mul", "sizes.wide.columns", [image.columns, length.rows]),
    graph.node("Mul", "sizes.wide.rows", [image.rows, length.columns]),
  ]);
  const fitted = {
    rows: graph.node("Where", "fitted.rows", [
      isWide,
      scaled("scaled.rows", image.rows, length.columns, image.columns),
      length.rows,
    ]),
    columns: graph.node("Where", "fitted.columns", [
      isWide,
      length.columns,
      scaled("scaled.columns", image.columns, length.rows, image.rows),
    ]),
  };

  /** Whether each place along an axis shows the image: [N, 1, H, 1] or [N, 1, 1, W]. */
  const shown = (axis: "rows" | "columns", count: number, others: readonly [number, number]) => {
    const rest = graph.node("Sub", `padding.${axis}`, [length[axis], fitted[axis]]);
    const first = graph.node("Div", `first.${axis}`, [rest, two]);
    const end = graph.node("Add", `end.${axis}`, [first, fitted[axis]]);
    const places = BigInt64Array.from({ length: count }, (_, i) => BigInt(i));
    const place = graph.constant(`places.${axis}`, places, [1, count]);
    const inside = graph.node("And", `shown.${axis}`, [
      graph.node("GreaterOrEqual", `after.${axis}`, [place, first]),
      graph.node("Less", `before.${axis}`, [place, end]),
    ]);
    const axes = graph.constant(`axes.${axis}`, BigInt64Array.from(others, BigInt), [2]);
    const placed = graph.node("Unsqueeze", `placed.${axis}`, [inside, axes]);
    return graph.node("Cast", `inside.${axis}`, [placed], { to: DataType.FLOAT });
  };
  return graph.node("Mul", "inside", [
    shown("rows", frame.height, [1, 3]),
    shown("columns", frame.width, [1, 2]),
  ]);
}
