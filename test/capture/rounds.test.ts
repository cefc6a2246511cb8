import { afterEach, expect, it } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { centre, STORE, stopAll } from '../support/change-street.ts';
import { handClock } from '../support/hand-clock.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const MINUTE_MS = 60_000;

afterEach(stopAll);

it.each([
  { keptMinutes: 120, ofMinutes: 120 },
  { keptMinutes: 7 * 24 * 60, ofMinutes: 8 * 60 },
])(
  'says the head of an idle store again before a log that forgets after $keptMinutes minutes forgets it',
  async ({ keptMinutes, ofMinutes }) => {
    const clock = handClock();
    const log = createMemoryHub({ clock }).open();
    const state = async () => ({ ...(await log.reader.state()), keepsMs: keptMinutes * MINUTE_MS });
    const sequencer = centre(createOrderedUpstream(), { ...log, reader: { ...log.reader, state } }, clock);
    await sequencer.answer({ ask: 'barrier', storeIds: [STORE] });
    let said = await log.reader.head(STORE);
    let silentMinutes = 0;
    let words = 0;
    for (let minute = 0; minute < ofMinutes; minute += 5) {
      await clock.pass(5 * MINUTE_MS);
      const now = await log.reader.head(STORE);
      silentMinutes = now?.position === said?.position ? silentMinutes + 5 : 0;
      if (silentMinutes === 0) words += 1;
      expect(silentMinutes).toBeLessThan(keptMinutes / 2);
      said = now;
    }
    expect(words).toBeGreaterThan(0);
    // A log that keeps things for days is not filled with words about nothing.
    expect(words).toBeLessThan(5);
  },
);
