/** The program as a shell sees it. How `run` starts and ends is in test/e2e. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const BIN = join(import.meta.dirname, '../../bin/rsfga-edge.js');

function shell(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('each outcome has its exit code, with the words on the right stream', () => {
  expect(shell('version')).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringContaining('rsfga-edge'),
  });
  expect(shell('rnu')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('Did you mean "run"?'),
  });
  expect(shell('run', '--config', '/no/such.yaml')).toMatchObject({ status: 3, stdout: '' });
});
