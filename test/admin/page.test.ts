import { createHash } from 'node:crypto';
import { createContext, runInContext, Script } from 'node:vm';
import { expect, test } from 'vitest';
import { PAGE_HEADERS, statusPage } from '../../src/admin/page.ts';
import type { StatusReport } from '../../src/admin/status.ts';
import { bootstrapping, degraded, healthy, withWrongId } from './samples.ts';

const script = /<script>([\s\S]*)<\/script>/.exec(statusPage)?.[1] ?? '';

test('the page is one file: nothing is loaded from anywhere, and its headers allow nothing but /status', () => {
  expect(statusPage).not.toMatch(/\b(src|href)="(https?:)?\/\//);
  expect(statusPage).not.toMatch(/@import|url\(/);
  const hash = createHash('sha256').update(script).digest('base64');
  expect(PAGE_HEADERS['content-security-policy']).toContain(`script-src 'sha256-${hash}'`);
  expect(PAGE_HEADERS['content-security-policy']).toContain("default-src 'none'");
});

test('values only ever become text: the script knows no innerHTML', () => {
  expect(() => new Script(script)).not.toThrow();
  expect(script).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|eval\(/);
});

test('a healthy edge says so in one word, with its share, its age and its stores', async () => {
  const text = await drawn(healthy());
  for (const words of [
    'Healthy',
    'Both stores are answered here.',
    '98.8 %',
    'global-app',
    'in sync',
    '840 ms',
    'forwarding',
  ]) {
    expect(text).toContain(words);
  }
});

test('a degraded edge gives each reason, since when, the last error, and what happens to queries', async () => {
  const text = await drawn(degraded());
  for (const words of [
    'Degraded',
    'The change log cannot be reached.',
    'ECONNREFUSED',
    '4 min 12 s',
    'stale',
    'The upstream does not answer.',
    'hole',
  ]) {
    expect(text).toContain(words);
  }
});

test('a copying edge shows how far it is, how fast, and how long it will take', async () => {
  const text = (await drawn(bootstrapping())).replaceAll('\u202f', ' ');
  for (const words of [
    'Syncing',
    '384 200 of 1 000 000 tuples, 5 120 / s, about 2 min left',
    '9 300 tuples, 980 / s',
  ]) {
    expect(text).toContain(words);
  }
});

test('a store that the upstream does not have is called that, and not one that is being copied', async () => {
  const text = await drawn(withWrongId());
  expect(text).toContain('2 of 3 stores can be answered here.');
  expect(text).toContain('1 store that the upstream does not have (a wrong id?); its queries are forwarded.');
  expect(text).toContain('unknown id');
  expect(text).not.toContain('being copied');
});

test('markup in a store id or an error stays text', async () => {
  const report = degraded();
  const [first] = report.products;
  if (first === undefined) throw new Error('the sample has products');
  const evil = '<img src=x onerror=alert(1)>';
  const text = await drawn({ ...report, products: [{ ...first, id: evil }] });
  expect(text).toContain(evil);
});

test('the status is asked for without the password that the address of the page may hold', async () => {
  await drawn(healthy());
  expect(asked.at(-1)).toBe('http://127.0.0.1:8090/behind/a/proxy/status');
});

const asked: string[] = [];

/** Runs the page's script on a stand-in for the browser's document and returns all the text it drew. */
async function drawn(report: StatusReport): Promise<string> {
  const places = new Map(['header', 'main', 'pre', 'body'].map((name) => [name, standIn(name)]));
  const page = createContext({
    document: {
      createElement: standIn,
      createElementNS: (_: string, name: string) => standIn(name),
      querySelector: (name: string) => places.get(name),
      body: places.get('body'),
      title: '',
    },
    location: { origin: 'http://127.0.0.1:8090', pathname: '/behind/a/proxy/' },
    fetch: async (url: string) => {
      asked.push(url);
      return { ok: true, json: async () => report };
    },
    AbortSignal,
    getSelection: () => '',
    setTimeout: () => 0,
  });
  runInContext(script, page);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return ['header', 'main'].map((name) => textOf(places.get(name))).join('\n');
}

interface StandIn {
  readonly name: string;
  kids: unknown[];
  textContent: string;
  readonly style: { setProperty(): void };
  readonly classList: { add(): void; remove(): void };
  append(...kids: unknown[]): void;
  replaceChildren(...kids: unknown[]): void;
  setAttribute(): void;
}

function standIn(name: string): StandIn {
  return {
    name,
    kids: [],
    textContent: '',
    style: { setProperty() {} },
    classList: { add() {}, remove() {} },
    append(...kids) {
      this.kids.push(...kids);
    },
    replaceChildren(...kids) {
      this.kids = kids;
    },
    setAttribute() {},
  };
}

function textOf(node: unknown): string {
  if (typeof node !== 'object' || node === null || !('kids' in node)) return String(node ?? '');
  return (node.kids as unknown[]).map(textOf).join('');
}
