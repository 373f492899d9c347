"""Validates ONNX files fully, with strict shape inference, and runs them in ONNX Runtime.

Reads requests from stdin, one JSON object per line, and answers each with a JSON object once it is done. A request:

    {"model": path of an ONNX file written by `detector.export`,
     "inputs": path of a safetensors file with the inputs of the model, `images` and, if it pads, `sizes`,
     "out": path of the safetensors file to write: `map` and `score` of all images as one batch, and `first_map` and
         `first_score` of the first image alone}

The answer:

    {"operators": names of the operators used, "domains": their domains, "opset": version, "metadata": ...}
"""

import json
import sys

import onnx
import onnxruntime
from safetensors.numpy import load_file, save_file


def check(path: str) -> dict:
    # By path, so that external data is found and models of any size can be checked.
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
    inputs = load_file(request["inputs"])
    maps, scores = session.run(["map", "score"], inputs)
    first_map, first_score = session.run(["map", "score"], {name: values[:1] for name, values in inputs.items()})
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
