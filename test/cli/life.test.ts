import { expect, test } from 'vitest';
import { type Host, watchLife } from '../../src/cli/life.ts';
import { silentLog } from '../../src/plugin/log.ts';

function host() {
  const listeners = new Map<string, (what: unknown) => void>();
  const codes: number[] = [];
  const fake: Host = {
    on: (event, told) => void listeners.set(event, told),
    exit: (code) => void codes.push(code),
  };
  return { fake, codes, send: (event: string, what?: unknown) => listeners.get(event)?.(what) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('the first signal drains once and ends with 0', async () => {
  const { fake, codes, send } = host();
  let drains = 0;
  watchLife(silentLog, fake).started({
    async drain() {
      drains++;
    },
  });
  send('SIGTERM');
  await settled();
  expect([drains, codes]).toEqual([1, [0]]);
});

test('the second signal ends at once, with the code of the signal', () => {
  const { fake, codes, send } = host();
  watchLife(silentLog, fake).started({ drain: () => new Promise(() => {}) });
  send('SIGTERM');
  expect(codes).toEqual([]);
  send('SIGINT');
  expect(codes).toEqual([130]);
});

test('a signal while starting ends at once', () => {
  const { fake, codes, send } = host();
  watchLife(silentLog, fake);
  send('SIGTERM');
  expect(codes).toEqual([143]);
});

test('a drain that fails is logged and ends with 1', async () => {
  const { fake, codes, send } = host();
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (fields: object) => void errors.push(fields) };
  watchLife(log, fake).started({ drain: () => Promise.reject(new Error('stuck')) });
  send('SIGINT');
  await settled();
  expect(codes).toEqual([1]);
  expect(errors).toEqual([{ err: new Error('stuck') }]);
});

test('what nobody handled is logged and ends with 1', () => {
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (fields: object) => void errors.push(fields) };
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    const { fake, codes, send } = host();
    watchLife(log, fake);
    send(event, new Error(event));
    expect(codes).toEqual([1]);
  }
  expect(errors).toHaveLength(2);
});
