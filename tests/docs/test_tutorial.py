"""The tutorial is done as it is written: its files, its commands, in its order, and what it shows is what is printed."""

from pathlib import Path

import pytest

from builders.consoles import File, Shell, shows, steps

PAGE = (Path(__file__).parents[2] / "docs/tutorial.md").read_text(encoding="utf-8")
SILENT = ("git ", "cd ", "mkdir ", "sed ", "mv ", "python3 ")


@pytest.mark.slow
def test_the_tutorial_is_done_as_it_is_written(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = steps(PAGE)
    for step, following in zip(done, [*done[1:], None], strict=True):
        if isinstance(step, File):
            shell.put(step)
            continue
        printed, code = shell.type(step.command)
        assert shows(step.shown, printed), (step.command, printed)
        asked = following is not None and not isinstance(following, File) and following.command == "echo $?"
        assert asked or code == 0, (step.command, printed)


def test_what_a_command_of_ratchet_says_is_shown() -> None:
    typed = [step for step in steps(PAGE) if not isinstance(step, File)]
    assert len(typed) > 30
    assert [step.command for step in typed if not step.shown and not step.command.startswith(SILENT)] == []
