/** An attack of the corpus made out for one store, and what is sent behind it. */
import type { Attack } from './corpus.ts';

export interface Filling {
  readonly storeId: string;
  /** A Check, as JSON. */
  readonly good: string;
  /** A header line with its line end, or nothing. */
  readonly line: string;
}

/** Ends the connection when it is reached, so that nobody has to wait for silence. */
const CANARY = 'GET /healthz HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n';

export function filled({ bytes, cut, alone }: Attack, { storeId, good, line }: Filling): string {
  const own = bytes
    .replaceAll('$S', storeId)
    .replaceAll('$s', storeId.toLowerCase())
    .replaceAll('$A', line)
    .replaceAll('$G', good)
    .replaceAll('$N', `${good.length}`)
    .replaceAll('$X', good.length.toString(16));
  return cut || alone ? own : own + CANARY;
}
