import type { ModelDescription } from "../options/model.js";
import type { GraphBuilder } from "./graph.js";
import { addInterest, cellSide } from "./interest.js";

/** Lower bound of each norm in the cosine, as in `torch.nn.CosineSimilarity`. */
const normFloor = 1e-8;

/**
 * Adds the nodes that compute the anomaly map [N, 1, H, W] and the score [N] from float32 features (Deng & Li 2022,
 * Eq. 1 and 3).
 *
 * @param teacher,student The features of layer1, layer2, layer3.
 */
export function addAnomalyMap(
  graph: GraphBuilder,
  teacher: readonly string[],
  student: readonly string[],
  model: ModelDescription,
): void {
  const { layers, combine, sigma, imageSize } = model;
  const [height, width] = imageSize;
  const floor = graph.constant("norm_floor", Float32Array.of(normFloor), []);
  const one = graph.constant("one", Float32Array.of(1), []);
  const channels = graph.constant("channels", BigInt64Array.of(1n), [1]);

  const norm = (features: string) =>
    graph.node("Max", `${features}.norm`, [
      graph.node("ReduceL2", `${features}.l2`, [features, channels], { keepdims: 1 }),
      floor,
    ]);
  const distance = (t: string, s: string, name: string) => {
    const products = graph.node("Mul", `${name}.products`, [t, s]);
    const inner = graph.node("ReduceSum", `${name}.inner`, [products, channels], { keepdims: 1 });
    const norms = graph.node("Mul", `${name}.norms`, [norm(t), norm(s)]);
    return graph.node("Sub", name, [one, graph.node("Div", `${name}.cosine`, [inner, norms])]);
  };

  const upsampled = (map: string, layer: number, name: string) => {
    const factor = cellSide(layer);
    const scales = graph.constant(`${name}.scales`, Float32Array.of(1, 1, factor, factor), [4]);
    return graph.node("Resize", name, [map, "", scales], {
      mode: "linear",
      coordinate_transformation_mode: "align_corners",
    });
  };
  const smoothed = (map: string, name: string) => {
    const rows = smooth(graph, map, { name: `${name}.rows`, axis: 2, size: height, sigma });
    return smooth(graph, rows, { name, axis: 3, size: width, sigma });
  };
  const operator = combine === "sum" ? "Add" : "Mul";
  const combined = (maps: readonly string[]) =>
    maps.reduce((a, b) => graph.node(operator, `${b}.combined`, [a, b]));
  const distances = layers.map((layer) => ({
    layer,
    map: distance(teacher[layer - 1]!, student[layer - 1]!, `distance${layer}`),
  }));

  const interest = addInterest(graph, model);
  if (interest === undefined) {
    smoothed(combined(distances.map(({ layer, map }) => upsampled(map, layer, `map${layer}`))), "map");
  } else {
    const inside = interest.mask;
    const least = graph.constant("least", Float32Array.of(2 ** -126), []);
    // Up-sampling and smoothing take the mean of what is inside alone, as native/pipeline/anomaly_map.cpp does.
    const mean = (weighted: string, weights: string, name: string) =>
      graph.node("Div", name, [weighted, graph.node("Max", `${weights}.positive`, [weights, least])]);
    const maps = distances.map(({ layer, map }) => {
      const share = interest.shares(layer);
      const weighted = graph.node("Mul", `distance${layer}.inside`, [map, share]);
      return mean(
        upsampled(weighted, layer, `weighted${layer}`),
        upsampled(share, layer, `weights${layer}`),
        `map${layer}`,
      );
    });
    const kept = graph.node("Mul", "combined.inside", [combined(maps), inside]);
    const map = mean(smoothed(kept, "smoothed"), smoothed(inside, "smoothed_inside"), "mean");
    graph.node("Mul", "map", [map, inside]);
  }
  const extent = graph.constant("extent", BigInt64Array.of(1n, 2n, 3n), [3]);
  graph.node("ReduceMax", "score", ["map", extent], { keepdims: 0 });
}

interface Pass {
  /** Name of the output. */
  name: string;
  /** 2: down the columns, 3: along the rows. */
  axis: 2 | 3;
  /** Length of the axis, in elements. */
  size: number;
  /** Standard deviation, in elements. */
  sigma: number;
}

/**
 * Adds one pass of the Gaussian filter, as in `scipy.ndimage.gaussian_filter`. The border (d c b a | a b c d |
 * d c b a) is made with Gather, because the Pad operator has no mode that reflects and repeats the edge.
 */
function smooth(graph: GraphBuilder, input: string, { name, axis, size, sigma }: Pass): string {
  const weights = gaussianWeights(sigma);
  const radius = (weights.length - 1) / 2;
  const positions = Array.from({ length: size + 2 * radius }, (_, i) =>
    BigInt(reflectIndex(i - radius, size)),
  );
  const indices = graph.constant(`${name}.positions`, BigInt64Array.from(positions), [positions.length]);
  const extended = graph.node("Gather", `${name}.extended`, [input, indices], { axis });
  const kernel = axis === 2 ? [weights.length, 1] : [1, weights.length];
  const gaussian = graph.constant(`${name}.gaussian`, weights, [1, 1, ...kernel]);
  return graph.node("Conv", name, [extended, gaussian], { kernel_shape: kernel });
}

/** The weights of a Gaussian filter with the radius int(4 sigma + 0.5), normalised in float64. */
export function gaussianWeights(sigma: number): Float32Array {
  const radius = Math.trunc(4 * sigma + 0.5);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

/** The index of the element at a position of a signal that is extended by reflection and repeats its edges. */
export function reflectIndex(position: number, size: number): number {
  const period = 2 * size;
  const inPeriod = ((position % period) + period) % period;
  return inPeriod < size ? inPeriod : period - 1 - inPeriod;
}
