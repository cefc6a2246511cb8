/** The look of the status page: one column, much air, colour only where it says something. */
export const pageStyle = `
:root {
  --paper: #f6f5f1; --card: #fffefb; --ink: #23262b; --soft: #6d7178; --faint: #a3a6ab; --line: #e4e2db;
  --good: #2e7d5b; --warn: #a86b12; --bad: #b23a3a; --work: #356a9e; --local: #2e7d5b; --cache: #7a9f3a; --up: #8a8fa3;
  --track: #eceae3; --shade: 0 1px 2px rgba(30, 30, 20, .05);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1b1f24; --ink: #e4e6e8; --soft: #979ca4; --faint: #666c75; --line: #2a2f36;
    --good: #5dba91; --warn: #dba548; --bad: #e57f77; --work: #77abdf; --local: #5dba91; --cache: #a9c76a; --up: #8b91a8;
    --track: #272c33; --shade: none;
  }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
  font-variant-numeric: tabular-nums; padding: 36px 24px 64px; }
main, header, footer { max-width: 1060px; margin: 0 auto; }
header { display: flex; justify-content: space-between; gap: 24px; color: var(--soft); font-size: 13.5px; flex-wrap: wrap; }
header b { color: var(--ink); font-weight: 600; }
.state { display: flex; align-items: center; gap: 22px; margin: 34px 0 8px; }
.state i { width: 18px; height: 18px; border-radius: 50%; background: var(--tone); flex: none;
  box-shadow: 0 0 0 8px color-mix(in srgb, var(--tone) 16%, transparent); }
.state h1 { font-size: 60px; line-height: 1.05; font-weight: 600; letter-spacing: -.028em; color: var(--tone); }
.sub { font-size: 17px; color: var(--soft); margin: 10px 0 28px; max-width: 46em; }
.good { --tone: var(--good); } .warn { --tone: var(--warn); } .bad { --tone: var(--bad); } .work { --tone: var(--work); }
.idle { --tone: var(--faint); }
.trouble { border-left: 3px solid var(--tone); background: var(--card); box-shadow: var(--shade); border-radius: 4px 10px 10px 4px;
  padding: 14px 20px; margin-bottom: 12px; }
.trouble p { font-weight: 600; } .trouble small { color: var(--soft); font-size: 13.5px; }
code, .mono { font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.trouble code { display: block; color: var(--soft); margin-top: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
section { background: var(--card); border-radius: 12px; box-shadow: var(--shade); border: 1px solid var(--line);
  padding: 20px 24px; margin-top: 18px; }
section > h2, .half > h2 { font-size: 13px; font-weight: 600; color: var(--soft); letter-spacing: .02em; margin-bottom: 14px; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); padding: 0; margin-top: 0; overflow: hidden; }
.tiles div { padding: 18px 24px 20px; border-left: 1px solid var(--line); } .tiles div:first-child { border: 0; }
.tiles small { color: var(--soft); font-size: 13px; display: block; }
.tiles b { font-size: 30px; font-weight: 600; letter-spacing: -.02em; line-height: 1.3; color: var(--tone, inherit); }
.tiles em { display: block; font-style: normal; font-size: 14px; color: var(--soft); }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-size: 12.5px; font-weight: 500; color: var(--faint); padding: 0 14px 6px 0; white-space: nowrap; }
td { padding: 9px 14px 9px 0; border-top: 1px solid var(--line); vertical-align: top; }
td:last-child, th:last-child { padding-right: 0; } .r { text-align: right; white-space: nowrap; } .pad { white-space: nowrap; } td small { color: var(--soft); font-size: 12.5px; display: block; }
tr.product td { border-top: 1px solid var(--line); padding: 14px 0 6px; } tr.product:first-child td { border-top: 0; padding-top: 0; }
tr.product b { font-weight: 600; } tr.product + tr td { border-top: 0; padding-top: 4px; }
tr.product span { color: var(--soft); font-size: 13.5px; margin-left: 10px; }
.pill { display: inline-block; font-size: 12.5px; font-weight: 550; padding: 1px 9px; border-radius: 99px; color: var(--tone);
  background: color-mix(in srgb, var(--tone) 13%, transparent); white-space: nowrap; }
.bar { height: 5px; border-radius: 3px; background: var(--track); overflow: hidden; margin-top: 6px; display: flex; }
.bar i { display: block; height: 100%; background: var(--tone); } .bar.thick { height: 10px; border-radius: 5px; margin: 0 0 12px; }
.bar.going i { width: 28%; animation: go 2.4s ease-in-out infinite alternate; } @keyframes go { to { margin-left: 72%; } }
@media (prefers-reduced-motion: reduce) { .bar.going i { animation: none; width: 100%; opacity: .4; } }
.halves { display: grid; grid-template-columns: 5fr 6fr; gap: 48px; } .half { min-width: 0; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 3px 18px; } dt { color: var(--soft); } dd { text-align: right; overflow-wrap: anywhere; }
.key { display: flex; gap: 20px; flex-wrap: wrap; font-size: 13.5px; color: var(--soft); margin-bottom: 16px; }
.key b { color: var(--ink); font-weight: 600; } .key i { display: inline-block; width: 9px; height: 9px; border-radius: 3px; margin-right: 7px; background: var(--tone); }
.reasons td { border: 0; padding: 3px 12px 3px 0; } .reasons td:nth-child(2) { width: 55%; vertical-align: middle; } .reasons .bar { margin: 0; } .reasons { margin-bottom: 12px; }
svg { width: 100%; height: auto; display: block; overflow: visible; } svg text { font-size: 11.5px; fill: var(--soft); }
.three { display: grid; grid-template-columns: 1.1fr 1fr 1.45fr; gap: 36px; font-size: 14px; } .pad { padding-left: 22px; }
.quiet { color: var(--soft); } .past td { font-size: 14px; }
footer { margin-top: 26px; color: var(--soft); font-size: 13.5px; } footer a { color: inherit; margin-right: 18px; }
details { max-width: 1060px; margin: 14px auto 0; color: var(--soft); font-size: 13.5px; } summary { cursor: pointer; }
pre { padding: 14px 0; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--ink); }
.lost main { opacity: .45; filter: saturate(.3); }
@media (max-width: 820px) { .tiles { grid-template-columns: 1fr 1fr; } .tiles div:nth-child(3) { border-left: 0; }
  .halves, .three { grid-template-columns: 1fr; gap: 28px; } .state h1 { font-size: 44px; } section { overflow-x: auto; } }
`;
