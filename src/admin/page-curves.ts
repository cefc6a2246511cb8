/** The latency picture: what share of the answers took how long, on a logarithmic scale, one curve for each who answers. */
export const pageCurves = `
const CURVES = { local: ['here', '--local'], cache: ['cache', '--cache'], upstream: ['forwarded', '--up'] };
const WIDE = 480, HIGH = 150, FROM = Math.log10(0.01), TO = Math.log10(10000);
const xOf = (ms) => (WIDE * (Math.log10(Math.max(ms, 0.01)) - FROM)) / (TO - FROM);

function curves(s) {
  const drawn = s.latency.filter((l) => CURVES[l.by] && l.count > 0).map((l) => ({ ...l, shape: density(l) }));
  if (drawn.length === 0) return h('p', { class: 'quiet' }, 'No queries yet.');
  const peak = Math.max(...drawn.flatMap((l) => l.shape.map((p) => p[1])));
  const picture = h('svg:svg', { viewBox: '0 -26 ' + WIDE + ' ' + (HIGH + 52), role: 'img', 'aria-label': 'latency distribution' }, axis(),
    drawn.map((l) => curve(l, peak)));
  return [picture, h('div', { class: 'key', style: 'margin: 10px 0 0' }, drawn.map((l) => h('span', {}, h('i', { tone: CURVES[l.by][1] }),
    CURVES[l.by][0] + ' ', h('b', {}, span(l.p50Ms)), ' · p99 ', h('b', {}, span(l.p99Ms)))))];
}
// Share per decade of time, so that wide and narrow buckets compare; counted over the last minute where there is one.
function density(l) {
  const before = seen[0] && seen[0].latency.find((x) => x.by === l.by);
  let counts = l.counts.map((n, i) => n - ((before && before.counts[i]) || 0));
  if (counts.some((n) => n < 0) || counts.reduce((a, b) => a + b, 0) < 50) counts = l.counts;
  const total = counts.reduce((a, b) => a + b, 0);
  const points = l.boundsMs.map((upper, i) => {
    const lower = i === 0 ? upper / 2 : l.boundsMs[i - 1];
    return [xOf(Math.sqrt(lower * upper)), counts[i] / total / (Math.log10(upper) - Math.log10(lower))];
  });
  const shape = [[0, 0], ...points, [WIDE, 0]];
  const used = shape.map((p, i) => i).filter((i) => shape[i][1] > 0);
  return shape.slice(Math.max(0, used[0] - 1), used[used.length - 1] + 2);
}
function curve(l, peak) {
  const at = l.shape.map(([x, y]) => [x, HIGH - (HIGH * y) / peak]);
  let line = 'M' + at[0].map((n) => n.toFixed(1)).join(' ');
  const slope = slopes(at);
  for (let i = 1; i < at.length; i++) {
    const third = (at[i][0] - at[i - 1][0]) / 3;
    const bend = [at[i - 1][0] + third, at[i - 1][1] + third * slope[i - 1], at[i][0] - third, at[i][1] - third * slope[i]];
    line += ' C' + [...bend, ...at[i]].map((n) => n.toFixed(1)).join(' ');
  }
  const tone = 'var(' + CURVES[l.by][1] + ')', x = xOf(l.p50Ms);
  return h('svg:g', {},
    h('svg:path', { d: line + ' L' + at[at.length - 1][0].toFixed(1) + ' ' + HIGH + ' L' + at[0][0].toFixed(1) + ' ' + HIGH + ' Z', style: 'fill: ' + tone + '; opacity: .13' }),
    h('svg:path', { d: line, style: 'fill: none; stroke: ' + tone + '; stroke-width: 1.8; stroke-linejoin: round' }),
    h('svg:line', { x1: x, x2: x, y1: -8, y2: HIGH, style: 'stroke: ' + tone + '; stroke-dasharray: 2 3' }),
    h('svg:text', { x, y: -13, 'text-anchor': x > WIDE - 40 ? 'end' : x < 40 ? 'start' : 'middle' }, span(l.p50Ms)));
}
// The harmonic mean of both sides: smooth, and never above or below the points it joins.
function slopes(at) {
  const rise = at.slice(1).map((p, i) => (p[1] - at[i][1]) / (p[0] - at[i][0]));
  return at.map((_, i) => {
    const before = rise[i - 1], after = rise[i];
    if (before === undefined || after === undefined || before * after <= 0) return 0;
    return (2 * before * after) / (before + after);
  });
}
function axis() {
  const marks = [[0.1, '0.1 ms'], [1, '1 ms'], [10, '10 ms'], [100, '0.1 s'], [1000, '1 s']];
  return h('svg:g', {}, h('svg:line', { x1: 0, x2: WIDE, y1: HIGH, y2: HIGH, style: 'stroke: var(--line)' }),
    marks.map(([ms, text]) => [h('svg:line', { x1: xOf(ms), x2: xOf(ms), y1: HIGH, y2: HIGH + 5, style: 'stroke: var(--line)' }),
      h('svg:text', { x: xOf(ms), y: HIGH + 20, 'text-anchor': 'middle' }, text)]));
}
`;
