import { afterEach } from 'vitest';

/** What a test opens, closed after it in reverse order. Call it once per file. */
export function closingAfterEach(): (close: () => Promise<unknown>) => void {
  const open: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  return (close) => void open.push(close);
}
