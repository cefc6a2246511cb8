/** What every change log promises to those who ask the sequencer. */
import { ulid } from 'ulid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeLog, ControlQuestion } from '../../src/plugin/changelog.ts';
import { readUntil } from './changelog-chain.ts';

export interface ControlFixture {
  /** The edge's side. */
  readonly log: ChangeLog;
  /**
   * Starts a sequencer that answers with the log's heads and appends the markers asked for. Returns how to stop it;
   * undefined when the log answers by itself.
   */
  sequencer?(): () => void;
  /** The sequencer's side, for answers made by the suite. Absent when the log answers by itself. */
  readonly server?: ChangeLog;
  /** A store that the sequencer can speak for. */
  store(): Promise<string>;
  close(): Promise<void>;
}

export function changeLogControlContract(name: string, open: () => Promise<ControlFixture>): void {
  describe(`${name}: asking the sequencer`, () => {
    let fixture: ControlFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(() => fixture.close());

    it('answers with the heads of the stores that were asked for', async () => {
      fixture.sequencer?.();
      const stores = [await fixture.store(), await fixture.store()];
      const { heads } = await fixture.log.control.ask({ ask: 'barrier', storeIds: stores }, 5_000);
      for (const store of stores) expect(heads[store]).toEqual((await fixture.log.reader.head(store))?.head);
      expect(Object.keys(heads).sort()).toEqual([...stores].sort());
    });

    it('appends a marker that carries the id of the question', async () => {
      fixture.sequencer?.();
      const storeId = await fixture.store();
      const { last } = await fixture.log.reader.state();
      const marker = ulid();
      const { heads } = await fixture.log.control.ask({ ask: 'barrier', storeIds: [storeId], marker }, 5_000);
      const all = await readUntil(fixture.log, { after: last, filters: [{ storeId }] }, (seen) =>
        seen.some(({ message }) => message.kind === 'marker'),
      );
      const message = all.at(-1)?.message;
      expect(message).toMatchObject({ kind: 'marker', markerId: marker, ...heads[storeId] });
    });

    it('throws when nobody answers', async ({ skip }) => {
      if (!fixture.server) return skip();
      const question: ControlQuestion = { ask: 'barrier', storeIds: [ulid()] };
      await expect(fixture.log.control.ask(question, 300)).rejects.toThrow();
    });

    it('hands the question over as it was asked, and the reply back', async ({ skip }) => {
      if (!fixture.server) return skip();
      const asked: ControlQuestion[] = [];
      const head = { epoch: ulid(), revision: 7, commitId: ulid() };
      const known = ulid();
      fixture.server.control.serve(async (question) => {
        asked.push(question);
        return { heads: { [known]: head } };
      });
      const question: ControlQuestion = { ask: 'barrier', storeIds: [known, ulid()], marker: 'm-1' };
      expect(await fixture.log.control.ask(question, 5_000)).toEqual({ heads: { [known]: head } });
      expect(asked).toEqual([question]);
    });

    it('stops serving when told to', async ({ skip }) => {
      if (!fixture.server) return skip();
      const stop = fixture.server.control.serve(async () => ({ heads: {} }));
      await fixture.log.control.ask({ ask: 'barrier', storeIds: [] }, 5_000);
      stop();
      await expect(fixture.log.control.ask({ ask: 'barrier', storeIds: [] }, 300)).rejects.toThrow();
    });

    it('passes a failure on and goes on serving', async ({ skip }) => {
      if (!fixture.server) return skip();
      let calls = 0;
      fixture.server.control.serve(async () => {
        calls += 1;
        if (calls === 1) throw new Error('the upstream is away');
        return { heads: {} };
      });
      const question: ControlQuestion = { ask: 'barrier', storeIds: [ulid()] };
      await expect(fixture.log.control.ask(question, 5_000)).rejects.toThrow('the upstream is away');
      expect(await fixture.log.control.ask(question, 5_000)).toEqual({ heads: {} });
    });

    it('gives up on an answer that takes too long', async ({ skip }) => {
      if (!fixture.server) return skip();
      fixture.server.control.serve(() => new Promise(() => {}));
      const began = performance.now();
      await expect(fixture.log.control.ask({ ask: 'barrier', storeIds: [] }, 200)).rejects.toThrow();
      expect(performance.now() - began).toBeLessThan(2_000);
    });

    it('takes a question about 10 000 stores', async ({ skip }) => {
      if (!fixture.server) return skip();
      const stores = Array.from({ length: 10_000 }, () => ulid());
      const head = { epoch: ulid(), revision: 1, commitId: ulid() };
      fixture.server.control.serve(async ({ storeIds }) => ({
        heads: Object.fromEntries(storeIds.map((store) => [store, head])),
      }));
      const { heads } = await fixture.log.control.ask({ ask: 'barrier', storeIds: stores }, 10_000);
      expect(Object.keys(heads)).toHaveLength(10_000);
    });
  });
}

/** A sequencer for the suites: heads as the log says, markers appended behind them. */
export function serveHeads(log: ChangeLog): () => void {
  return log.control.serve(async ({ storeIds, marker }) => {
    const logged = await Promise.all(
      storeIds.map(async (storeId) => [storeId, await log.reader.head(storeId)] as const),
    );
    const known = logged.flatMap(([storeId, head]) => (head ? [[storeId, head] as const] : []));
    for (const [storeId, { head, fence }] of known) {
      if (marker === undefined) continue;
      const signed = { committedAtMs: Date.now(), publisher: 'suite', checkpoint: '' };
      await log.writer?.append({ kind: 'marker', storeId, ...head, markerId: marker, ...signed }, fence);
    }
    return { heads: Object.fromEntries(known.map(([storeId, { head }]) => [storeId, head])) };
  });
}
