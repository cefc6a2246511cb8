import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/fga/answer.ts';
import { FgaError } from '../../src/fga/error.ts';
import { closingAfterEach } from './after-each.ts';
import { polite, startRude } from './rude-upstream.ts';
import { ask, LOCAL, startServing, YES } from './serving.ts';
import { A_CHECK, CHECK, MODEL, post, STORE, talk } from './street-setup.ts';

const closing = closingAfterEach();

async function serving(...args: Parameters<typeof startServing>) {
  const street = await startServing(...args);
  closing(() => street.close());
  return street;
}

describe('a query that is declined', () => {
  test('is forwarded byte for byte, and its answer says why', async () => {
    const view = { revision: 'E.3', stalenessMs: 70_000 };
    const { port, upstream, seenModels, told } = await serving(() => ({ declined: 'stale', ...view }));
    const body = ` ${A_CHECK}\n`;
    const answer = await ask(port, body, 'X-Own: 1');
    expect(upstream.heard[0]?.endsWith(`\r\n\r\n${body}`)).toBe(true);
    expect(upstream.heard[0]).toContain('X-Own: 1');
    expect(answer.match(/^Rsfga-[^\r]*/gm)).toEqual([
      'Rsfga-Served-By: upstream',
      'Rsfga-Declined: stale',
      'Rsfga-Revision: E.3',
      'Rsfga-Staleness-Ms: 70000',
    ]);
    expect(seenModels).toEqual([`${STORE} ${MODEL}`]);
    expect(told).toEqual(['declined Check stale', 'forwarded Check']);
  });

  test('goes to the primary where the decision says so', async () => {
    const primary = await startRude(polite('from primary'));
    closing(() => primary.close());
    const { port } = await serving(() => ({ declined: 'consistency', primary: true }), {
      primary: primary.url,
    });
    expect(await ask(port)).toContain('from primary');
  });

  test.each([
    ['malformed JSON', '{"tuple_key":', undefined],
    ['another method in a header', A_CHECK, 'X-HTTP-Method-Override: GET'],
    ['a deadline of its own', A_CHECK, 'Grpc-Timeout: 1n'],
    ['a body over the limit', `${' '.repeat(700_000)}${A_CHECK}`, undefined],
  ])("because of %s is upstream's to judge", async (_, body, header) => {
    const { port, upstream } = await serving(() => ({ answer: YES, ...LOCAL }));
    const answer = await ask(port, body, ...(header ? [header] : []));
    expect(answer).toContain('Rsfga-Declined: request');
    expect(upstream.heard[0]?.endsWith(body)).toBe(true);
  });

  test('because of a query string is forwarded as it came', async () => {
    const { port, upstream } = await serving(() => ({ answer: YES, ...LOCAL }));
    const answer = await talk(port, post(`${CHECK}?trace=1`, A_CHECK, 'Connection: close'));
    expect(answer).toContain('Rsfga-Declined: request');
    expect(upstream.heard[0]).toContain(`POST ${CHECK}?trace=1 HTTP/1.1`);
  });

  test.each([
    ['throws', () => Promise.reject(new Error('a defect'))],
    [
      'throws at once',
      () => {
        throw new Error('a defect');
      },
    ],
    [
      'gives what cannot be written',
      () => ({ answer: { method: 'Nonsense' } as unknown as Answer, ...LOCAL }),
    ],
  ])('because answering %s is forwarded, counted and logged', async (_, decide) => {
    const logged: string[] = [];
    const log = {
      info() {},
      warn() {},
      debug() {},
      error: (_fields: object, message: string) => logged.push(message),
    };
    const { port, told } = await serving(decide, { log });
    expect(await ask(port)).toContain('from upstream');
    expect(told).toEqual(['fault Check', 'forwarded Check']);
    expect(logged).toEqual(['a query could not be answered here and is forwarded']);
  });

  test('falls back to what is held while the upstream is away', async () => {
    const decide = () => ({ declined: 'stale' as const, fallback: () => ({ answer: YES, ...LOCAL }) });
    const { port, told } = await serving(decide, { upstream: 'http://127.0.0.1:1' });
    expect(await ask(port)).toContain('Rsfga-Staleness-Ms: 4');
    expect(told).toEqual(['declined Check stale', 'failed unreachable', 'served Check local']);
  });

  test.each([
    '500 Internal Server Error',
    '502 Bad Gateway',
    '503 Service Unavailable',
    '504 Gateway Timeout',
  ])('falls back to what is held when whoever stands before the upstream says %s', async (status) => {
    const away = await startRude(
      (socket) => void socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\n{}`),
    );
    const decide = () => ({ declined: 'stale' as const, fallback: () => ({ answer: YES, ...LOCAL }) });
    const { port, told } = await serving(decide, { upstream: away.url });
    for (let n = 0; n < 2; n += 1) expect(await ask(port)).toMatch(/^HTTP\/1\.1 200 [\s\S]*"allowed":true/);
    expect(told.slice(0, 3)).toEqual(['declined Check stale', 'failed failing', 'served Check local']);
    // Its answer was read to the end: both queries went over one connection.
    expect(away.heard).toHaveLength(1);
    await away.close();
  });

  test('hands a 503 of the upstream on where there is nothing to fall back to', async () => {
    const away = await startRude(
      (socket) => void socket.write('HTTP/1.1 503 Away\r\nContent-Length: 2\r\n\r\n{}'),
    );
    const { port } = await serving(() => ({ declined: 'reach' }), { upstream: away.url });
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 503 Away/);
    await away.close();
  });

  test.each([
    ['may not be used any more', () => ({ denied: new FgaError('unavailable', 'too old') }), 'too old'],
    ['declines too', () => ({ declined: 'model' as const }), 'cannot be reached'],
    [
      'throws',
      () => {
        throw new Error('a defect');
      },
      'cannot be reached',
    ],
  ])('is a 503 where what is held %s', async (_, fallback, message) => {
    const { port } = await serving(() => ({ declined: 'stale', fallback }), {
      upstream: 'http://127.0.0.1:1',
    });
    const answer = await ask(port);
    expect(answer).toMatch(/^HTTP\/1\.1 503/);
    expect(answer).toContain(message);
  });
});

describe('a query of a store that is not served here', () => {
  test('is forwarded unread, without a word about declining', async () => {
    const { port, upstream } = await serving(() => ({ answer: YES, ...LOCAL }));
    const other = CHECK.replace(STORE, MODEL);
    const answer = await talk(port, post(other, 'not even JSON', 'Connection: close'));
    expect(answer).toContain('from upstream');
    expect(answer).not.toContain('Rsfga-Declined');
    expect(upstream.heard[0]).toContain('not even JSON');
  });
});
