"""How Sphinx makes the website from what ``make_site.py`` laid out."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from prvr_lite import __version__ as release  # noqa: E402

project, author = "prvr_lite", "the authors of prvr_lite"
version = release
found = re.search(
    r'^Repository = "(.+?)(\.git)?/?"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M
)

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx-mathjax-offline",  # MathJax and its fonts, served from the site itself
]
exclude_patterns = ["notebooks/exercises", "notebooks/finished"]
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_inline"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header", "ref.python"]
napoleon_attr_annotations = False  # the types stand in the code
default_role = "literal"  # `name` in a docstring, as in Markdown
add_module_names = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "set"}  # which matplotlib adds to every class of its
optional = ("lancedb", "av", "transformers")
autodoc_mock_imports = [name for name in optional if find_spec(name) is None]

html_theme = "sphinx_book_theme"
html_title = f"prvr_lite {release}"
html_static_path = ["style.css"]
html_favicon = "icon.svg"
html_css_files = ["style.css"]
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is set
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": False,
    "navbar_persistent": [],  # the side bar has a search field already
    "repository_url": found[1] if found else "",
    "use_repository_button": bool(found),
}


def escape_bars(*args: object) -> None:
    """Keep |x| in a docstring as it stands: it is a length, and no substitution."""
    lines = args[-1]
    assert isinstance(lines, list)
    lines[:] = [re.sub(r"(?<!`)\|(\w+)\|", r"\|\1\|", line) for line in lines]


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", escape_bars)
