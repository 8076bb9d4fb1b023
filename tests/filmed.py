"""Videos of a bright spot, and a tiny ONNX model with RTMPose's outputs that finds it."""

import numpy as np


def write_video(path, frames=12, *, dark=(), times=None, size=(96, 64)):
    """A spot that moves 4 px a frame to the right, from x = 10, at y = 20."""
    width, height = size
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for number in range(frames):
            image = np.zeros((height, width, 3), np.uint8)
            if number not in dark:
                x = 10 + 4 * number
                image[18:23, x - 2 : x + 3] = 255
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number if times is None else times[number]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_tiny_pose(path, joints=17, width=48, height=64):
    """Joint j is where the brightest column and row of the image are, in SimCC's half pixels."""
    from onnx import TensorProto, helper, numpy_helper

    def constant(name, values):
        return numpy_helper.from_array(np.asarray(values), name)

    nodes = [
        helper.make_node("ReduceMean", ["image"], ["columns"], axes=[1, 2], keepdims=0),
        helper.make_node("ReduceMean", ["image"], ["rows"], axes=[1, 3], keepdims=0),
    ]
    for axis, source in (("x", "columns"), ("y", "rows")):
        nodes += [
            helper.make_node("Unsqueeze", [source, "two"], [f"{axis}_deep"]),
            helper.make_node(
                "Resize",
                [f"{axis}_deep", "", "scales"],
                [f"{axis}_fine"],
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            ),
            helper.make_node("Mul", [f"{axis}_fine", "sharp"], [f"{axis}_clear"]),
            helper.make_node("Softmax", [f"{axis}_clear"], [f"{axis}_soft"], axis=2),
            helper.make_node("Expand", [f"{axis}_soft", f"{axis}_shape"], [f"simcc_{axis}"]),
        ]
    sizes = {"x": 2 * width, "y": 2 * height}
    graph = helper.make_graph(
        nodes,
        "tiny_pose",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, height, width])],
        [
            helper.make_tensor_value_info(f"simcc_{axis}", TensorProto.FLOAT, ["n", joints, size])
            for axis, size in sizes.items()
        ],
        [
            constant("sharp", np.array(50, np.float32)),
            constant("two", np.array([1], np.int64)),
            constant("scales", np.array([1, 1, 2], np.float32)),
            *(constant(f"{a}_shape", np.array([1, joints, s], np.int64)) for a, s in sizes.items()),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
