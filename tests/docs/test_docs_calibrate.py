"""What docs/calibrate.md opens with runs as it stands: its Python, then its command."""

from pages import ROOT, blocks, commands, module_of, shell_blocks

from geoself_jax.data.recording import read
from geoself_jax.runtime import cli

TEXT = (ROOT / "docs/calibrate.md").read_text()


def test_two_phones_are_calibrated_as_the_page_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = next(block.text for block in blocks(TEXT) if block.language == "python")
    exec(compile(code.replace("1500", "500"), "calibrate.md", "exec"), {})
    module, arguments = module_of(next(commands(shell_blocks(TEXT)[0])))
    assert cli.main_of(module.removeprefix("geoself_jax."))(arguments) == 0
    assert read(tmp_path / "calibrated.npz").views == 2
    assert (tmp_path / "Calib.toml").is_file()
    _, _, report, *_ = shell_blocks(TEXT)
    columns = report.splitlines()[1]
    assert columns in capsys.readouterr().out
