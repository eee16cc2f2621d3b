"""What the code never does: load pickles, run text as a program, hand text to a shell, unpack tars by name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("datalines", "workflow/scripts", "docs", "profiles", "envs")
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]
PICKLING = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
FORBIDDEN = {
    *("eval", "exec", "compile", "os.system", "os.popen", "tempfile.mktemp", "pd.read_pickle", "pandas.read_pickle"),
    *("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "yaml.Loader", "yaml.UnsafeLoader"),
    *("shutil.unpack_archive", "torch.jit.load", "torch.hub.load", "pty.spawn"),
}
METHODS = {"extract", "extractall", "to_pickle", "read_pickle"}
NEEDED = {
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "torch.load": ("weights_only", True),
    "load_state_dict": ("weights_only", True),
    "jinja2.Environment": ("autoescape", True),
    "Environment": ("autoescape", True),
}
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def faults(text: str) -> Iterator[str]:
    """What a source does that it should not, by line."""
    for node in ast.walk(ast.parse(text)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            yield from (f"{line}: imports {one.name}" for one in node.names if one.name.split(".")[0] in PICKLING)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PICKLING:
            yield f"{line}: imports {node.module}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in FORBIDDEN:
            yield f"{line}: uses {ast.unparse(node)}"
        elif isinstance(node, ast.Call):
            yield from _call(node)


def _call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    given = {word.arg: getattr(word.value, "value", None) for word in node.keywords if word.arg}
    if isinstance(node.func, ast.Name) and name in FORBIDDEN:
        yield f"{node.lineno}: calls {name}"
    # Of texts in a table, `extract` takes what a pattern finds.
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS and not name.endswith(".str.extract"):
        yield f"{node.lineno}: calls {name}"
    if given.get("shell") not in (None, False):
        yield f"{node.lineno}: calls {name} with a shell"
    if name in NEEDED:
        key, value = NEEDED[name]
        if given.get(key) is not value:
            yield f"{node.lineno}: calls {name} without {key}={value}"
    if name == "Image.open" and "formats" not in given:
        yield f"{node.lineno}: lets Pillow try every format"


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 300
    assert len(RULES) > 8


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_source_does_none_of_it(path: Path) -> None:
    assert list(faults(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_start_scripts_and_no_shell(path: Path) -> None:
    assert re.findall(r"^\s*(shell|run|exec|wrapper|notebook|cwl)\s*:", path.read_text(), re.MULTILINE) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from marshal import loads",
        "import joblib.numpy_pickle",
        "eval('1')",
        "exec(text)",
        "os.system('ls')",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "loader = yaml.UnsafeLoader",
        "subprocess.run(f'ls {x}', shell=True)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "load_state_dict(path)",
        "archive.extractall(folder)",
        "jinja2.Environment(loader=loader)",
        "Image.open(stream)",
        "frame.to_pickle(path)",
    ],
)
def test_each_of_these_would_be_found(text: str) -> None:
    assert len(list(faults(text))) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "np.load(path, mmap_mode='r', allow_pickle=False)",
        "torch.load(path, map_location='cpu', weights_only=True)",
        "model.eval()",
        "re.compile('a')",
        "subprocess.run(['ls', x], check=True)",
        "yaml.safe_load(text)",
        "model.load_state_dict(state)",
    ],
)
def test_none_of_these_is(text: str) -> None:
    assert list(faults(text)) == []
