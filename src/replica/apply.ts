/**
 * From delivered messages to edits of the local store. Pure: nothing is stored here.
 *
 * A transaction counts when its commit has come, follows the commit that is held, and all parts that are wanted are
 * there. Anything else is a gap, named. What was applied before is skipped, so reading the log again does no harm.
 */
import type { Anchor, Commit, Head, Marker, ModelUpdated, Part } from '../fga/change.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import { keyText, type Tuple } from '../fga/tuple.ts';
import type { Delivered } from '../plugin/changelog.ts';
import { type ResyncReason, type Track, wantsType } from './track.ts';

/** What a run of messages comes to for one store. */
export interface Draft {
  readonly track: Track;
  /** The copy of the store that this draft continues. */
  readonly copyNumber: number;
  head: Head;
  position: string;
  checkpoint: string;
  /** By key: the tuple, or undefined where the key is deleted. The last word on a key wins. */
  readonly keys: Map<string, { readonly key: Tuple; readonly held: boolean }>;
  readonly models: AuthorizationModel[];
  /** Models that did not fit their message and have to be fetched. */
  readonly modelsToFetch: string[];
  readonly commits: Commit[];
  confirmed: boolean;
  storeDeleted: boolean;
}

export type Gap = Extract<ResyncReason, 'epoch' | 'hole' | 'forked' | 'parts'>;

export function createDraft(track: Track): Draft {
  return {
    track,
    copyNumber: track.resyncs,
    head: track.head,
    position: track.position,
    checkpoint: track.checkpoint,
    keys: new Map(),
    models: [],
    modelsToFetch: [],
    commits: [],
    confirmed: false,
    storeDeleted: track.storeDeleted,
  };
}

/** Takes one message into the draft; returns the gap it shows, if any. `before` is the position before the message. */
export function take(draft: Draft, { message, position }: Delivered, before: string): Gap | undefined {
  switch (message.kind) {
    case 'part':
      takePart(draft, message, before);
      return undefined;
    case 'commit':
      return takeCommit(draft, message, position);
    case 'model':
      return takeModel(draft, message, position);
    case 'anchor':
    case 'marker':
      return takeHead(draft, message, position);
  }
}

function takePart(draft: Draft, part: Part, before: string): void {
  const { track } = draft;
  if (isHeld(draft.head, part) || !wantsType(track, part.objectType)) return;
  // Parts without their commit are void: a new commit id begins anew.
  if (track.open?.commitId !== part.commitId) track.open = { commitId: part.commitId, parts: [], before };
  // A part that is delivered twice stands once.
  if (!track.open.parts.some((one) => one.index === part.index)) track.open.parts.push(part);
}

function takeCommit(draft: Draft, commit: Commit, position: string): Gap | undefined {
  const { track } = draft;
  const place = follows(draft.head, commit);
  const parts = track.open?.commitId === commit.commitId ? track.open.parts : [];
  if (place !== 'next') {
    if (place === 'held') track.open = undefined;
    return place === 'held' ? undefined : place;
  }
  if (!isWhole(track, commit, parts)) return 'parts';
  track.open = undefined;
  for (const part of parts)
    for (const key of part.tuples) draft.keys.set(keyText(key), { key, held: part.operation === 'write' });
  draft.commits.push(commit);
  advance(draft, commit, position);
  return undefined;
}

/** Every part of a wanted type has come, with its count. */
function isWhole(track: Track, commit: Commit, parts: readonly Part[]): boolean {
  return commit.parts.every((summary, index) => {
    if (!wantsType(track, summary.objectType)) return true;
    const part = parts.find((one) => one.index === index);
    return (
      part !== undefined &&
      part.operation === summary.operation &&
      part.objectType === summary.objectType &&
      part.tuples.length === summary.count
    );
  });
}

function takeModel(draft: Draft, message: ModelUpdated, position: string): Gap | undefined {
  const place = follows(draft.head, message);
  if (place !== 'next') return place === 'held' ? undefined : place;
  if (message.model) draft.models.push(message.model);
  else draft.modelsToFetch.push(message.modelId);
  advance(draft, message, position);
  return undefined;
}

function takeHead(draft: Draft, message: Anchor | Marker, position: string): Gap | undefined {
  const { head, track } = draft;
  if (message.epoch !== head.epoch) return 'epoch';
  if (message.revision > head.revision) return 'hole';
  if (message.revision < head.revision) return undefined;
  if (message.commitId !== head.commitId) return 'forked';
  draft.position = position;
  draft.checkpoint = message.checkpoint;
  if (message.kind === 'anchor') draft.storeDeleted = message.storeDeleted === true;
  if (message.kind === 'marker' && track.awaitedMarkers.has(message.markerId)) draft.confirmed = true;
  return undefined;
}

function advance(draft: Draft, message: Commit | ModelUpdated, position: string): void {
  draft.head = { epoch: message.epoch, revision: message.revision, commitId: message.commitId };
  draft.position = position;
  draft.checkpoint = message.checkpoint;
}

/** Where a message with a revision of its own stands to the head that is held. */
function follows(head: Head, message: Commit | ModelUpdated): 'next' | 'held' | 'epoch' | 'hole' | 'forked' {
  if (message.epoch !== head.epoch) return 'epoch';
  if (message.revision === head.revision) return message.commitId === head.commitId ? 'held' : 'forked';
  if (message.revision < head.revision) return 'held';
  if (message.revision === head.revision + 1 && message.previousCommitId === head.commitId) return 'next';
  return message.revision === head.revision + 1 ? 'forked' : 'hole';
}

function isHeld(head: Head, part: Part): boolean {
  return part.epoch === head.epoch && part.revision <= head.revision;
}
