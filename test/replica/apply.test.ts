import { describe, expect, test } from 'vitest';
import type { ChangeMessage, Commit, Part } from '../../src/fga/change.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import { createDraft, type Draft, take } from '../../src/replica/apply.ts';
import { createTrack, type Track } from '../../src/replica/track.ts';

const STORE = '01J0000000000000000000000A';
const EPOCH = '01J00000000000000000000EP0';
const anne: Tuple = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const team: Tuple = { user: 'user:anne', relation: 'member', object: 'group:1' };

function track(types?: readonly string[]): Track {
  const one = createTrack(STORE, types);
  one.phase = 'complete';
  one.head = { epoch: EPOCH, revision: 1, commitId: 'c1' };
  one.position = '1';
  return one;
}

function part(index: number, tuple: Tuple, over: Partial<Part> = {}): Part {
  const objectType = tuple.object.slice(0, tuple.object.indexOf(':'));
  return {
    kind: 'part',
    storeId: STORE,
    epoch: EPOCH,
    revision: 2,
    commitId: 'c2',
    index,
    operation: 'write',
    objectType,
    tuples: [tuple],
    ...over,
  };
}

function commit(over: Partial<Commit> = {}): Commit {
  return {
    kind: 'commit',
    storeId: STORE,
    epoch: EPOCH,
    revision: 2,
    commitId: 'c2',
    previousCommitId: 'c1',
    parts: [
      { operation: 'write', objectType: 'document', count: 1 },
      { operation: 'write', objectType: 'group', count: 1 },
    ],
    touched: [],
    committedAtMs: 0,
    origin: 'capture',
    publisher: 'test',
    checkpoint: 'token',
    ...over,
  };
}

/** Feeds messages one after the other; the gap of each. */
function feed(draft: Draft, ...messages: ChangeMessage[]) {
  return messages.map((message, n) => take(draft, { message, position: String(n + 2) }, String(n + 1)));
}

describe('a transaction counts when it is whole and follows the one that is held', () => {
  test('both parts and the commit move keys, head and position together', () => {
    const draft = createDraft(track());
    expect(feed(draft, part(0, anne), part(1, team), commit())).toEqual([undefined, undefined, undefined]);
    expect(draft.head.revision).toBe(2);
    expect(draft.position).toBe('4');
    expect(draft.checkpoint).toBe('token');
    expect([...draft.keys.values()]).toEqual([
      { key: anne, held: true },
      { key: team, held: true },
    ]);
  });

  test('parts without their commit change nothing', () => {
    const draft = createDraft(track());
    feed(draft, part(0, anne), part(1, team));
    expect(draft.keys.size).toBe(0);
    expect(draft.position).toBe('1');
    expect(draft.track.open?.before).toBe('1');
  });

  test('a missing part is a gap', () => {
    const draft = createDraft(track());
    expect(feed(draft, part(0, anne), commit())).toEqual([undefined, 'parts']);
    expect(draft.keys.size).toBe(0);
  });

  test('a part of an unwanted type may be missing, one of a wanted type may not', () => {
    expect(feed(createDraft(track(['group'])), part(1, team), commit())).toEqual([undefined, undefined]);
    expect(feed(createDraft(track(['group'])), commit())).toEqual(['parts']);
  });

  test('parts of an attempt that was given up are void', () => {
    const draft = createDraft(track());
    const stale = part(0, { ...anne, object: 'document:stale' }, { commitId: 'other' });
    expect(feed(draft, stale, part(0, anne), part(1, team), commit()).filter(Boolean)).toEqual([]);
    expect([...draft.keys.values()].map((entry) => entry.key.object)).toEqual(['document:1', 'group:1']);
  });

  test('the last word on a key wins when transactions are folded into one edit', () => {
    const draft = createDraft(track());
    const remove = part(0, anne, { operation: 'delete', revision: 3, commitId: 'c3' });
    const second = commit({
      revision: 3,
      commitId: 'c3',
      previousCommitId: 'c2',
      parts: [{ operation: 'delete', objectType: 'document', count: 1 }],
    });
    expect(feed(draft, part(0, anne), part(1, team), commit(), remove, second).filter(Boolean)).toEqual([]);
    expect(draft.keys.get('document:1 viewer user:anne')?.held).toBe(false);
    expect(draft.head.revision).toBe(3);
  });
});

describe('what does not fit is named', () => {
  test('a commit that skips one is a hole', () => {
    expect(
      feed(createDraft(track()), commit({ revision: 3, previousCommitId: 'c2', commitId: 'c3' })),
    ).toEqual(['hole']);
  });

  test('a commit that names another predecessor is a fork', () => {
    expect(feed(createDraft(track()), commit({ previousCommitId: 'x' }))).toEqual(['forked']);
    expect(feed(createDraft(track()), commit({ revision: 1, commitId: 'x' }))).toEqual(['forked']);
  });

  test('another epoch is another history', () => {
    expect(feed(createDraft(track()), commit({ epoch: 'other' }))).toEqual(['epoch']);
  });

  test('what was applied before is skipped silently', () => {
    const draft = createDraft(track());
    expect(
      feed(draft, part(0, anne, { revision: 1, commitId: 'c1' }), commit({ revision: 1, commitId: 'c1' })),
    ).toEqual([undefined, undefined]);
    expect(draft.keys.size).toBe(0);
  });

  test('an anchor ahead of what is held shows a hole, one behind shows nothing', () => {
    const anchor = {
      kind: 'anchor',
      storeId: STORE,
      epoch: EPOCH,
      committedAtMs: 0,
      publisher: '',
      checkpoint: '',
    } as const;
    expect(feed(createDraft(track()), { ...anchor, revision: 5, commitId: 'c5' })).toEqual(['hole']);
    expect(feed(createDraft(track()), { ...anchor, revision: 0, commitId: '' })).toEqual([undefined]);
    expect(feed(createDraft(track()), { ...anchor, revision: 1, commitId: 'other' })).toEqual(['forked']);
  });

  test('only the marker that was asked for completes a store', () => {
    const one = track();
    one.awaitedMarkers.add('m1');
    const marker = {
      kind: 'marker',
      storeId: STORE,
      epoch: EPOCH,
      revision: 1,
      commitId: 'c1',
      committedAtMs: 0,
      publisher: '',
      checkpoint: '',
    } as const;
    const other = createDraft(one);
    feed(other, { ...marker, markerId: 'm2' });
    expect(other.confirmed).toBe(false);
    const ours = createDraft(one);
    feed(ours, { ...marker, markerId: 'm1' });
    expect(ours.confirmed).toBe(true);
  });
});
