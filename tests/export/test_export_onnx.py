"""model.onnx: what it says about itself, and an installation without ONNX."""

import json
import shutil
import sys
import tomllib

import pytest
from processes import ROOT

from geoself_jax.core import errors
from geoself_jax.core.errors import GeoselfError
from geoself_jax.export import __main__ as export
from geoself_jax.export import compare, stablehlo
from geoself_jax.export.folder import CARD, ONNX
from geoself_jax.lift import exported

onnx = pytest.importorskip("onnx", reason="pip install onnx")
pytest.importorskip("onnxruntime", reason="pip install onnxruntime")


def test_the_file_says_what_it_is(tiny_export):
    model = onnx.load(tiny_export / ONNX)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    info = json.loads((tiny_export / exported.DESCRIPTION).read_text())
    assert metadata["conventions"] == info["conventions"] and metadata["format"] == info["format"]
    assert metadata["weights_sha256"] == info["files"][exported.WEIGHTS]["sha256"]
    assert json.loads(metadata["skeleton"]) == info["skeleton"]
    for found, key in ((model.graph.input, "inputs"), (model.graph.output, "outputs")):
        for value, array in zip(found, info[key], strict=True):
            sizes = value.type.tensor_type.shape.dim
            assert value.name == array["name"]
            assert [d.dim_param or d.dim_value for d in sizes] == array["shape"]
    assert info["versions"]["export"]["onnx"] == onnx.__version__
    assert f"`{ONNX}`" in (tiny_export / CARD).read_text()


def test_its_weights_have_the_networks_names(tiny_export):
    names = {weight.name for weight in onnx.load(tiny_export / ONNX).graph.initializer}
    assert {"lifting.stem.kernel", "lifting.output.bias", "root.block0_layer0.kernel"} <= names


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_without_onnx_the_error_says_what_to_install(evaluated_run, tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)  # as Python marks what cannot be imported
    with pytest.raises(GeoselfError, match=r"pip install 'onnx>=[\d.]+' 'onnxruntime>=") as caught:
        export.main([f"--workdir={evaluated_run}", f"--out={tmp_path / 'out'}", "--onnx"])
    assert caught.value.code == errors.UNAVAILABLE
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert str(caught.value).endswith("pip install " + " ".join(f"'{p}'" for p in extra["onnx"]))
    assert list(tmp_path.iterdir()) == []


def test_an_export_without_it_says_that_the_earlier_one_is_gone(
    evaluated_run, tiny_export, tmp_path, monkeypatch, capsys
):
    out = shutil.copytree(tiny_export, tmp_path / "lifter")
    monkeypatch.setattr(compare, "differences_mm", lambda *_: {exported.WEIGHTS: 0.0})
    nothing = stablehlo.Program(b"", {}, [])
    monkeypatch.setattr(stablehlo, "stablehlo", lambda _: nothing)  # slow
    assert export.main([f"--workdir={evaluated_run}", f"--out={out}"]) == 0
    assert "--onnx" in capsys.readouterr().err
    assert not (out / ONNX).exists()
    assert ONNX not in json.loads((out / exported.DESCRIPTION).read_text())["files"]
