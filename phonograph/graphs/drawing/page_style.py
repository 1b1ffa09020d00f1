"""How the page looks, on a screen and on paper."""

from __future__ import annotations

from phonograph.graphs.drawing.style import COLOURS, MONO, SANS, SHAPES

PAGE_STYLE = f"""{COLOURS}{SHAPES}
*{{box-sizing:border-box}}
html{{color-scheme:light dark}}
body{{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 {SANS}}}
header{{padding:30px 36px 0}}
h1{{font-size:26px;font-weight:650;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}}
h2{{font-size:15px;font-weight:650;margin:32px 0 10px}}
h3{{font-size:12px;font-weight:600;margin:18px 0 6px;color:var(--soft)}}
p{{margin:4px 0}}
.lead,.note,.summary{{color:var(--soft)}}
.note{{font-size:13px;max-width:80ch}}
code,.mono{{font-family:{MONO};font-size:.87em;overflow-wrap:anywhere}}
button{{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}}
:focus-visible{{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}}
.tabs{{display:flex;flex-wrap:wrap;gap:4px;margin:20px 0 0;border-bottom:1px solid var(--rule)}}
.tabs button{{padding:8px 16px 9px;color:var(--soft);border-bottom:2px solid transparent;
margin-bottom:-1px;max-width:30ch;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}}
.tabs button:hover{{color:var(--ink)}}
.tabs button[aria-selected=true]{{color:var(--ink);font-weight:600;border-color:var(--accent)}}
.layout{{display:grid;grid-template-columns:minmax(0,1fr) 372px;gap:32px;padding:0 36px 56px;
align-items:start}}
.totals{{display:flex;flex-wrap:wrap;gap:14px 40px;margin:24px 0 6px}}
.totals div{{min-width:90px}}
dt{{font-size:12px;color:var(--soft)}}
dd{{margin:0}}
.totals dd{{font-size:20px;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums}}
.stage{{position:relative;border:1px solid var(--rule);border-radius:12px;margin:18px 0 0}}
.tools{{position:absolute;right:10px;top:10px;display:flex;background:var(--label);
border:1px solid var(--rule);border-radius:8px;z-index:1}}
.tools button{{min-width:34px;padding:3px 10px;font-size:13px;color:var(--soft)}}
.tools button:hover{{color:var(--ink)}}
.scroll{{overflow-x:auto;padding:8px}}
.scroll svg{{display:block;margin:auto}}
.scroll .node{{cursor:pointer;outline:none}}
.scroll .node:hover .body,.scroll .node:focus-visible .body,.scroll .chosen .body{{
stroke-width:2.6}}
.scroll .port:hover .label,.scroll .chosen .label{{stroke:var(--accent)}}
.scroll .wire.near{{stroke:var(--accent);stroke-width:2.2;stroke-opacity:1}}
.wide{{overflow-x:auto}}
table{{border-collapse:collapse;width:100%;font-size:13px}}
th{{text-align:left;font-weight:500;font-size:12px;color:var(--soft);white-space:nowrap}}
th,td{{padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top}}
td{{white-space:nowrap}}
td.wrap{{white-space:normal;min-width:220px}}
.number{{text-align:right;font-variant-numeric:tabular-nums}}
tr.more td{{border-top:0}}
tr:has(+ tr.more) td{{border-bottom-color:transparent}}
.pick{{font-weight:600}}
.pick:hover,.pick.chosen{{color:var(--accent)}}
aside{{position:sticky;top:20px;max-height:calc(100vh - 40px);overflow:auto;margin-top:24px;
border:1px solid var(--rule);border-radius:12px;padding:18px 20px;background:var(--label)}}
aside h2{{margin:0;font-size:18px;overflow-wrap:anywhere}}
aside dl{{display:grid;grid-template-columns:auto 1fr;gap:4px 16px;margin:12px 0 0;
font-size:13.5px}}
aside dl dt{{padding-top:1px;font-size:13px}}
aside dl dd{{text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}}
.ports{{list-style:none;margin:0;padding:0;font-size:13.5px}}
.ports>li{{padding:6px 0;border-top:1px solid var(--rule)}}
.ports .from{{color:var(--soft);font-size:12.5px}}
.origin{{display:block;color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}}
.settings{{margin:0;font-size:12.5px}}
.settings div{{padding:4px 0;border-top:1px solid var(--rule)}}
.tag{{display:inline-block;font-size:12px;border:1px solid var(--rule);border-radius:99px;
padding:0 9px;margin:6px 4px 0 0;color:var(--soft)}}
aside .axes dt{{font:600 12.5px {MONO};color:var(--ink)}}
aside .axes dd{{text-align:left}}
[hidden]{{display:none!important}}
@media (max-width:1080px){{.layout{{grid-template-columns:minmax(0,1fr)}}
aside{{position:static;max-height:none;margin:0}}}}
@media print{{@page{{margin:12mm}}body{{font-size:11px;background:none}}
.tabs,.tools,.hint .note{{display:none}}.layout{{display:block;padding:0}}header{{padding:0}}
.totals{{margin:10px 0}}.totals dd{{font-size:15px}}.stage,aside{{border:0;padding:0;margin:0}}
.scroll,.wide{{overflow:visible}}
.scroll svg{{width:100%!important;height:auto!important;max-height:80vh}}
table,aside dl,.ports{{font-size:9px}}th{{font-size:8.5px}}th,td{{padding:3px 8px 3px 0}}
code,.mono{{overflow-wrap:normal}}td.wrap{{min-width:0}}
aside{{position:static;max-height:none;overflow:visible;background:none;margin-top:20px}}
h2{{break-after:avoid}}tr,li{{break-inside:avoid}}}}
"""
