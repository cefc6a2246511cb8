/**
 * What was written and when it was acknowledged: against this the watchers hold what an edge says. Times are
 * `performance.now()`, ms.
 */

export interface Book {
  /** By name, in the order in which they were made. */
  readonly counters: ReadonlyMap<string, Line>;
  readonly cells: ReadonlyMap<string, Line>;
  counter(name: string): Line;
  cell(name: string): Line;
  readonly writes: WriteCounts;
}

export interface WriteCounts {
  /** With a 200. */
  committed: number;
  /** Of these, past the sidecars. */
  bypassed: number;
  refused: number;
  /** Cut off, timed out or answered 409 or 5xx. */
  unknown: number;
  /** Of these, found committed when OpenFGA was asked: nobody but its changelog knew. */
  orphaned: number;
  /** Not sent: nobody listened. */
  unsent: number;
}

/** Steps of one thing, numbered from 0. */
export interface Line {
  /** Of each step, when its Write was acknowledged; undefined where no answer came. */
  readonly acknowledged: (number | undefined)[];
  /** The step that the upstream stands at, as far as is known. */
  at: number;
}

export function createBook(): Book {
  const counters = new Map<string, Line>();
  const cells = new Map<string, Line>();
  return {
    counters,
    cells,
    counter: (name) => lineOf(counters, name),
    cell: (name) => lineOf(cells, name),
    writes: { committed: 0, bypassed: 0, refused: 0, unknown: 0, orphaned: 0, unsent: 0 },
  };
}

function lineOf(lines: Map<string, Line>, name: string): Line {
  const known = lines.get(name);
  if (known) return known;
  const made: Line = { acknowledged: [], at: 0 };
  lines.set(name, made);
  return made;
}

/** When the first step after `step` was acknowledged: an answer that still shows `step` is at least that old. */
export function overtakenAt(line: Line, step: number): number | undefined {
  for (let later = step + 1; later < line.acknowledged.length; later += 1) {
    const at = line.acknowledged[later];
    if (at !== undefined) return at;
  }
  return undefined;
}
