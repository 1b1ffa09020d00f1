"""How the page of preflight looks, beside what all pages share."""

from __future__ import annotations

from phonograph.graphs.drawing.style import MONO, SANS

STYLE = f"""
header,main{{max-width:1180px;margin:0 auto}}
header{{padding:34px 36px 0}}
main{{padding:0 36px 64px}}
.verdict{{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0 0}}
.pill{{border-radius:99px;padding:4px 14px;font-size:13.5px;font-weight:600;
border:1px solid var(--rule);background:var(--label)}}
.pill.error{{color:var(--loss);background:var(--loss-fill);border-color:var(--loss)}}
.pill.warning{{color:var(--host);background:var(--host-fill);border-color:var(--host)}}
.pill.good{{color:var(--data);background:var(--data-fill);border-color:var(--data)}}
.group{{border:1px solid var(--rule);border-radius:12px;margin:0 0 12px;background:var(--label);
overflow:hidden}}
.group.error{{border-left:4px solid var(--loss)}}
.group.warning{{border-left:4px solid var(--host)}}
.group>summary{{display:flex;gap:12px;align-items:baseline;padding:12px 18px;cursor:pointer;
list-style:none}}
.group>summary::-webkit-details-marker{{display:none}}
summary .code{{font:600 12.5px {MONO}}}
.error>summary .code{{color:var(--loss)}}
.warning>summary .code{{color:var(--host)}}
summary .title{{flex:1;font-weight:600}}
summary .title::first-letter{{text-transform:uppercase}}
summary .count{{color:var(--soft);font-variant-numeric:tabular-nums}}
.findings{{list-style:none;margin:0;padding:0 18px 10px}}
.findings>li{{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:2px 20px;
padding:10px 0;border-top:1px solid var(--rule)}}
.findings .where{{font:600 12.5px {MONO};overflow-wrap:anywhere}}
.findings .id{{font-weight:400;color:var(--soft)}}
.others>summary{{padding:0 18px 12px;cursor:pointer;color:var(--accent);font-size:13.5px}}
.findings .what{{font-size:13.5px;overflow-wrap:anywhere;grid-column:1}}
.findings .said{{grid-column:1;font-size:13.5px;color:var(--soft);overflow-wrap:anywhere}}
.findings .said::before{{content:"\\201c"}}
.findings .said::after{{content:"\\201d"}}
.findings .aside{{grid-column:1;font-size:12.5px;color:var(--soft);overflow-wrap:anywhere}}
.findings audio{{grid-column:2;grid-row:1/span 3;height:34px;width:270px;align-self:center}}
.advice{{padding:0 18px 8px;font-size:13.5px;color:var(--soft);overflow-wrap:anywhere}}
mark{{background:var(--loss-fill);color:var(--loss);border-radius:3px;padding:0 2px;
box-shadow:inset 0 0 0 1px var(--loss);font-weight:600}}
.charts{{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:24px}}
.histogram{{width:100%;height:auto;display:block}}
.histogram .bar{{fill:var(--accent);fill-opacity:.75}}
.histogram .bar:hover{{fill-opacity:1}}
.histogram .ground{{stroke:var(--rule);fill:none}}
.histogram .limit{{stroke:var(--host);stroke-dasharray:4 3;fill:none}}
.histogram text{{font:12px {SANS};fill:var(--soft)}}
.histogram .tick{{text-anchor:middle}}
.histogram .row,.histogram .most{{text-anchor:end}}
.histogram .row{{fill:var(--ink);font-weight:600}}
.histogram .mark{{fill:var(--host)}}
.histogram .from{{text-anchor:start}}
.histogram .to{{text-anchor:end}}
.characters{{display:flex;flex-wrap:wrap;gap:8px;list-style:none;margin:0;padding:0}}
.characters li{{border:1px solid var(--rule);border-radius:8px;padding:4px 10px;min-width:64px;
text-align:center;background:var(--label)}}
.characters b{{display:block;font:600 16px {MONO}}}
.characters span{{font-size:12px;color:var(--soft);font-variant-numeric:tabular-nums}}
.characters .unknown{{border-color:var(--loss);background:var(--loss-fill)}}
.characters .unknown b{{color:var(--loss)}}
@media (max-width:760px){{header,main{{padding-left:16px;padding-right:16px}}
.charts{{grid-template-columns:minmax(0,1fr)}}
.findings>li{{grid-template-columns:minmax(0,1fr)}}
.findings audio{{grid-column:1;grid-row:auto;width:100%}}}}
@media print{{audio{{display:none}}.group{{break-inside:auto}}header,main{{padding:0}}}}
"""
