/** Where the walk of one store stands, as it travels in its commits and lies in the local store. */

export interface Checkpoint {
  /** ReadChanges token of the last entry that was dealt with; `''` before the first. */
  readonly token: string;
  /** Greatest upstream timestamp dealt with, ms; 0 = none. */
  readonly seenMs: number;
  /** Upstream's time, ms: what it had committed a lateness (the overlap) before this moment has been seen. */
  readonly settledMs: number;
  /** Greatest model id that followers have; `''` = none. */
  readonly modelId: string;
}

export function encodeCheckpoint({ token, seenMs, settledMs, modelId }: Checkpoint): string {
  return JSON.stringify([token, seenMs, settledMs, modelId]);
}

/** Undefined when the text is not one of ours. */
export function decodeCheckpoint(text: string): Checkpoint | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    if (!Array.isArray(parts) || parts.length !== 4) return undefined;
    const [token, seenMs, settledMs, modelId] = parts as unknown[];
    if (typeof token !== 'string' || typeof modelId !== 'string') return undefined;
    if (typeof seenMs !== 'number' || typeof settledMs !== 'number') return undefined;
    return { token, seenMs, settledMs, modelId };
  } catch {
    return undefined;
  }
}
