/** How the page of a report looks, in light and in dark. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #16202c; --soft: #5c6b7c; --line: #dfe5ec; --card: #fff;
  --page: #f4f6f9; --started: #2468d8; --finished: #13946b; --failed: #d33b3b; --limit: #b45f06;
  --grid: rgba(120, 135, 155, .18); }
@media (prefers-color-scheme: dark) { :root { --ink: #e5ebf2; --soft: #93a2b4; --line: #2b3644;
  --card: #18202a; --page: #10161e; --started: #6ea3ff; --finished: #45c795; --failed: #ff7676;
  --limit: #f0a04b; --grid: rgba(150, 165, 185, .16); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 22px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 0 0 2px; }
.sub, .note { color: var(--soft); margin: 0 0 14px; }
.note { font-size: 13px; margin-bottom: 10px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 12px; margin: 18px 0; }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 10px 14px; }
.tile b { display: block; font-size: 20px; font-weight: 650; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile span { color: var(--soft); font-size: 12.5px; }
.tile.bad b { color: var(--failed); }
section { padding: 16px 18px; margin-bottom: 14px; overflow-x: auto; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; }
.two section { min-width: 0; }
@media (max-width: 760px) { .two { grid-template-columns: 1fr; gap: 0; } }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--soft); font-weight: 500; font-size: 12.5px; }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.words { color: var(--soft); overflow-wrap: anywhere; }
.bar { height: 7px; border-radius: 4px; background: var(--failed); margin-top: 8px; min-width: 3px; }
.ok { color: var(--finished); } .over { color: var(--failed); font-weight: 600; }
footer { color: var(--soft); font-size: 12.5px; margin-top: 18px; }
.u-legend { font-size: 12.5px; text-align: left; color: var(--soft); }
.u-legend .u-marker { border-radius: 3px; }
.u-legend.u-inline th::after { content: none !important; } .u-legend th { font-weight: 500; }
.u-inline tr { margin-right: 14px; } .u-inline th, .u-inline td { border: 0; padding: 2px 4px 2px 0; }
`;
