"""Who may import whom, what loads what, and how large files and functions may be."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from trainables.names import available

ROOT = Path(__file__).parents[1]
PACKAGES = ("orchestrator", "search_spaces", "trainables", "analysis")
ALLOWED = {
    "analysis": {"analysis"},
    "trainables": {"trainables", "analysis"},
    "search_spaces": {"search_spaces", "analysis", "trainables"},
    "orchestrator": set(PACKAGES),
}
ONLY_IN = {
    "ray": {
        "trainables/base.py",
        *(
            f"orchestrator/backends/{name}.py"
            for name in ("ray_tune", "_address", "_private", "_tune_parts", "_chooser")
        ),
    },
    "mlflow": {"orchestrator/tracking/mirror.py", "orchestrator/tracking/mlflow_runs.py"},
    "matplotlib": {"analysis/figures/_matplotlib.py"},
}
FLOORS = (  # of orchestrator, the lowest first: a room imports from those below it only
    *("terminal", "storage", "study", "backends", "reports", "fit", "tracking", "launch", "verbs", "cli", "__main__"),
)
RUNS_CODE_OF_USERS = {"trainables/user_code.py"}  # which may raise anything


def module_of(path: Path) -> str:
    """Return the name under which a file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MODULES = {module_of(path) for path in FILES}
SOURCES = [*FILES, *sorted((ROOT / "tests").rglob("*.py"))]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    ours = {module.split(".")[0] for module in imported(path)} & set(PACKAGES)
    assert ours <= ALLOWED[package]
    if package == "trainables":
        assert {m for m in imported(path) if m.startswith("analysis")} <= {
            "analysis",
            "analysis.criteria",
            "analysis.faults",
            "analysis.table",
            "analysis.events",
        }


def modules_imported(path: Path) -> set[str]:
    """Return our own modules that a file imports, those within functions and for type checkers included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & MODULES) or {node.module}
    return found & MODULES


def floor(module: str) -> int:
    """Return on which floor of the orchestrator a module lies; the package itself, its public face, is the roof."""
    return FLOORS.index(module.split(".")[1]) if "." in module else len(FLOORS)


@pytest.mark.parametrize("path", [path for path in FILES if name(path).startswith("orchestrator/")], ids=name)
def test_rooms_of_the_orchestrator_import_downward(path: Path) -> None:
    ours = {module for module in modules_imported(path) if module.startswith("orchestrator.")}
    assert {module for module in ours if floor(module) > floor(module_of(path))} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_of_a_package_import_each_other_in_no_circle(package: str) -> None:
    graph = {module_of(path): modules_imported(path) for path in FILES if name(path).startswith(f"{package}/")}
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_experiment_files_need_public_names_only() -> None:
    for path in (ROOT / "search_spaces").glob("[!_]*.py"):
        ours = {name for name in imported(path) if name.split(".")[0] in PACKAGES}
        assert ours == {"search_spaces"}, path.name


@pytest.mark.parametrize("library, places", ONLY_IN.items())
def test_heavy_libraries_are_imported_in_few_places(library: str, places: set[str]) -> None:
    found = {name(path) for path in FILES if any(m.split(".")[0] == library for m in imported(path))}
    assert found == places


@pytest.mark.parametrize(
    "module",
    [
        "analysis",
        "orchestrator",
        "search_spaces",
        "search_spaces.kl_scaling",
        *(f"trainables.families.{family}" for family in available("trainables.families")),
        "analysis.criteria",
        "analysis.events",
        "analysis.table",
        "orchestrator.study.plan",
    ],
)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    heavy = ("torch", "ray", "scipy", "matplotlib", "mlflow")
    code = f"import sys, {module}; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert path.stem not in {"utils", "common", "helpers"}
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None and node.end_lineno - node.lineno < 50, node.name
        if isinstance(node, ast.ExceptHandler) and name(path) not in RUNS_CODE_OF_USERS:
            caught = ast.unparse(node.type) if node.type else ""
            assert caught not in {"", "Exception", "BaseException"}, f"line {node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_public_things_have_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and _is_public(tree, node)
        ):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("path", FILES, ids=name)
def test_docstrings_begin_with_whole_sentences(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or "."
            first = text.split("\n\n")[0].rstrip()
            assert first.endswith((".", ":", "?")) and not first.endswith("Raises:"), first
            assert all(line.startswith("Raises:") for line in text.splitlines() if "Raises:" in line), text


def _is_public(tree: ast.Module, node: ast.FunctionDef | ast.ClassDef) -> bool:
    owners = [tree, *(each for each in tree.body if isinstance(each, ast.ClassDef) and not each.name.startswith("_"))]
    return any(node in owner.body for owner in owners)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_text_files_are_utf_8_wherever_we_run(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    for call in calls:
        told = {word.arg: word.value for word in call.keywords}
        called = getattr(call.func, "attr", getattr(call.func, "id", ""))
        modes = [each.value for each in [*call.args, *told.values()] if isinstance(each, ast.Constant)]
        text = (called == "read_text" and not call.args) or (
            called == "write_text" and len(call.args) == 1
        )  # ours takes path and text
        opens = called in {"open", "fdopen"}
        opens &= not any(isinstance(mode, str) and "b" in mode and len(mode) < 4 for mode in modes)
        of_os = ast.unparse(call.func) in {"os.open", "self._open"}
        assert not (text or (opens and not of_os)) or "encoding" in told, f"line {call.lineno}: give encoding="


def test_a_wheel_holds_all_that_is_not_python_and_no_test() -> None:
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert set(packaging["packages"]["find"]["include"]) == {f"{package}*" for package in PACKAGES}
    packed = {
        file
        for home, globs in packaging["package-data"].items()
        for folder in (map(ROOT.joinpath, PACKAGES) if home == "*" else [ROOT / home.replace(".", "/")])
        for glob in globs
        for file in folder.glob(glob)
    }
    there = {file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file()}
    assert {file for file in there if file.suffix not in {".py", ".pyc"}} == packed
