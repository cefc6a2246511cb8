import { afterEach, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import type { ReadRequest } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { centre, complete, edge, stopAll, tuple, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

test('a new edge is complete although every message is on the way for longer than a marker is waited for', async () => {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  upstream.commit({ writes: [tuple(1)] });
  centre(upstream, hub.open());
  const log = hub.open();
  async function* read(request: ReadRequest) {
    for await (const batch of log.reader.read(request)) {
      await systemClock.sleep(6_000, request.signal);
      yield batch;
    }
  }
  const one = await edge(upstream, { ...log, reader: { ...log.reader, read } });
  await until(() => complete(one), 'complete', 20_000);
}, 30_000);
