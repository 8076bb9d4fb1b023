"""How the site is built: python -m sphinx -W --keep-going -c docs . runs/site

The source is the repository and not docs/ alone: README is a page of the site, and a link from a
page to any file of the repository is the same there and where the repository is read.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

project = "geoself_jax"
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/**"]
FOLDERS = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "docs"]
exclude_patterns = FOLDERS
html_extra_path = ["site"]  # index.html, which leads to docs/index.html
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme = "furo"
html_title = "geoself_jax"
html_show_copyright = False
highlight_language = "text"  # commands and what they print
smartquotes_action = "D"  # dashes; quotes stay as they are typed

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference"]
myst_heading_anchors = 4  # as GitHub makes them

# Every reference to something of this package must lead somewhere; what is other packages' is not
# looked up, so that the site is built without a network.
nitpicky = True
# A link to a folder works where the repository is read; on the site it is its text.
nitpick_ignore_regex = [
    ("py:.*", r"(?!geoself_jax\.).*"),
    ("myst", rf"(\.\./)?({'|'.join(map(re.escape, FOLDERS))})/?"),
]

toc_object_entries_show_parents = "hide"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 80
napoleon_use_param = False  # `pose_3d, root: ...` documents two at once
napoleon_custom_sections = [("Attributes", "params_style")]
