"""Data Docs that open without a network: the library's pages with every remote script, style and image taken out."""

import html
import json
import re
from pathlib import Path

from durable.files import write_durably

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#1c2430;background:#fff}
a{color:#0b57a4;text-decoration:none}a:hover{text-decoration:underline}
nav.navbar{padding:.75rem 1.5rem;border-bottom:1px solid #d6dce4}
.navbar .float-left{display:inline-block;font-weight:600;margin-right:1.5rem}
ol.breadcrumb,ul.nav{list-style:none;margin:0;padding:0}ol.breadcrumb{display:inline-block}
.breadcrumb-item{display:inline}.breadcrumb-item+.breadcrumb-item::before{content:" / ";color:#68778d}
.container-fluid{padding:0 1.5rem}.row{display:flex;flex-wrap:wrap;gap:1rem}
.container-fluid>.row>.col-md-10{flex:1 1 40rem;min-width:0}.container-fluid>.row>.col-md-2{flex:0 0 15rem}
.row>[class*=col-]{min-width:0}.row>.col-12,.row>.table-responsive{width:100%}
.alert{background:#eef2f6;border:1px solid #d6dce4;border-radius:4px;padding:.6rem .9rem;margin:.8rem 0 .4rem}
.card{border:1px solid #d6dce4;border-radius:4px;margin:.8rem 0}.card-header{background:#eef2f6;padding:.4rem .8rem}
.card-body{padding:.6rem .8rem}.sticky{top:1rem!important}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #e3e8ee;padding:.4rem .6rem;text-align:left;vertical-align:top}
h4,h5,h6{margin:.3rem 0;font-size:1.05rem}.badge{background:#e3e8ee;border-radius:3px;padding:.05rem .35rem;font-size:.9em}
.text-success,.pass{color:#12703c}.text-danger,.fail{color:#b3261e}.text-warning{color:#8a5a00}
.table-responsive{overflow-x:auto}i.fas{font-style:normal;font-weight:700}
.fa-check-circle::before{content:"PASS"}.fa-times::before,.fa-times-circle::before{content:"FAIL"}
.fa-exclamation-triangle::before{content:"ERROR"}
.modal,.cooltip .top,[data-toggle=collapse],[hidden],.card:has(>.card-body .btn-group),.footer,footer{display:none!important}
hr{border:0;border-top:1px solid #e3e8ee}li:has(>hr){list-style:none}main{padding:1rem 1.5rem;max-width:70rem}
@media(max-width:48rem){.container-fluid>.row>.col-md-2{flex:1 1 100%}}
"""

_DROPPED = tuple(
    re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for pattern in (
        r"<script\b[^>]*>.*?</script\s*>",
        r"<style\b[^>]*>.*?</style\s*>",
        r"<link\b[^>]*>",
        r'\s(?:onclick|style|integrity)="[^"]*"',
    )
)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_OUTSIDE = re.compile(r'<a\b[^>]*href="https?:[^"]*"[^>]*>(.*?)</a>', re.DOTALL | re.IGNORECASE)
_RECORDS = "batches.json"


def publish(pages: Path, docs_folder: Path, table_name: str, batch_name: str, rows: int, success: bool) -> Path:
    """Copy one batch's page and its suite's page from `pages` into `docs_folder`, cleaned, and list it in the index.

    Returns the index. Publishing the same batch again replaces its page.
    """
    page_name, suite_name = f"{table_name}-{_safe(batch_name)}.html", f"suite-{table_name}.html"
    (validation,) = pages.glob("validations/**/*.html")
    (suite,) = pages.glob("expectations/**/*.html")
    for source, name in ((validation, page_name), (suite, suite_name)):
        write_durably(docs_folder / name, offline(source.read_text(encoding="utf-8"), suite_name).encode())
    write_durably(docs_folder / "style.css", STYLE.lstrip().encode())
    records_path = docs_folder / _RECORDS
    records = json.loads(records_path.read_text()) if records_path.exists() else {}
    records[page_name] = {"table": table_name, "batch": batch_name, "rows": rows, "success": success}
    write_durably(records_path, (json.dumps(records, sort_keys=True, indent=1) + "\n").encode())
    index = docs_folder / "index.html"
    write_durably(index, _index(records).encode())
    return index


def offline(page: str, suite_name: str) -> str:
    """The page without scripts, styles, images and links to elsewhere, and with its own links staying in one folder."""
    for pattern in _DROPPED:
        page = pattern.sub("", page)
    page = _OUTSIDE.sub(r"\1", page)
    page = _IMAGE.sub("Data Docs", page)
    page = page.replace("</head>", '<link rel="stylesheet" href="style.css"></head>', 1)
    page = re.sub(r'href="(?:\.\./)*expectations/[^"]*"', f'href="{suite_name}"', page)
    return re.sub(r'href="(?:(?:\.\./)+index\.html|#)"', 'href="index.html"', page)


def _index(records: dict[str, dict[str, object]]) -> str:
    rows = "".join(
        f'<tr><td class="{"pass" if record["success"] else "fail"}">{"PASS" if record["success"] else "FAIL"}</td>'
        f"<td>{html.escape(str(record['table']))}</td>"
        f'<td><a href="{html.escape(name)}">{html.escape(str(record["batch"]))}</a></td><td>{record["rows"]:,}</td>'
        f'<td><a href="suite-{html.escape(str(record["table"]))}.html">expectations</a></td></tr>'
        for name, record in sorted(records.items())
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="style.css"></head>'
        "<body><main><h1>Data Docs</h1><p>Every row of each batch against the expectations of its table.</p>"
        '<div class="table-responsive"><table><thead><tr><th>Outcome</th><th>Table</th><th>Batch</th><th>Rows</th>'
        f"<th>Suite</th></tr></thead><tbody>{rows}</tbody></table></div></main></body></html>\n"
    )


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)
