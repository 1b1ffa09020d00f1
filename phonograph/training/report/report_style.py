"""How a report looks, beside what all our pages share."""

from __future__ import annotations

from phonograph.graphs.drawing.style import MONO, SANS

REPORT_STYLE = f"""
main{{padding:0 36px 56px;max-width:1240px}}
.charts{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));
gap:18px 28px}}
.chart{{margin:0}}
.chart svg,.alignment svg{{display:block;width:100%;height:auto}}
figcaption{{font-size:13px;margin:0 0 4px}}
.key{{margin-left:14px;color:var(--soft)}}
.key::before{{content:"";display:inline-block;width:14px;height:3px;border-radius:2px;
margin-right:6px;vertical-align:middle;background:currentColor}}
.key.line0::before{{background:var(--accent)}}.key.line1::before{{background:var(--loss)}}
.key.line2::before{{background:var(--data)}}.key.line3::before{{background:var(--host)}}
.grid{{stroke:var(--rule);stroke-width:1;fill:none}}
.tick{{font:11px {SANS};fill:var(--soft)}}
.end{{text-anchor:end}}.mid{{text-anchor:middle}}
.curve{{fill:none;stroke-width:1.8;stroke-linejoin:round}}
.curve.line0{{stroke:var(--accent)}}.curve.line1{{stroke:var(--loss)}}
.curve.line2{{stroke:var(--data)}}.curve.line3{{stroke:var(--host)}}
.dot.line0{{fill:var(--accent)}}.dot.line1{{fill:var(--loss)}}
.dot.line2{{fill:var(--data)}}.dot.line3{{fill:var(--host)}}
.heard{{border-top:1px solid var(--rule);padding:12px 0}}
.heard header{{padding:0;display:flex;flex-wrap:wrap;gap:4px 16px;align-items:center;
font-size:13px;color:var(--soft)}}
.heard audio{{height:32px;width:300px;max-width:100%}}
.aligned{{display:flex;flex-wrap:wrap;gap:2px 9px;font:14px/1.45 {MONO};margin:8px 0 0}}
.aligned span{{display:grid;overflow-wrap:anywhere}}
.aligned i{{font-style:normal;color:var(--soft)}}
.aligned b{{font-weight:500}}
.aligned .substitute b,.aligned .insert b{{color:var(--loss)}}
.aligned .substitute,.aligned .insert,.aligned .delete{{background:var(--loss-fill);
border-radius:4px;padding:0 4px}}
.aligned .delete i{{text-decoration:line-through;color:var(--loss)}}
.columns{{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:8px 32px}}
.columns td,.columns th{{padding:4px 10px 4px 0;min-width:0}}
.matrix{{width:auto;font-variant-numeric:tabular-nums}}
.matrix td,.matrix th{{padding:2px 0;width:27px;text-align:center;border:1px solid var(--rule);
font:12px {MONO}}}
.matrix .right{{color:var(--soft)}}
.matrix .blind{{color:transparent}}
.alignment{{margin:14px 0 28px}}
.heat{{image-rendering:pixelated}}
.mark{{fill:none;stroke:var(--loss);stroke-width:1.2}}
.path{{fill:none;stroke:var(--loss);stroke-width:1;opacity:.4}}
.token{{font:12px {MONO};fill:var(--ink)}}
@media print{{main{{padding:0}}audio{{display:none}}.heard,.chart,.alignment{{break-inside:avoid}}}}
"""
