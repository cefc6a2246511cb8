import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/plugin/clock.ts';
import { createFileWatch, type FileWatch } from '../../src/sidecar/watch-file.ts';

let folder: string;
let path: string;
let told: string[];
let troubles: string[];
let watch: FileWatch;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-'));
  path = join(folder, 'products.yaml');
  [told, troubles, stop] = [[], [], new AbortController()];
});
afterEach(async () => {
  stop.abort();
  await running;
  rmSync(folder, { recursive: true });
});

function begin(): void {
  watch = createFileWatch({
    path,
    clock: systemClock,
    known: 'one',
    changed: async (text) => {
      told.push(text);
      return 'done';
    },
    trouble: (error) => void troubles.push(String(error)),
  });
  running = watch.run(stop.signal);
}

const patient = { timeout: 15_000, interval: 50 };

test('a text that is written over, or put in its place, is told once', async () => {
  writeFileSync(path, 'one');
  begin();
  writeFileSync(path, 'two');
  await expect.poll(() => told, patient).toEqual(['two']);
  writeFileSync(`${path}.new`, 'three');
  renameSync(`${path}.new`, path);
  await expect.poll(() => told, patient).toEqual(['two', 'three']);
});

test('a file behind links that are switched, as Kubernetes does it, is followed', async () => {
  writeFileSync(join(folder, 'v1'), 'one');
  writeFileSync(join(folder, 'v2'), 'two');
  symlinkSync('v1', join(folder, 'data'));
  symlinkSync('data', path);
  begin();
  symlinkSync('v2', join(folder, 'data.new'));
  renameSync(join(folder, 'data.new'), join(folder, 'data'));
  await expect.poll(() => told, patient).toEqual(['two']);
});

test('a file that is written in steps is told when it is whole', async () => {
  writeFileSync(path, 'one');
  begin();
  for (let n = 1; n <= 8; n += 1) {
    writeFileSync(path, 'x'.repeat(n));
    await systemClock.sleep(20);
  }
  await expect.poll(() => told.at(-1), patient).toBe('x'.repeat(8));
  expect(told.length).toBeLessThan(8);
});

test('a look tells the same text again; a file that is gone is trouble, and told when it is back', async () => {
  writeFileSync(path, 'one');
  begin();
  watch.look();
  await expect.poll(() => told, patient).toEqual(['one']);
  rmSync(path);
  await expect.poll(() => troubles.join(), patient).toContain('ENOENT');
  writeFileSync(path, 'two');
  await expect.poll(() => told, patient).toEqual(['one', 'two']);
});
