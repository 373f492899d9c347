"""Checks ONNX files in full, with strict inference of shapes, and runs them by ONNX Runtime.

Reads requests from the standard input, one JSON object a line, and answers each with a JSON object once it is done:

    {"model": path of an ONNX file that `detector.export` wrote,
     "images": path of a safetensors file with `images`: uint8 [N, H, W, 3], or what else the model takes,
     "out": path of the safetensors file to write: `map`, `score` of all images as one batch, and `first_map`,
         `first_score` of the first one alone}

    {"operators": names of the operators in use, "domains": of their sets, "opset": version, "metadata": ...}
"""

import json
import sys

import onnx
import onnxruntime
from safetensors.numpy import load_file, save_file


def check(path: str) -> dict:
    # By path, so that data beside the model are found, and models of any size can be checked.
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path, load_external_data=False)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    return {
        "operators": sorted({node.op_type for node in model.graph.node}),
        "domains": sorted({node.domain for node in model.graph.node}),
        "opset": max(entry.version for entry in model.opset_import),
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
    }


def run(request: dict) -> None:
    session = onnxruntime.InferenceSession(request["model"], providers=["CPUExecutionProvider"])
    images = load_file(request["images"])["images"]
    maps, scores = session.run(["map", "score"], {"images": images})
    first_map, first_score = session.run(["map", "score"], {"images": images[:1]})
    results = {"map": maps, "score": scores, "first_map": first_map, "first_score": first_score}
    save_file(results, request["out"])


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        answer = check(request["model"])
        run(request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
