/** Closes after each test what it started, the last first. To be called once in a file. */
import { afterEach } from 'vitest';

export function afterEachStarted() {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return async <T extends { close(): Promise<void> }>(pending: Promise<T>): Promise<T> => {
    const one = await pending;
    closing.push(() => one.close());
    return one;
  };
}
