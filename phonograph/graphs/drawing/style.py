"""How drawings look, by day and by night."""

from __future__ import annotations

_DAY = """
--paper:#fcfcfa;--ink:#1c2330;--soft:#5f6b7d;--line:#8e99a9;--label:#ffffff;--rule:#d9dee6;
--module:#4a5f8f;--module-fill:#ffffff;--data:#0d7067;--data-fill:#eef8f6;
--loss:#ab2a5c;--loss-fill:#fdf1f5;--host:#8c5e00;--host-fill:#fdf7e8;
--once:#9db0d3;--once-fill:#eef2fa;--accent:#2f5fd0;"""

_NIGHT = """
--paper:#14171d;--ink:#e7eaf0;--soft:#9ba6b7;--line:#6b7688;--label:#1a1f28;--rule:#2e3542;
--module:#8ba1d4;--module-fill:#1c222d;--data:#57b8aa;--data-fill:#142725;
--loss:#e58aac;--loss-fill:#2b1a22;--host:#d9ab55;--host-fill:#282112;
--once:#47597e;--once-fill:#191f2c;--accent:#86a8ff;"""

COLOURS = f".pg{{{_DAY}}}\n@media (prefers-color-scheme:dark){{.pg{{{_NIGHT}}}}}\n"
"""Variables for everything inside of an element of class `pg`."""

SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace'

SHAPES = f"""
.paper{{fill:var(--paper)}}
.wire{{fill:none;stroke:var(--line);stroke-width:1.4}}
.wire.lengths{{stroke-opacity:.35;stroke-dasharray:1 3}}
.stem{{fill:none;stroke:var(--line);stroke-width:1.4}}
.tip{{fill:var(--line)}}
.body{{stroke-width:1.5;fill:var(--module-fill);stroke:var(--module)}}
.lid{{fill:none;stroke-width:1.5;stroke:var(--data)}}
.data .body{{fill:var(--data-fill);stroke:var(--data)}}
.loss .body{{fill:var(--loss-fill);stroke:var(--loss)}}
.host .body{{fill:var(--host-fill);stroke:var(--host)}}
.only .body{{stroke-dasharray:6 4}}
.once{{fill:var(--once-fill);stroke:var(--once);stroke-width:1.2}}
.once-title{{font:500 11px {SANS};fill:var(--soft);letter-spacing:.06em}}
.label{{fill:var(--label);stroke:var(--rule);stroke-width:1}}
.name{{font:600 14px {SANS};fill:var(--ink)}}
.id{{font:11.5px {MONO};fill:var(--soft)}}
.fact{{font:11.5px {SANS};fill:var(--ink)}}
.remark{{font:italic 11.5px {SANS};fill:var(--soft)}}
.kind{{font:600 11.5px {MONO};fill:var(--ink)}}
.shape{{font-weight:400;fill:var(--ink)}}
.time{{font:10.5px {SANS};fill:var(--soft)}}
.legend{{font:11.5px {SANS};fill:var(--soft)}}
"""

DRAWING_STYLE = f"{COLOURS}{SHAPES}"
