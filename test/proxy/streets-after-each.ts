import { closingAfterEach } from './after-each.ts';
import { type RudeUpstream, startRude } from './rude-upstream.ts';
import { type StreetOptions, startStreet, type TestStreet } from './street-setup.ts';

/** Streets and upstreams that are closed after the test that opened them. Call it once per file. */
export function streetsAfterEach() {
  const closing = closingAfterEach();
  return {
    closing,
    async rude(answer: Parameters<typeof startRude>[0]): Promise<RudeUpstream> {
      const upstream = await startRude(answer);
      closing(() => upstream.close());
      return upstream;
    },
    async street(options: StreetOptions): Promise<TestStreet> {
      const opened = await startStreet(options);
      closing(() => opened.close());
      return opened;
    },
  };
}
