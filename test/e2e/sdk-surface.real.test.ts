import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serversAvailable } from '../support/servers.ts';
import type { Entry } from './sdk-outcome.ts';
import { sdkSession } from './sdk-session.ts';
import { type Standing, startStanding, untilLocal } from './standing.ts';

/** What only the sidecar adds is not part of the comparison. */
function seen(entries: readonly Entry[]): unknown[] {
  return entries.map(({ step, outcome }) => ({ step, outcome }));
}

describe.skipIf(!serversAvailable())('the official SDK over its whole surface', () => {
  let standing: Standing;
  let straight: Entry[];

  beforeAll(async () => {
    standing = await startStanding();
    straight = await sdkSession(standing.openfga.http, 'session');
  });
  afterAll(() => standing?.stop());

  test('sees no difference between a central and OpenFGA itself', async () => {
    const entries = await sdkSession(standing.central.http, 'session');
    expect(seen(entries)).toEqual(seen(straight));
    expect(entries.filter(({ servedBy }) => servedBy === 'local')).toEqual([]);
  });

  test('sees no difference between an edge and OpenFGA itself, also right after its own Writes', async () => {
    expect(seen(await sdkSession(standing.edge.http, 'session'))).toEqual(seen(straight));
  });

  test('sees none either once the edge has its copy, which then answers the Checks', async () => {
    const entries = await sdkSession(standing.edge.http, 'session', (storeId) =>
      untilLocal(standing.edge, storeId),
    );
    expect(seen(entries)).toEqual(seen(straight));
    const told = entries.filter(({ outcome }) => hasHeaders(outcome));
    expect(told.length).toBeGreaterThan(40);
    for (const { step, servedBy } of told) {
      expect([step, servedBy]).toEqual([step, expect.stringMatching(/^(local|upstream)$/)]);
    }
    const local = entries.filter(({ servedBy }) => servedBy === 'local').map(({ step }) => step);
    expect(local).toContain('check: granted by a nested group');
    expect(local).toContain('check: unknown relation');
  });
});

/** The SDK shows the headers of single calls, not of the compound ones. */
function hasHeaders(outcome: unknown): boolean {
  return typeof outcome === 'object' && outcome !== null && 'headers' in outcome;
}
