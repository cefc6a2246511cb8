/** Jobs one after the other, in the order in which they were given. A job that fails does not stop the next. */
export interface Serial {
  run<T>(job: () => Promise<T>): Promise<T>;
  /** Jobs given and not finished. */
  waiting(): number;
}

export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    run(job) {
      waiting += 1;
      const done = last.then(job).finally(() => {
        waiting -= 1;
      });
      last = done.catch(() => {});
      return done;
    },
    waiting: () => waiting,
  };
}
