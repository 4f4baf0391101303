"""``settings.tex``: the settings as a table for a paper's supplement (packages booktabs and longtable)."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.settings_table import SettingRow, group_settings, list_settings
from aliquot.export.writer import Writer

HEAD = r"""% Needs \usepackage{booktabs,longtable} and, with pdfLaTeX, \usepackage[T1]{fontenc}.
\begin{longtable}{@{}p{0.24\linewidth}p{0.17\linewidth}p{0.10\linewidth}p{0.41\linewidth}@{}}
\caption{Settings of run %s. Who set each value, and why.}\\
\toprule
Setting & Value & Set by & Reason and source \\
\midrule
\endfirsthead
\toprule
Setting & Value & Set by & Reason and source \\
\midrule
\endhead
\bottomrule
\endlastfoot
"""

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "&%$#_"},
}
MATHS = {
    "×": r"\times",
    "·": r"\cdot",
    "−": "-",
    "±": r"\pm",
    "≤": r"\leq",
    "≥": r"\geq",
    "≈": r"\approx",
    "→": r"\rightarrow",
    "√": r"\surd",
    "∞": r"\infty",
    "β": r"\beta",
    "α": r"\alpha",
    "μ": r"\mu",
    "λ": r"\lambda",
    "²": "^2",
    "³": "^3",
}
ESCAPES = {ord(plain): escaped for plain, escaped in SPECIAL.items()} | {
    ord(sign): f"${command}$" for sign, command in MATHS.items()
}
ESCAPES |= {ord("–"): "--", ord("—"): "---", ord("…"): r"\ldots{}", ord("\u00a0"): "~", ord("\u202f"): "~"}


def write_table(run_dir: RunDir) -> str:
    """Return a ``longtable`` environment, ready to be input."""
    spec = run_dir.read_spec()
    parts = [HEAD.replace("%s", escape(spec.run_id), 1)]
    for number, (title, rows) in enumerate(group_settings(list_settings(spec))):
        space = "\\addlinespace\n" if number else ""
        parts.append(f"{space}\\multicolumn{{4}}{{@{{}}l}}{{\\textit{{{escape(title)}}}}} \\\\\n")
        parts += [_line(row) for row in rows]
    return "".join(parts) + "\\end{longtable}\n"


def escape(text: str) -> str:
    """Return a text that LaTeX prints as it stands; line breaks become spaces."""
    return " ".join(text.split()).translate(ESCAPES)


def _line(row: SettingRow) -> str:
    source = f" ({escape(row.source)})" if row.source else ""
    rule = f" The rule would give {escape(row.rule_text)}." if row.rule_text else ""
    # Names and lists may be longer than their column: allow a break after each underscore and comma.
    name, value = (escape(part).replace(r"\_", r"\_\allowbreak{}") for part in (row.short_name, row.text))
    return f"{name} & {value} & {escape(row.set_by)} & {escape(row.reason)}{source}{rule} \\\\\n"


WRITER = Writer(
    name="settings_latex",
    filename="settings.tex",
    title="The settings as a LaTeX table for a supplement",
    write=write_table,
    is_of_training=True,
)
