import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { faultText } from '../../src/cli/faults.ts';

test('a port in use is named, with what to change', async () => {
  const first = createServer();
  await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
  const address = first.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const error = await new Promise((resolve) =>
    createServer().once('error', resolve).listen(port, '127.0.0.1'),
  );
  first.close();
  const wrapped = new Error('could not start', { cause: error });
  for (const fault of [error, wrapped]) {
    expect(faultText(fault)).toContain(`127.0.0.1:${port} is already in use`);
    expect(faultText(fault)).toContain('under "listen" in the YAML');
  }
});

test('other errors are told with the cause at their bottom, once', () => {
  const cause = new Error('', { cause: new Error('ECONNREFUSED 1.2.3.4') });
  expect(faultText(new Error('cannot connect', { cause }))).toBe('cannot connect (ECONNREFUSED 1.2.3.4)');
  expect(faultText(new Error('plain', { cause: new Error('plain') }))).toBe('plain');
  expect(faultText('a string')).toBe('a string');
});
