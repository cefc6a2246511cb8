/** What cannot be copied or erased at present, gathered: a condition stands as long as it is true of one of them. */
import { UnknownStoreError } from './bootstrap.ts';
import type { Track } from './track.ts';

/** A track that is copied, or the id of a store that is erased. `undefined`: well again, or wanted no more. */
export type Ailing = (what: Track | string, error: unknown) => void;

type Trouble = (what: 'copy' | 'unknown-store', error: unknown) => void;

/** Ids that are named in one message. */
const MAX_NAMED = 5;

export function createAiling(trouble: Trouble): Ailing {
  const failing = new Map<Track | string, unknown>();
  return (what, error) => {
    if (error === undefined) failing.delete(what);
    else failing.set(what, error);
    const unknown = [...failing.values()].filter((one) => one instanceof UnknownStoreError);
    const others = [...failing.values()].filter((one) => !(one instanceof UnknownStoreError));
    trouble('unknown-store', unknown.length === 0 ? undefined : allOf(unknown));
    trouble('copy', others.at(-1));
  };
}

function allOf(errors: readonly UnknownStoreError[]): Error {
  const [first] = errors;
  if (first && errors.length === 1) return first;
  const ids = errors.map(({ storeId }) => storeId).sort();
  const more = errors.length > MAX_NAMED ? ` and ${errors.length - MAX_NAMED} more` : '';
  return new Error(`the upstream has none of the stores ${ids.slice(0, MAX_NAMED).join(', ')}${more}`);
}
