/** What an operator should do about an error that stopped a command. */
import { ListenError } from '../proxy/listen.ts';
import { UsageError } from './parse.ts';

/** One or two lines: what happened, and what to do next where that is known. */
export function faultText(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nrsfga-edge --help lists the commands.`;
  if (error instanceof ListenError)
    return `${capital(error.message)}. Stop what listens there, or choose another under listen.${error.listener} in the YAML.`;
  const { code, address, port, path } = detailsOf(error);
  const place = port === undefined ? path : `${address ?? ''}:${port}`;
  if (code === 'EADDRINUSE' && place !== undefined) {
    return `${place} is already in use. Stop what listens there, or choose another: under "listen" in the YAML.`;
  }
  if (code === 'EADDRNOTAVAIL')
    return `${place} is not an address of this machine. Change it under "listen" in the YAML.`;
  if (code === 'EACCES' && port !== undefined) {
    return `${place} may not be opened by this user. Choose a port from 1024 up, or grant the right to bind it.`;
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `${place ?? messageOf(error)} may not be written by this user.`;
  if (code === 'ENOSPC') return `The disk is full: ${messageOf(error)}`;
  return messageOf(error);
}

/** The message, and the cause at the bottom of it where that says more. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const root = rootOf(error);
  return root === undefined || error.message.includes(root) ? error.message : `${error.message} (${root})`;
}

function rootOf({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return rootOf(cause) ?? (cause.message || undefined);
}

interface Details {
  readonly code?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

/** Of the error itself, or of what caused it. */
function detailsOf(error: unknown): Details {
  if (!(error instanceof Error)) return {};
  return 'code' in error || error.cause === undefined ? (error as Details) : detailsOf(error.cause);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
