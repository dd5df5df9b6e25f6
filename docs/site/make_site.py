"""Makes the website: lessons, guides and the package's public names as static pages.

    python docs/site/make_site.py            # writes build/site; open build/site/index.html

Nothing is run: the finished lessons are shown with the outputs that they hold. The pages are laid
out below ``build/site-source`` as in the repository, so that their links hold, and Sphinx makes the
site from there (``conf.py``). Three things are changed on the way: pictures of notebooks get their
alternative texts back, which the notebook reader drops; badges become plain links, because pictures
from elsewhere do not show offline; and every lesson starts with links to its files.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GUIDES = (
    "own-videos", "paper-datasets", "authors-checkpoints", "large-indices", "several-gpus",
    "experiments", "reliability", "teaching", "grading",
)  # fmt: skip
PROJECT = ("README", "data_samples/README", "benchmarks/README", "CONTRIBUTING", "CHANGELOG")
LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)")
BADGE = re.compile(r"\[!\[([^\]]*)\]\(http[^)]*\)\]\(([^)]*)\)")
NOTEBOOK = re.compile(r"\]\(exercises/")
TWIN = "To download: [the exercises](path:exercises/{name}), [this lesson](path:finished/{name})."
START = '<p class="start"><a href="notebooks/{name}.html">Start lesson 1</a></p>'


def lay_out(source: Path, root: Path = ROOT) -> None:
    """Write everything that Sphinx reads into a folder.

    Args:
        source: the folder; what was in it is removed. root: of the repository.
    """
    shutil.rmtree(source, ignore_errors=True)
    lessons = sorted(root.glob("notebooks/[0-9][0-9]_*.ipynb"))
    guides = [f"docs/{name}" for name in GUIDES if (root / f"docs/{name}.md").exists()]
    for path in (root / f"{name}.md" for name in (*PROJECT, *guides, "notebooks/README")):
        copy_page(path, source, root)
    for path in lessons:
        notebook = shown(json.loads(path.read_text(encoding="utf-8")), path.name)
        write(source / path.relative_to(root), json.dumps(notebook, ensure_ascii=False))
        for kind in ("exercises", "finished"):  # to be downloaded as they are
            origin = path if kind == "finished" else path.parent / kind / path.name
            (source / "notebooks" / kind).mkdir(exist_ok=True)
            shutil.copy(origin, source / "notebooks" / kind)
    rooms = api_pages(root / "prvr_lite", source / "api")
    groups = {"Lessons": ["notebooks/README", *(f"notebooks/{p.stem}" for p in lessons)]}
    groups |= {"Guides": guides, "Python": rooms}
    groups |= {"Project": ["README <README>", *PROJECT[1:]]}  # its title is the package's
    readme = (root / "README.md").read_text(encoding="utf-8")
    write(source / "index.md", landing(readme, lessons[0].stem, groups))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def copy_page(path: Path, source: Path, root: Path) -> None:
    """Copy a page, and the pictures and other files that it links to."""
    text = path.read_text(encoding="utf-8")
    page = NOTEBOOK.sub("](path:exercises/", BADGE.sub(r"[\1](\2)", text))  # to be downloaded
    write(source / path.relative_to(root), page)
    for link in LINK.findall(text):
        target = (path.parent / link).resolve()
        if target.is_file() and target.suffix not in (".md", ".ipynb"):
            copy = source / target.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(target, copy)


def shown(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    """A finished lesson as the site shows it.

    Args:
        notebook: is changed. name: of its file.
    """
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        cell["source"] = text
        if cell["cell_type"] == "markdown":
            cell["source"] = BADGE.sub(r"[\1](\2){.button}", text)
        elif "setup" in cell["metadata"].get("tags", []):
            cell["metadata"]["tags"].append("hide-input")  # long, and the same in every lesson
        if pictures := alternative_texts(cell):
            cell["metadata"]["mystnb"] = {"image": {"alt": " ".join(pictures), "classes": "output"}}
    title, _, rest = notebook["cells"][0]["source"].partition("\n")
    notebook["cells"][0]["source"] = f"{title}\n\n{TWIN.format(name=name)}\n{rest}"
    return notebook


def alternative_texts(cell: dict[str, Any]) -> list[str]:
    """What the pictures of a cell show, in words."""
    metadata = [output.get("metadata", {}) for output in cell.get("outputs", [])]
    return [about["image/png"]["alt"] for about in metadata if "alt" in about.get("image/png", {})]


def landing(readme: str, first: str, groups: dict[str, list[str]]) -> str:
    """The first page: what README.md says up to its two commands, then everything there is."""
    title, _, rest = readme.partition("## In Python")[0].partition("\n")
    lists = [
        f"```{{toctree}}\n:caption: {name}\n:maxdepth: 1\n:hidden:\n\n" + "\n".join(pages) + "\n```"
        for name, pages in groups.items()
    ]
    return "\n\n".join([title, START.format(name=first), rest.strip(), *lists])


def api_pages(package: Path, folder: Path) -> list[str]:
    """Write a page for each room that offers public names; the names of the pages, in order.

    A room's ``__init__.pyi`` lists its names, and where each is defined. The package's own names
    come last: most of them are described on the page of a room, to which they are then linked.
    """
    faces = [*package.glob("*/__init__.pyi"), package / "__init__.pyi"]
    described: dict[str, str] = {}
    for face in [*sorted(faces[:-1]), faces[-1]]:
        room = ".".join(face.parent.relative_to(package.parent).parts)
        tree, entries = ast.parse(face.read_text(encoding="utf-8")), []
        for node in (node for node in tree.body if isinstance(node, ast.ImportFrom)):
            for name in (f"{node.module}.{alias.name}" for alias in node.names):
                known = f"- {{py:obj}}`{name.rpartition('.')[2]} <{name}>` in {described.get(name)}"
                entries.append(known if name in described else entry(name, package.parent))
                described.setdefault(name, f"`{room}`")
        entries.sort(key=lambda text: not text.startswith("-"))
        about = ast.get_docstring(tree) or ""
        write(folder / f"{room}.md", "\n\n".join([f"# {room}", about, *entries]) + "\n")
    return sorted(f"api/{path.stem}" for path in folder.iterdir())


def entry(name: str, root: Path) -> str:
    """The directive that describes one public name, given with the module that defines it."""
    module, _, own = name.rpartition(".")
    tree = ast.parse((root / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    kinds = {n.name: type(n) for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    kind = {ast.ClassDef: "autoclass", ast.FunctionDef: "autofunction"}.get(
        kinds.get(own, ast.Assign), "py:data"
    )
    more = "   :members:\n" if kind == "autoclass" else ""
    return f"```{{eval-rst}}\n.. {kind}:: {name}\n{more}```"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="make the website")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    out = parser.parse_args(argv).out
    from sphinx.cmd.build import build_main  # late: laying out does without

    source = out.with_name(f"{out.name}-source")
    lay_out(source)
    shutil.rmtree(out, ignore_errors=True)
    trees = out.with_name(f"{out.name}-trees")
    options = ["-q", "-E", "-b", "html", "-c", str(HERE), "-d", str(trees), "--keep-going", "-W"]
    return int(build_main([*options, str(source), str(out)]))


if __name__ == "__main__":
    sys.exit(main())
