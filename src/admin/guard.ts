/**
 * Who may look, and who may act. Looking: with a token, its bearers; without, this machine, asked for by a name of this
 * machine. Acting: the token's bearers and nobody else.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export function mayLook(token: string | undefined): RequestHandler {
  return token === undefined ? localNamesOnly : bearersOf(token);
}

/**
 * No password of Basic here: a browser would send it along with a request that another site made it send. Without a
 * token nobody acts, not even from this machine: loopback is shared by every process and every container of a pod.
 */
export function mayAct(token: string | undefined): RequestHandler {
  if (token === undefined) return refuseWithoutToken;
  const wanted = digest(token);
  return (request: Request, response: Response, next: NextFunction) => {
    const given = bearer(request.headers.authorization ?? '');
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return next();
    response.setHeader('www-authenticate', 'Bearer realm="rsfga-edge admin"');
    response.status(401).json({ error: 'This call needs Authorization: Bearer <admin.token>.' });
  };
}

function refuseWithoutToken(_request: Request, response: Response): void {
  const error =
    'This call is for bearers of admin.token only, and the configuration sets none. ' +
    'Set admin: { token: $' +
    '{ADMIN_TOKEN} } and restart.';
  response.status(403).json({ error });
}

/** `Authorization: Bearer <token>`; a browser may send the token as the password of Basic. */
function bearersOf(token: string): RequestHandler {
  const wanted = digest(token);
  return (request: Request, response: Response, next: NextFunction) => {
    const given = credential(request.headers.authorization ?? '');
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return next();
    response.setHeader('www-authenticate', 'Basic realm="rsfga-edge admin: any user, the token as password"');
    response
      .status(401)
      .json({ error: 'The admin listener needs its token: Authorization: Bearer <admin.token>.' });
  };
}

/** A page on the web whose name was made to resolve to 127.0.0.1 must not read the status through a browser. */
function localNamesOnly(request: Request, response: Response, next: NextFunction): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const local =
    host === '' || host === 'localhost' || /^[\d.]+$/.test(host) || /^\[[\da-fA-F:.]+\]$/.test(host);
  if (local) next();
  else response.status(403).json({ error: 'Ask for localhost or an IP address here, or set admin.token.' });
}

function credential(header: string): string | undefined {
  const { scheme, value } = parts(header);
  if (scheme !== 'basic') return bearer(header);
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function bearer(header: string): string | undefined {
  const { scheme, value } = parts(header);
  return scheme === 'bearer' ? value : undefined;
}

function parts(header: string): { readonly scheme: string; readonly value: string } {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(header) ?? [];
  return { scheme: scheme.toLowerCase(), value };
}

/** Equal lengths, so that comparing takes the same time whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
