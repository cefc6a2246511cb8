/**
 * The walks of one store: one at a time, each in a lane of those that all stores share. Who asks during a walk shares the
 * next one and holds no lane while he waits, so that however many ask about a store whose walk takes long, no other waits
 * for it.
 */
import type { LaneOptions, Lanes } from '../plugin/lanes.ts';

/** A walk that begins after this call. Rejects with an `UnwantedError` when nobody wanted it any more at its turn. */
export type Walks = (options: LaneOptions) => Promise<void>;

export class UnwantedError extends Error {
  constructor() {
    super('nobody waits for this walk any more');
    this.name = 'UnwantedError';
  }
}

interface Turn {
  readonly askers: LaneOptions[];
  readonly done: PromiseWithResolvers<void>;
  waits: 'for the walk before' | 'ordinary' | 'urgent';
}

export function createWalks(walk: () => Promise<void>, lanes: Lanes): Walks {
  let walking = false;
  let next: Turn | undefined;

  /** Once more in front, where somebody joins who is in a hurry. Whichever place comes first is taken. */
  function queue(turn: Turn): void {
    const urgent = turn.askers.some((one) => one.urgent);
    if (turn.waits === 'urgent' || (turn.waits === 'ordinary' && !urgent)) return;
    turn.waits = urgent ? 'urgent' : 'ordinary';
    const wanted = () => next === turn && turn.askers.some((one) => one.wanted());
    void lanes
      .run(() => begin(turn), { urgent, wanted })
      .then(() => {
        if (next !== turn) return;
        next = undefined;
        turn.done.reject(new UnwantedError());
      });
  }

  async function begin(turn: Turn): Promise<void> {
    next = undefined;
    walking = true;
    await walk().then(turn.done.resolve, turn.done.reject);
    walking = false;
    if (next) queue(next);
  }

  return (options) => {
    next ??= { askers: [], done: Promise.withResolvers(), waits: 'for the walk before' };
    const turn = next;
    turn.askers.push(options);
    if (!walking) queue(turn);
    return turn.done.promise;
  };
}
