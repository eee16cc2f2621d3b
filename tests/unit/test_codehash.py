"""The digest of a rule's code: comments and documentation leave it, code moves it, unrelated modules do not matter."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalines import codehash, sources

SCRIPT = "workflow/scripts/count_sheep.py"
FILES = {
    SCRIPT: '"""Count."""\n\nfrom datalines.sheep import count\nfrom datalines.job import run\n\nrun(count)\n',
    "datalines/__init__.py": "",
    "datalines/sheep.py": (
        '"""Sheep."""\n\nfrom datalines.farm import barns\n\n\n'
        'def count() -> int:\n    """How many."""\n    return barns.SIZE + 1\n'
    ),
    "datalines/farm/__init__.py": '"""Farm."""\n',
    "datalines/farm/barns.py": "import datalines.tools\n\nSIZE = 3\n",
    "datalines/tools.py": "NAME = 'fork'\n",
    "datalines/goats.py": "COUNT = 3\n",
    "datalines/job.py": "from datalines.receipts import write\n",
    "datalines/receipts.py": "from datalines.goats import COUNT\n",
}
Edit = Callable[[str, str, str], None]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(codehash, "ROOT", tmp_path)
    codehash.forget()
    yield tmp_path
    codehash.forget()


def digest(*scripts: str) -> str:
    codehash.forget()
    return codehash.source_hash(*(scripts or (SCRIPT,)))


def edit(checkout: Path, file: str, old: str, new: str) -> None:
    text = (checkout / file).read_text()
    assert old in text
    (checkout / file).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("datalines/sheep.py", "def count", "# Why.\ndef count"),
        ("datalines/sheep.py", "+ 1\n", "+ 1  # the shepherd\n"),
        ("datalines/sheep.py", '"""Sheep."""', '"""Other words,\n\non more lines."""'),
        ("datalines/sheep.py", '"""How many."""', "'How many there are.'"),
        ("datalines/sheep.py", '    """How many."""\n', ""),
        ("datalines/sheep.py", "    return", '    """More."""\n    return'),
        ("datalines/sheep.py", "    return", "\n\n    return"),
        ("datalines/sheep.py", '"""Sheep."""\n', ""),
        ("datalines/farm/barns.py", "SIZE", '"""New."""\n\nSIZE'),
        ("datalines/farm/barns.py", "SIZE = 3", "SIZE   =   3"),
        ("datalines/sheep.py", "barns.SIZE + 1", "barns.SIZE  +  1"),
        (SCRIPT, "run(count)", "# a comment\nrun(count)  # another"),
        ("datalines/goats.py", "3", "4"),
        ("datalines/job.py", "write", "write as put"),
    ],
)
def test_these_changes_leave_the_digest(checkout: Path, file: str, old: str, new: str) -> None:
    before = digest()
    edit(checkout, file, old, new)
    assert digest() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("datalines/sheep.py", "+ 1", "+ 2"),
        ("datalines/sheep.py", "count()", "count(*, extra: int = 0)"),
        ("datalines/farm/barns.py", "3", "4"),
        ("datalines/farm/__init__.py", '"""Farm."""', "from datalines import goats"),
        ("datalines/tools.py", "fork", "rake"),
        ("datalines/__init__.py", "", "VERSION = 2\n"),
        (SCRIPT, "run(count)", "run(len)"),
        (SCRIPT, "Count.", "Count the sheep."),
    ],
)
def test_these_changes_move_the_digest(checkout: Path, file: str, old: str, new: str) -> None:
    before = digest()
    edit(checkout, file, old, new)
    assert digest() != before


def test_text_that_is_used_is_code_and_not_documentation(checkout: Path) -> None:
    edit(checkout, "datalines/tools.py", "NAME = 'fork'", "NAME = (\n    'fork'\n)")
    before = digest()
    edit(checkout, "datalines/tools.py", "fork", "rake")
    assert digest() != before


def test_indentation_is_code(checkout: Path) -> None:
    loop = "for n in range(3):\n    SIZE += n\n    SIZE += 1\n"
    edit(checkout, "datalines/farm/barns.py", "SIZE = 3\n", f"SIZE = 3\n{loop}")
    before = digest()
    edit(checkout, "datalines/farm/barns.py", "    SIZE += 1\n", "SIZE += 1\n")
    assert digest() != before


def test_a_touched_file_and_another_place_leave_the_digest(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = digest()
    (checkout / SCRIPT).touch()
    (checkout / "datalines/sheep.py").touch()
    assert digest() == before
    other = tmp_path_factory.mktemp("other")
    checkout.rename(other / "moved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codehash, "ROOT", other / "moved")
        assert digest() == before


def test_the_modules_reached_are_the_imports_of_imports_without_plumbing(checkout: Path) -> None:
    found = {path.relative_to(checkout).as_posix() for path in codehash.reached((checkout / SCRIPT,))}
    assert found == {
        "datalines/__init__.py",
        "datalines/sheep.py",
        "datalines/farm/__init__.py",
        "datalines/farm/barns.py",
        "datalines/tools.py",
    }


def test_a_further_script_counts_in_any_order(checkout: Path) -> None:
    (checkout / "workflow/scripts/shear.py").write_text('"""Shear."""\n')
    both = digest(SCRIPT, "workflow/scripts/shear.py")
    assert both == digest("workflow/scripts/shear.py", SCRIPT)
    assert both != digest()
    assert len(both) == 12


def test_a_module_that_imports_itself_through_others_is_no_endless_loop(checkout: Path) -> None:
    edit(checkout, "datalines/tools.py", "NAME", "import datalines.sheep\nNAME")
    assert len(digest()) == 12


def test_every_script_of_the_workflow_has_a_digest() -> None:
    codehash.forget()
    scripts = sorted(path.relative_to(codehash.ROOT).as_posix() for path in codehash.ROOT.glob("workflow/scripts/*.py"))
    assert "workflow/scripts/download_pool.py" in scripts
    assert len({codehash.source_hash(script) for script in scripts}) == len(scripts)


def test_the_download_reaches_the_readers_and_not_the_training() -> None:
    codehash.forget()
    found = {
        path.relative_to(codehash.ROOT).as_posix()
        for path in codehash.reached((codehash.ROOT / "workflow/scripts/download_pool.py",))
    }
    assert {"datalines/pools/folder.py", "datalines/images.py", "datalines/tars.py"} <= found
    assert not {"datalines/training/loop.py", "datalines/filters/decide.py", *codehash.PLUMBING} & found


def test_a_file_is_parsed_once_and_again_when_its_content_changes(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def parsed(text: str, name: str) -> sources.Source:
        read.append(Path(name).name)
        return parse(text, name)

    parse = sources.parsed
    monkeypatch.setattr(sources, "parsed", parsed)
    before = digest()
    assert sorted(read) == ["__init__.py", "__init__.py", "barns.py", "count_sheep.py", "sheep.py", "tools.py"]
    read.clear()
    assert digest() == before
    assert read == []
    edit(checkout, "datalines/tools.py", "fork", "rake")
    assert digest() != before
    assert read == ["tools.py"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"python": "3.0", "files": {}}', '{"files": {"a": 1}}', "\xff"])
def test_what_was_kept_and_cannot_be_used_is_read_again(checkout: Path, content: str) -> None:
    before = digest()
    (checkout / codehash.KEPT).write_text(content, encoding="latin-1")
    assert digest() == before
    (checkout / codehash.KEPT).unlink()
    (checkout / codehash.KEPT).mkdir()
    assert digest() == before


def test_only_so_many_files_are_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "KEPT", 3)
    before = digest()
    assert len(json.loads((checkout / codehash.KEPT).read_text())["files"]) == 3
    assert digest() == before


def test_a_file_that_is_no_python_is_named(checkout: Path) -> None:
    edit(checkout, "datalines/tools.py", "NAME =", "NAME = =")
    with pytest.raises(SyntaxError) as caught:
        digest()
    assert str(caught.value.filename).endswith("datalines/tools.py")
