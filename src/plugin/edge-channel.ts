/** What reaches an edge under its name: whether somebody else goes by it, and requests to copy stores again. */
export interface EdgeHolder {
  /** Name of the sidecar. */
  readonly nodeId: string;
  /** Of one run of the process: a ULID made at its start, so the lesser one is the older. */
  readonly session: string;
}

export interface EdgeChannel {
  /**
   * Holds the edge id until `signal` aborts. Calls `held` once nobody who can be reached holds it. Resolves with the
   * other holder when the id is another's, now or later; with undefined after `signal`.
   */
  hold(signal: AbortSignal, held: () => void): Promise<EdgeHolder | undefined>;
  /** `resync` gets the stores that were named, or undefined for all, and returns which are copied again. */
  serveSync(resync: (storeIds: readonly string[] | undefined) => readonly string[]): () => void;
}
