import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAdmin } from '../../src/admin/server.ts';
import { main } from '../../src/cli/main.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { degraded, healthy, sourceOf } from '../admin/samples.ts';

async function cli(line: string, env: Record<string, string> = {}) {
  let out = '';
  let err = '';
  const code = await main(line.split(' '), {
    env,
    print: (text) => {
      out += text;
    },
    complain: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'rsfga-cli-')), 'c.yaml');
  writeFileSync(path, text);
  return path;
}

test('a sound file is told in one line and 0, a wrong one in all its mistakes and 3', async () => {
  const sound = file('role: edge\nedge_id: e1\nupstream: { http: http://h:1 }\n');
  expect(await cli(`check-config ${sound}`)).toEqual({
    code: 0,
    err: '',
    out: `${sound} is sound: edge e1, 0 products, 0 stores.\n`,
  });
  const wrong = await cli(`check-config ${file('role: edgy\nlisen: {}\n')}`);
  expect(wrong.code).toBe(3);
  expect(wrong.out).toBe('');
  expect(wrong.err).toContain('3 mistakes');
});

test('check-config fills in the environment, and --show never prints a secret', async () => {
  const path = file(`role: edge\nupstream: { http: http://h:1, api_token: \${T} }\n`);
  expect((await cli(`check-config ${path}`)).code).toBe(3);
  const shown = await cli(`check-config ${path} --show`, { T: 'geheim' });
  expect(JSON.parse(shown.out)).toMatchObject({ role: 'edge', upstream: { apiToken: '***' } });
  expect(shown.out).not.toContain('geheim');
});

test('run stops at a wrong file with 3, before anything is opened', async () => {
  expect(await cli('run /no/such.yaml')).toMatchObject({
    code: 3,
    err: expect.stringContaining('there is no such file'),
  });
  expect(await cli('run')).toMatchObject({
    code: 2,
    err: expect.stringContaining('needs a configuration file'),
  });
});

test('a wrong command line is 2, on the error stream', async () => {
  const { code, out, err } = await cli('rnu');
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain('Did you mean "run"?');
});

test('version and help are 0, on the output', async () => {
  expect(await cli('version')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^rsfga-edge \d+\.\d+\.\d+ \(Node /),
  });
  expect(await cli('help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage: rsfga-edge') });
});

test('status tells how a sidecar is: 0 when healthy, 4 when not, 1 when nobody answers', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const calm = await openAdmin({ source: sourceOf(healthy), metrics }, { host: '127.0.0.1', port: 0 });
  const ill = await openAdmin(
    { source: sourceOf(degraded), metrics, token: 'tok' },
    { host: '127.0.0.1', port: 0 },
  );
  try {
    const well = await cli(`status --url ${calm.url}`);
    expect(well.code).toBe(0);
    expect(well.out).toMatch(/^HEALTHY {3}tokyo-1 \(edge\), up 3 d 4 h/);
    expect(JSON.parse((await cli(`status --json --url ${calm.url}`)).out)).toMatchObject({
      edgeId: 'tokyo-1',
    });
    expect(await cli(`status --url ${ill.url}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('RSFGA_ADMIN_TOKEN'),
    });
    const sick = await cli(`status --url ${ill.url}`, { RSFGA_ADMIN_TOKEN: 'tok' });
    expect(sick.code).toBe(4);
    expect(sick.out).toContain('The change log cannot be reached. For 4 min.');
  } finally {
    await Promise.all([calm.close(), ill.close()]);
  }
  expect(await cli(`status --url ${calm.url}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('Nothing answers at'),
  });
  expect(await cli('status --url http://[')).toMatchObject({
    code: 2,
    err: expect.stringContaining('is not a URL'),
  });
});
