/** Works through a list with at most `lanes` jobs under way. Rejects with the first fault; no further job is begun then. */
export async function inLanes<Item>(
  items: readonly Item[],
  lanes: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (!failed && next < items.length) {
      const item = items[next] as Item;
      next += 1;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
}

/** At most so many jobs at once; urgent ones begin before the others that wait. A job that fails frees its lane. */
export interface Lanes {
  /** `wanted` is asked when the job's turn comes: what nobody waits for any more is not begun, and resolves undefined. */
  run<T>(job: () => Promise<T>, options: LaneOptions): Promise<T | undefined>;
  /** Jobs that have not begun. */
  waiting(): number;
}

export interface LaneOptions {
  readonly urgent: boolean;
  readonly wanted: () => boolean;
}

export function createLanes(atOnce: number): Lanes {
  const urgent: (() => void)[] = [];
  const ordinary: (() => void)[] = [];
  let running = 0;

  function next(): void {
    while (running < atOnce) {
      const begin = urgent.shift() ?? ordinary.shift();
      if (!begin) return;
      begin();
    }
  }

  return {
    run: (job, options) =>
      new Promise((resolve, reject) => {
        const begin = () => {
          if (!options.wanted()) return resolve(undefined);
          running += 1;
          void job()
            .then(resolve, reject)
            .finally(() => {
              running -= 1;
              next();
            });
        };
        (options.urgent ? urgent : ordinary).push(begin);
        next();
      }),
    waiting: () => urgent.length + ordinary.length,
  };
}
