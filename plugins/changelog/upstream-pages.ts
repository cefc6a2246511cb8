/** Reading the changelog of one store page by page, to its end. */
import { FgaError } from '../../src/fga/error.ts';
import type { ChangelogPage, Upstream } from '../../src/plugin/upstream.ts';

/** From a token, or, without one, from a moment of upstream's clock; 0: from the beginning. */
export type Pages = (
  token: string,
  startMs: number,
  take: (page: ChangelogPage) => Promise<void>,
) => Promise<void>;

export interface PagesParts {
  readonly upstream: Upstream;
  readonly storeId: string;
  readonly signal: AbortSignal;
}

export function createPages({ upstream, storeId, signal }: PagesParts): Pages {
  /** Longest page so far: a shorter one is the end of the changelog. */
  let fullPage = 1;

  return async (from, startMs, take) => {
    let token = from;
    for (;;) {
      const page = await upstream.readChanges(
        storeId,
        token,
        token === '' && startMs > 0 ? startMs : undefined,
      );
      if (signal.aborted) throw new Error('the change log is closed');
      if (page.entries.length === 0) return;
      await take(page);
      if (page.entries.length < fullPage && !page.more) return;
      fullPage = Math.max(fullPage, page.entries.length);
      token = page.continuationToken;
    }
  };
}

/** A token that upstream does not know, or a moment in its future. */
export function isRefused(error: unknown): boolean {
  return error instanceof FgaError && error.httpStatus === 400;
}
