/** A GET of the sidecar's own, over connections that somebody else looks after: with the right certificates. */
import type { Response } from 'undici';

/** Rejects when there is no answer. The caller reads or cancels the body. `manual`: a redirect is an answer, and not followed. */
export type Get = (url: string, signal: AbortSignal, redirect?: 'manual') => Promise<Response>;
