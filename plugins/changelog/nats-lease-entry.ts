/** What the bucket holds: who publishes, since when, and for how long its silence is to be believed. */

export interface Entry {
  /** Node id; `''` once it was given back. */
  readonly holder: string;
  /** One process. */
  readonly instance: string;
  /** Wall clock, ms. */
  readonly sinceMs: number;
  readonly ttlMs: number;
}

export function entryText(entry: Entry): string {
  return JSON.stringify(entry);
}

/** Undefined for what is no lease: it is waited out as if it were one. */
export function parseEntry(text: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { holder, instance, sinceMs, ttlMs } = value as Partial<Record<keyof Entry, unknown>>;
    if (typeof holder !== 'string' || typeof instance !== 'string') return undefined;
    if (typeof sinceMs !== 'number' || typeof ttlMs !== 'number') return undefined;
    return { holder, instance, sinceMs, ttlMs };
  } catch {
    return undefined;
  }
}
