/** The embedded upstream on a free port, put together as the quick start puts it together. */
import {
  type EmbeddedUpstream,
  startEmbeddedUpstream,
} from '../../../../plugins/upstream/embedded/server.ts';
import { createEngine } from '../../../../src/engine/evaluate.ts';
import type { Clock } from '../../../../src/plugin/clock.ts';
import { parseQuery } from '../../../../src/proxy/wire/parse.ts';
import { renderAnswer } from '../../../../src/proxy/wire/render.ts';

export function startEmbedded(options: { port?: number; clock?: Clock } = {}): Promise<EmbeddedUpstream> {
  const parts = { engine: createEngine(), parseQuery, renderAnswer };
  return startEmbeddedUpstream({ host: '127.0.0.1', port: 0, ...parts, ...options });
}
