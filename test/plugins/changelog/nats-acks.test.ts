import { describe, expect, it } from 'vitest';
import { createAcks } from '../../../plugins/changelog/nats-acks.ts';
import type { Raw } from '../../../plugins/changelog/nats-pull.ts';
import type { Delivered } from '../../../src/plugin/changelog.ts';

describe('acknowledgements', () => {
  it('cover what was applied and never what was not', () => {
    const { acks, sent } = recorded();
    acks.delivered(raws(1, 2, 3, 4), wanted(1, 2, 3, 4));
    expect(sent).toEqual([]);
    acks.applied(2);
    expect(sent).toEqual(['ack 2']);
    acks.applied(2);
    acks.applied(1);
    expect(sent).toEqual(['ack 2']);
    acks.applied(4);
    expect(sent).toEqual(['ack 2', 'ack 4']);
    expect(acks.outstanding()).toBe(0);
  });

  it('cover what nobody wanted as soon as nothing before it is left to apply', () => {
    const { acks, sent } = recorded();
    acks.delivered(raws(1, 2), wanted());
    expect(sent).toEqual(['ack 2']);
    acks.delivered(raws(3, 4, 5), wanted(3));
    acks.delivered(raws(6), wanted());
    expect(sent).toEqual(['ack 2']);
    acks.applied(3);
    expect(sent).toEqual(['ack 2', 'ack 6']);
  });

  it('are forgotten with the consumer they belong to', () => {
    const { acks, sent } = recorded();
    acks.delivered(raws(1), wanted(1));
    acks.clear();
    acks.applied(1);
    expect(sent).toEqual([]);
  });

  it('that cannot be sent are covered by the next', () => {
    const { acks, sent, cut } = recorded();
    acks.delivered(raws(1, 2), wanted(1, 2));
    cut(true);
    acks.applied(1);
    cut(false);
    acks.applied(2);
    expect(sent).toEqual(['ack 2']);
    expect(acks.sent()).toBe(1);
  });

  it('take bounded memory when nobody says what was applied', () => {
    const { acks } = recorded();
    for (let at = 0; at < 1_200; at += 1) {
      const seqs = Array.from({ length: 100 }, (_, index) => at * 100 + index);
      acks.delivered(raws(...seqs), wanted(...seqs));
    }
    expect(acks.outstanding()).toBe(100_000);
  });
});

function recorded() {
  const sent: string[] = [];
  let isCut = false;
  const acks = createAcks((reply) => {
    if (isCut) throw new Error('not connected');
    sent.push(reply);
  });
  const cut = (to: boolean) => {
    isCut = to;
  };
  return { acks, sent, cut };
}

function raws(...seqs: readonly number[]): readonly Raw[] {
  return seqs.map((seq) => ({
    seq,
    subject: '',
    data: new Uint8Array(),
    reply: `ack ${seq}`,
    count: seq,
    pending: 0,
  }));
}

function wanted(...seqs: readonly number[]): readonly Delivered[] {
  const anchor = { kind: 'anchor', storeId: 'S', epoch: 'E', revision: 0, commitId: '' } as const;
  const message = { ...anchor, committedAtMs: 0, publisher: '', checkpoint: '' };
  return seqs.map((seq) => ({ message, position: `${seq}` }));
}
