/**
 * The page's own program: asks `/status` every two seconds and draws it anew. Plain browser JavaScript, kept as text.
 * Values go in as text nodes only: a store id or an error message can never become markup.
 */
export const pageScript = String.raw`
'use strict';
const EVERY_MS = 2000, WINDOW_MS = 60000;
const seen = []; // snapshots of the last minute, oldest first
let lostSince;

function h(tag, attrs, ...kids) {
  const node = tag.includes(':') ? document.createElementNS('http://www.w3.org/2000/svg', tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    if (name === 'width%') node.style.width = Math.max(0, Math.min(100, value)) + '%';
    else if (name === 'tone') node.style.setProperty('--tone', 'var(' + value + ')');
    else if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...kids.flat(9).filter((kid) => kid !== undefined && kid !== null && kid !== ''));
  return node;
}
const num = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
const plural = (n, one) => num(n) + ' ' + one + (n === 1 ? '' : 's');
function span(ms) {
  if (ms < 1) return Math.round(ms * 1000) + ' µs';
  if (ms < 1000) return (ms < 10 ? ms.toFixed(1) : Math.round(ms)) + ' ms';
  const s = ms / 1000;
  if (s < 60) return (s < 10 ? s.toFixed(1) : Math.round(s)) + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min' + (s < 600 && s % 60 >= 1 ? ' ' + Math.floor(s % 60) + ' s' : '');
  if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min';
  return Math.floor(s / 86400) + ' d ' + Math.floor((s % 86400) / 3600) + ' h';
}
function bytes(n) {
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  while (n >= 1000 && i < 4) { n /= 1000; i++; }
  return (i > 0 && n < 10 ? n.toFixed(1) : Math.round(n)) + ' ' + unit[i];
}

const PHASES = {
  complete: ['good', 'in sync'], confirming: ['work', 'confirming'], copying: ['work', 'copying'], absent: ['work', 'waiting'],
  broken: ['bad', 'broken'], forwarding: ['idle', 'forwarding'],
};
const all = (s) => s.products.flatMap((p) => p.stores.map((store) => ({ ...store, product: p })));
const kept = (s) => all(s).filter((store) => store.phase !== 'forwarding');
const syncing = (s) => kept(s).filter((store) => store.phase !== 'complete' && !store.unknown);

function state(s) {
  const worst = s.health.state;
  const word = worst !== 'healthy' ? worst : syncing(s).length > 0 ? 'syncing' : 'healthy';
  const tone = { healthy: 'good', syncing: 'work', degraded: 'warn', unhealthy: 'bad' }[word];
  return [
    h('div', { class: 'state ' + tone }, h('i'), h('h1', {}, word[0].toUpperCase() + word.slice(1))),
    h('p', { class: 'sub' }, sentence(s)),
    s.health.conditions.map((c) => trouble(c, s.nowMs)),
  ];
}
const STALE = { forward: 'go to the upstream, and are answered here while that is away', deny: 'are refused with 503', serve: 'are still answered here' };
function sentence(s) {
  const mine = kept(s), busy = syncing(s).length, stale = mine.filter((x) => x.phase === 'complete' && x.stale).length;
  const unknown = mine.filter((x) => x.unknown).length;
  const ready = mine.length - busy - stale - unknown;
  const parts = [];
  if (mine.length === 0) parts.push('Nothing is kept here: every query is forwarded.');
  else if (ready === mine.length) parts.push(['', 'The store is answered here.', 'Both stores are answered here.'][mine.length] || 'All ' + mine.length + ' stores are answered here.');
  else parts.push(ready + ' of ' + plural(mine.length, 'store') + ' can be answered here.');
  if (busy > 0) parts.push(plural(busy, 'store') + ' being copied; until then ' + (busy === 1 ? 'its' : 'their') + ' queries are forwarded.');
  if (unknown > 0) parts.push(plural(unknown, 'store') + ' that the upstream does not have (' + (unknown === 1 ? 'a wrong id?); its' : 'wrong ids?); their') + ' queries are forwarded.');
  for (const [then, what] of Object.entries(STALE)) {
    const n = mine.filter((x) => x.phase === 'complete' && x.stale && x.product.onStale === then).length;
    if (n > 0) parts.push(plural(n, 'store') + ' past the promised age: ' + (n === 1 ? 'its' : 'their') + ' queries ' + what + '.');
  }
  if (s.upstream.reachable === false) parts.push('The upstream does not answer.');
  if (s.capture && s.capture.unpublished > 0) parts.push(plural(s.capture.unpublished, 'change') + ' waiting to be published; none is lost.');
  if (!s.ready) parts.push('Not ready yet.');
  return parts.join(' ');
}
function trouble(c, now) {
  return h('div', { class: 'trouble ' + (c.severity === 'unhealthy' ? 'bad' : 'warn') }, h('p', {}, c.reason), c.advice ? h('div', {}, c.advice) : '',
    h('small', {}, 'since ' + clock(c.sinceMs) + ', for ' + span(now - c.sinceMs)), c.lastError ? h('code', {}, c.lastError) : '');
}

// The share and the curve are those of the last minute once there is one; before, those since the start.
function recent(s) {
  const first = seen[0];
  const served = { ...s.requests.served }, declined = { ...s.requests.declined };
  const since = first && first.startedMs === s.startedMs && s.nowMs - first.nowMs >= 10000 ? first : undefined;
  if (since) {
    for (const by in served) served[by] -= since.requests.served[by] || 0;
    for (const why in declined) declined[why] -= since.requests.declined[why] || 0;
  }
  const total = served.local + served.cache + served.upstream;
  if (since && total === 0) return { ...recentFrom(s.requests), perSecond: 0 };
  const seconds = since ? (s.nowMs - since.nowMs) / 1000 : undefined;
  return { served, declined, total, perSecond: seconds && total / seconds, minute: Boolean(since) };
}
function recentFrom(requests) {
  const { served, declined } = requests;
  return { served, declined, total: served.local + served.cache + served.upstream, minute: false };
}
const share = (part, whole) => (whole === 0 ? 0 : (100 * part) / whole);
const percent = (p) => (p > 99.95 || p === 0 ? Math.round(p) : p.toFixed(1));

const tile = (name, value, unit, tone) => h('div', { class: tone || '' }, h('small', {}, name), h('b', {}, value), h('em', {}, unit || ''));
function captureTiles(s) {
  const c = s.capture, up = s.latency.find((l) => l.by === 'upstream');
  return h('section', { class: 'tiles' },
    tile('Writes captured', num(c.captured), c.sequencer ? 'published from here' : 'handed to the sequencer'),
    tile('Waiting to be published', num(c.unpublished), c.lastPublishedAtMs ? 'last one ' + span(s.nowMs - c.lastPublishedAtMs) + ' ago' : '', c.unpublished > 0 && !s.changelog.connected ? 'warn' : ''),
    tile('Last walk of the upstream', c.lastWalkAtMs ? span(s.nowMs - c.lastWalkAtMs) : '–', c.lastWalkAtMs ? 'ago, ' + num(c.found) + ' found so far' : ''),
    tile('A forwarded answer takes', up ? span(up.p50Ms) : '–', up ? 'p99 ' + span(up.p99Ms) : 'no queries yet'));
}
function tiles(s) {
  if (s.capture && kept(s).length === 0) return captureTiles(s);
  const r = recent(s), here = r.served.local + r.served.cache;
  const local = s.latency.find((l) => l.by === 'local');
  const aged = kept(s).filter((x) => x.ageMs != null).sort((a, b) => b.ageMs - a.ageMs)[0];
  const rate = r.perSecond === undefined ? plural(r.total, 'query').replace('querys', 'queries') : num(r.perSecond) + ' / s';
  return h('section', { class: 'tiles' },
    tile('Answered here', r.total === 0 ? '–' : percent(share(here, r.total)) + ' %', r.total === 0 ? 'no queries yet' : rate),
    tile('A local answer takes', local ? span(local.p50Ms) : '–', local ? 'p99 ' + span(local.p99Ms) : ''),
    tile('Oldest data here', aged ? span(aged.ageMs) : '–', aged ? 'of ' + span(aged.product.maxStalenessMs) : '', aged && aged.stale ? 'warn' : ''),
    tile('Behind the log', s.changelog.connected ? num(s.changelog.lag) : '–', s.changelog.connected ? 'messages' : 'not connected', s.changelog.connected ? (s.changelog.lag > 10000 ? 'warn' : '') : 'warn'));
}

function stores(s) {
  if (s.products.length === 0) return '';
  const rows = s.products.flatMap((p) => [
    h('tr', { class: 'product' }, h('td', { colspan: 6 }, h('b', {}, p.id), h('span', {}, p.tier + (p.tier === 'cold' ? '' :
      ' · at most ' + span(p.maxStalenessMs) + ' old, then ' + p.onStale)))),
    ...p.stores.map((store) => storeRow(store, p)),
  ]);
  const heads = ['Store', 'State', 'Revision', 'Tuples', 'Age', 'Position in the log'];
  return h('section', {}, h('table', {}, h('thead', {}, h('tr', {}, heads.map((t, i) => h('th', { class: i === 2 || i === 3 ? 'r' : i === 4 ? 'pad' : '' }, t)))), h('tbody', {}, rows)));
}
function storeRow(store, product) {
  const [tone, word] = store.unknown ? ['bad', 'unknown id'] : store.phase === 'complete' && store.stale ? ['warn', 'stale'] : PHASES[store.phase];
  const known = store.phase !== 'forwarding' && !store.unknown;
  return h('tr', {},
    h('td', {}, store.name ? h('div', {}, store.name) : '', h('span', { class: 'mono' }, store.storeId === '*' ? 'every other store' : store.storeId),
      store.lastError ? h('small', {}, store.lastError) : '', store.storeDeleted ? h('small', {}, 'the upstream does not list it (deleted, or a wrong id?); kept here until no product names it') : ''),
    h('td', {}, h('span', { class: 'pill ' + tone }, word), store.bootstrap ? progress(store.bootstrap) : ''),
    h('td', { class: 'r' }, known ? num(store.revision) : '', store.behind ? h('small', {}, num(store.behind) + ' behind') : ''),
    h('td', { class: 'r' }, known ? num(store.bootstrap ? store.bootstrap.tuples : store.tuples) : ''),
    h('td', { class: 'pad' }, store.ageMs == null ? (known ? h('span', { class: 'quiet' }, 'not known yet') : '') : [span(store.ageMs),
      h('div', { class: 'bar ' + (store.stale ? 'warn' : 'good') }, h('i', { 'width%': share(store.ageMs, product.maxStalenessMs) }))]),
    h('td', {}, h('span', { class: 'mono quiet' }, store.position)));
}
function progress(b) {
  const left = b.remainingMs === undefined ? '' : ', about ' + span(b.remainingMs) + ' left';
  const of = b.expected === undefined ? '' : ' of ' + num(b.expected);
  const bar = b.expected ? h('div', { class: 'bar work' }, h('i', { 'width%': share(b.tuples, b.expected) })) : h('div', { class: 'bar work going' }, h('i'));
  return [bar, h('small', {}, num(b.tuples) + of + ' tuples, ' + num(b.perSecond) + ' / s' + left)];
}

function requests(s) {
  const r = recent(s);
  const by = [['local', 'here', '--local'], ['cache', 'from cache', '--cache'], ['upstream', 'forwarded', '--up']].filter(([k]) => r.served[k] > 0 || k !== 'cache');
  const reasons = Object.entries(r.declined).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  const top = reasons.length > 0 ? reasons[0][1] : 1;
  return h('section', { class: 'halves' },
    h('div', { class: 'half' }, h('h2', {}, r.minute ? 'Queries, last minute' : 'Queries since the start'),
      h('div', { class: 'bar thick' }, by.map(([k, , v]) => h('i', { 'width%': share(r.served[k], r.total), tone: v }))),
      h('div', { class: 'key' }, by.map(([k, name, v]) => h('span', {}, h('i', { tone: v }), name + ' ', h('b', {}, num(r.served[k]))))),
      reasons.length > 0 ? [h('h2', {}, 'Why a local tier forwarded'), h('table', { class: 'reasons' }, reasons.map(([why, n]) => h('tr', {}, h('td', {}, why),
        h('td', {}, h('div', { class: 'bar idle' }, h('i', { 'width%': share(n, top) }))), h('td', { class: 'r' }, num(n)))))] : h('p', { class: 'quiet' }, 'Nothing that a local tier had to forward.'),
      s.requests.forwardErrors > 0 ? h('p', { class: 'quiet' }, plural(s.requests.forwardErrors, 'forward') + ' failed since the start.') : ''),
    h('div', { class: 'half' }, h('h2', {}, 'How long an answer takes'), curves(s)));
}
__CURVES__
function machine(s) {
  const l = s.changelog, c = s.capture;
  const list = (title, rows) => h('div', { class: 'half' }, h('h2', {}, title), h('dl', {}, rows.filter(Boolean).map(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])));
  return h('section', { class: 'three' },
    list('Change log: ' + l.kind, [['link', l.connected ? 'connected' : 'cut for ' + span(s.nowMs - (l.sinceMs || s.nowMs))], ['received', num(l.received)],
      ['published', num(l.published)], ['waiting to be applied', num(l.pending)], ['in the log', num(l.messages) + ' · ' + bytes(l.bytes)], l.garbage > 0 && ['not understood', num(l.garbage)]]),
    c ? list('Capture', [['published by', c.sequencer ? 'this sidecar' : (c.lease && c.lease.holder) || 'nobody at present'], ['captured', num(c.captured)], ['waiting to be published', num(c.unpublished)],
      ['found by walks', num(c.found)], ['last walk', c.lastWalkAtMs ? span(s.nowMs - c.lastWalkAtMs) + ' ago' : '–']])
      : list('Local store: ' + s.store.kind, [['tuples', num(kept(s).reduce((n, x) => n + x.tuples, 0))], ['takes', bytes(s.store.bytes)]]),
    list('Ways in and out', [['HTTP', s.urls.http], s.urls.grpc && ['gRPC', s.urls.grpc], ['upstream', s.upstream.url],
      ['upstream answers', s.upstream.reachable === undefined ? 'not asked yet' : s.upstream.reachable ? 'yes' : 'no'], s.upstream.lastError && ['', s.upstream.lastError]]));
}
function past(s) {
  const rows = s.health.past.map((c) => [c.clearedMs, c.reason, 'lasted ' + span(c.clearedMs - c.sinceMs), c.lastError]);
  for (const x of all(s)) if (x.lastResync) rows.push([x.lastResync.atMs, 'Store ' + (x.name || x.storeId) + ' was copied', x.lastResync.reason]);
  rows.sort((a, b) => b[0] - a[0]);
  if (rows.length === 0) return '';
  return h('section', {}, h('h2', {}, 'What happened'), h('table', { class: 'past' }, rows.slice(0, 12).map(([at, what, how, error]) =>
    h('tr', {}, h('td', { class: 'quiet' }, clock(at)), h('td', {}, what, error ? h('small', { class: 'mono' }, error) : ''), h('td', { class: 'quiet r' }, how)))));
}

function draw(s) {
  document.title = (s.health.state === 'healthy' ? '' : s.health.state + ' · ') + s.edgeId + ' · RSFGA Edge';
  document.querySelector('header').replaceChildren(
    h('div', {}, h('b', {}, s.edgeId), ' · ' + s.role + (s.region ? ' in ' + s.region : '')),
    h('div', {}, 'RSFGA Edge ' + s.version + ' · ' + s.nodeId + ' · up ' + span(s.nowMs - s.startedMs)));
  const parts = [state(s), tiles(s), stores(s), requests(s), machine(s), past(s)].flat(2).filter(Boolean);
  document.querySelector('main').replaceChildren(...parts);
  document.querySelector('pre').textContent = JSON.stringify(s.config, null, 2);
}
function lost(error) {
  lostSince = lostSince || Date.now();
  document.body.classList.add('lost');
  document.querySelector('header').replaceChildren(h('div', { class: 'trouble bad' },
    h('p', {}, 'The sidecar does not answer. What stands below is from before ' + clock(lostSince) + '.'), h('code', {}, String(error.message || error))));
}
async function ask() {
  try {
    // Made whole by hand: where the address of the page holds a password, no browser fetches what is relative to it.
    const answer = await fetch(location.origin + location.pathname.replace(/[^/]*$/, 'status'), { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error('GET /status: ' + answer.status + ' ' + answer.statusText);
    const s = await answer.json();
    lostSince = undefined;
    document.body.classList.remove('lost');
    while (seen.length > 0 && s.nowMs - seen[0].nowMs > WINDOW_MS) seen.shift();
    if (String(getSelection()) === '') draw(s); // do not pull text away from under somebody who copies it
    seen.push(s);
  } catch (error) {
    lost(error);
  }
  setTimeout(ask, EVERY_MS);
}
ask();
`;
