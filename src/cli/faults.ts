/** What an operator should do about an error that stopped a command. */
import { ListenError } from '../proxy/listen.ts';
import { errorText } from '../telemetry/error-text.ts';
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
    return `${place ?? errorText(error)} may not be written by this user.`;
  if (code === 'ENOSPC') return `The disk is full: ${errorText(error)}`;
  return errorText(error);
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
