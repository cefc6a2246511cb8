/** Where some callers are limited to products, every request passes here first, also what is only forwarded. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Callers, Denied } from '../auth/callers.ts';
import { FgaError } from '../fga/error.ts';
import { hasSecondCredential } from './admit.ts';
import { sendOwnError } from './answer.ts';
import { storeIn } from './routes.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

const TWO_CREDENTIALS: Denied = {
  denied: new FgaError('forbidden', 'Grpc-Metadata-Authorization is not taken here; send Authorization only'),
};

export function gated(open: Handler, gate: NonNullable<Callers['gate']>): Handler {
  return (req, res) => {
    const end = (denied: Denied | undefined) => {
      if (denied) sendOwnError(res, denied.denied);
      else open(req, res);
    };
    const verdict = verdictOn(req, gate);
    if (verdict instanceof Promise) void verdict.then(end, () => res.destroy());
    else end(verdict);
  };
}

function verdictOn({ url = '', headers }: IncomingMessage, gate: NonNullable<Callers['gate']>) {
  // Upstream asks nobody who he is here (contract section 8.6).
  if (url === '/healthz') return undefined;
  return hasSecondCredential(headers) ? TWO_CREDENTIALS : gate(headers.authorization, storeIn(url));
}
