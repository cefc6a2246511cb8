/** The embedded upstream beside a real OpenFGA: the same calls, the same answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedUpstream } from '../../../plugins/upstream/embedded/server.ts';
import { play, SCRIPTS } from '../../contract/upstream.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../../support/servers.ts';
import { sdkSession } from './embedded/sdk.ts';
import { startEmbedded } from './embedded/start.ts';

describe.skipIf(!serversAvailable())('the embedded upstream answers as OpenFGA does', () => {
  let real: OpenFga;
  let embedded: EmbeddedUpstream;

  beforeAll(async () => {
    [real, embedded] = await Promise.all([startOpenFga(), startEmbedded()]);
  });

  afterAll(async () => {
    await Promise.all([real?.stop(), embedded?.close()]);
  });

  test.each(SCRIPTS)('$name', async (script) => {
    const [expected, played] = await Promise.all([play(real.http, script), play(embedded.url, script)]);
    expect(played).toEqual(expected);
  });

  test('the official SDK sees no difference over its main calls', async () => {
    const [expected, seen] = [await sdkSession(real.http), await sdkSession(embedded.url)];
    expect(seen).toEqual(expected);
  });
});
