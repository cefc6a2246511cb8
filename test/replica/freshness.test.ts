import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import type { ChangeLog, ControlQuestion } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { centre, complete, edge, STORE, stopAll, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const SLOW = '01J0000000000000000000000S';
/** As long as the sequencer of this test waits for a walk that takes longer. */
const PATIENCE_MS = 1_500;

afterEach(stopAll);

/** A log whose sequencer answers without the slow store, once it has waited for its walk in vain. */
function withSlowStore(log: ChangeLog, isSlow: () => boolean): ChangeLog {
  async function ask(question: ControlQuestion, timeoutMs: number) {
    const reply = await log.control.ask(question, timeoutMs);
    if (!isSlow() || !question.storeIds.includes(SLOW)) return reply;
    await systemClock.sleep(PATIENCE_MS);
    const { [SLOW]: _, ...heads } = reply.heads;
    return { heads };
  }
  return { ...log, control: { ...log.control, ask } };
}

test('a store whose walk takes long makes only itself older', async () => {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  centre(upstream, hub.open());
  let slow = false;
  const { replica, ...rest } = await edge(
    upstream,
    withSlowStore(hub.open(), () => slow),
  );
  replica.want([{ storeId: STORE }, { storeId: SLOW }]);
  await until(
    () => complete({ replica, ...rest }) && replica.track(SLOW)?.phase === 'complete',
    'both complete',
  );
  slow = true;
  let oldest = 0;
  for (let n = 0; n < 140; n += 1) {
    oldest = Math.max(oldest, replica.ageMs(STORE));
    await systemClock.sleep(50);
  }
  expect(oldest).toBeLessThan(2 * PATIENCE_MS);
  expect(replica.ageMs(SLOW)).toBeGreaterThan(4_000);
  slow = false;
  await until(() => replica.ageMs(SLOW) < 1_500, 'young again', 10_000);
});
