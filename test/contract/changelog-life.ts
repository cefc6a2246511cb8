/** What a change log promises to its readers across restarts, trimming, damage and its own end. */
import { ulid } from 'ulid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import {
  applied,
  commitsOf,
  type ReaderFixture,
  readUntil,
  sizeOf,
  touchedObjects,
  tuple,
} from './changelog-chain.ts';

export function changeLogLifeContract(name: string, open: () => Promise<ReaderFixture>): void {
  describe(`${name}: reading on`, () => {
    let fixture: ReaderFixture;
    let log: ChangeLog;
    let storeId: string;

    beforeEach(async () => {
      fixture = await open();
      log = fixture.log;
      storeId = ulid();
    });
    afterEach(() => fixture.close());

    async function begin(): Promise<string> {
      await fixture.attach?.(storeId);
      return (await log.reader.state()).last;
    }
    const whole = () => [{ storeId }];
    const commits = (count: number) => (all: Parameters<typeof commitsOf>[0]) =>
      commitsOf(all).length >= count;

    it('goes on in another process from a position, with the same identity', async ({ skip }) => {
      if (!fixture.another) return skip();
      const after = await begin();
      const identity = (await log.reader.state()).logId;
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const first = await readUntil(log, { after, filters: whole() }, commits(1));
      const second = await fixture.another();
      expect((await second.reader.state()).logId).toBe(identity);
      expect((await second.reader.head(storeId))?.head).toEqual((await log.reader.head(storeId))?.head);
      await fixture.change(storeId, { writes: [tuple('doc:2')] });
      const resumed = first.at(-1)?.position ?? '';
      const rest = await readUntil(second, { after: resumed, filters: whole() }, (all) =>
        applied(all).has('doc:2#viewer@user:anne'),
      );
      expect(commitsOf(rest)[0]?.previousCommitId).toBe(commitsOf(first)[0]?.commitId);
      for (const { position } of rest) expect(second.reader.isBefore(resumed, position)).toBe(true);
      await second.close();
    });

    it('shows what was trimmed and delivers what is left', async ({ skip }) => {
      if (!fixture.trim) return skip();
      const after = await begin();
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const all = await readUntil(log, { after, filters: whole() }, commits(1));
      await fixture.trim();
      const { trimmedTo } = await log.reader.state();
      expect(log.reader.isBefore(trimmedTo, all.at(-1)?.position ?? '')).toBe(false);
      await fixture.change(storeId, { writes: [tuple('doc:2')] });
      const rest = await readUntil(log, { after, filters: whole() }, (seen) => sizeOf(seen) >= 1);
      expect(touchedObjects(rest)).toEqual(['doc:2']);
    });

    it('skips and counts what is no message', async ({ skip }) => {
      if (!fixture.garbage) return skip();
      const after = await begin();
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const put = await fixture.garbage(storeId);
      await fixture.change(storeId, { writes: [tuple('doc:2')] });
      const all = await readUntil(log, { after, filters: whole() }, (seen) => sizeOf(seen) === 2);
      expect(touchedObjects(all)).toEqual(['doc:1', 'doc:2']);
      expect(log.figures().garbage).toBe(put);
      const logged = await log.reader.head(storeId);
      expect(logged?.head.commitId).toBe(commitsOf(all).at(-1)?.commitId);
    });

    it('throws when the log was replaced, and has another identity then', async ({ skip }) => {
      if (!fixture.replace) return skip();
      const after = await begin();
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const before = (await log.reader.state()).logId;
      const reading = readUntil(log, { after, filters: whole() }, () => false, 20_000);
      const failed = expect(reading).rejects.toThrow(/replaced|gone|not found/);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await fixture.replace();
      await failed;
      expect((await log.reader.state()).logId).not.toBe(before);
    });
  });
}
