/** Imports flow one way (docs/architecture.md): who may import whom, room by room. */
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { PLUGINS } from '../../src/plugin/registry.ts';
import { importsOf, sourceFiles } from './files.ts';

/** A room may import itself, `telemetry` and `version` (but for `fga` and `engine`) and these. `anything` is not importable in its turn. */
const DOORS: Readonly<Record<string, readonly string[] | 'anything'>> = {
  fga: [],
  telemetry: [],
  tls: ['plugin'],
  engine: ['fga'],
  plugin: ['fga', 'proto/gen'],
  upstream: ['fga', 'plugin'],
  version: [],
  capture: ['fga', 'plugin', 'proto/gen'],
  replica: ['fga', 'plugin'],
  auth: ['fga', 'plugin'],
  proxy: ['fga', 'plugin', 'upstream', 'auth', 'tls', 'proto/gen'],
  admin: ['plugin', 'tls'],
  config: ['plugin'],
  topology: ['plugin', 'config'],
  sidecar: 'anything',
  cli: 'anything',
  main: 'anything',
  'plugins/index': 'anything',
  'plugins/tier': ['fga', 'plugin', 'engine', 'proto/gen'],
  'plugins/store': ['fga', 'plugin', 'proto/gen'],
  'plugins/changelog': ['fga', 'plugin', 'proto/gen'],
  'plugins/upstream': ['fga', 'plugin', 'proto/gen'],
  'plugins/upstream/embedded': ['fga', 'plugin', 'proto/gen', 'engine'],
};

/** What nobody else may import, and who may all the same. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  sidecar: ['cli', 'main'],
  cli: ['main'],
  main: [],
  'plugins/index': ['sidecar', 'cli', 'main'],
};

/** The plugins of each socket: none of them may import another. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.entries(PLUGINS).map(([socket, specs]) => [socket, Object.keys(specs)])),
  upstream: ['openfga', 'embedded'],
};

test('every import goes through an open door', () => {
  const files = sourceFiles().filter(({ path }) => /^(src|plugins)\//.test(path));
  const trespasses = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.join(posix.dirname(file.path), specifier))
      .filter((target) => !isOpen(file.path, target))
      .map((target) => `${file.path} imports ${target}`),
  );
  expect(trespasses).toEqual([]);
});

test('no file is needed by what it needs itself', () => {
  const files = sourceFiles().filter(({ path }) => /^(src|plugins)\//.test(path));
  const needs = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => posix.join(posix.dirname(file.path), specifier)),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
    else if (!done.has(path)) for (const next of needs.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of needs.keys()) visit(path, []);
  expect(needs.size).toBeGreaterThan(300);
  expect(circles).toEqual([]);
});

test('every room has its doors written down', () => {
  const rooms = sourceFiles()
    .filter(({ path }) => /^(src|plugins)\//.test(path))
    .map(({ path }) => roomOf(path));
  expect([...new Set(rooms)].filter((room) => doorsOf(room) === undefined)).toEqual([]);
});

function isOpen(from: string, to: string): boolean {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (room.startsWith('plugins/') && target.startsWith('plugins/') && room !== 'plugins/index') {
    return room === target && [undefined, pluginOf(from)].includes(pluginOf(to));
  }
  if (room === target) return true;
  const closed = CLOSED[target];
  if (closed !== undefined) return closed.includes(room);
  if (target === 'telemetry' || target === 'version') return room !== 'fga' && room !== 'engine';
  const doors = doorsOf(room);
  return doors === 'anything' || (doors?.includes(target) ?? false);
}

function doorsOf(room: string): readonly string[] | 'anything' | undefined {
  return DOORS[room] ?? (room.startsWith('sidecar') ? 'anything' : undefined);
}

/** `src/fga/tuple.ts` → `fga`; `src/main.ts` → `main`; `plugins/store/lmdb-key.ts` → `plugins/store`. */
function roomOf(path: string): string {
  const [top = '', first = '', second = ''] = path.replace(/\.[jt]s$/, '').split('/');
  if (top === 'src') return first;
  if (top === 'plugins' && first === 'upstream' && second === 'embedded') return 'plugins/upstream/embedded';
  if (top === 'plugins') return `plugins/${first}`;
  return path.startsWith('proto/gen/') ? 'proto/gen' : top;
}

/** A plugin is a file, a folder, or files that share its name: `store/lmdb.ts`, `store/lmdb-key.ts`. Others are neighbours' own. */
function pluginOf(path: string): string | undefined {
  const [, socket = '', file = ''] = path.replace(/\.[jt]s$/, '').split('/');
  const name = file.split('-')[0] ?? '';
  return NAMES[socket]?.includes(name) ? name : undefined;
}
