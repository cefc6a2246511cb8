/**
 * One process per data folder. The holder listens on a socket in the folder: the system closes it with the process,
 * however that ends, so a claim is never left behind and a living one is never mistaken for a dead one (as a file with
 * a process id is, in containers).
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';

export interface Claim {
  release(): Promise<void>;
}

const NAME = 'claim.sock';
const ANSWER_MS = 500;

/** Throws, naming the holder, when a living process has the folder. */
export async function claimFolder(folder: string): Promise<Claim> {
  const place = placeOf(folder);
  try {
    const server = (await listen(place.address)) ?? (await takeOver(folder, place));
    return { release: () => release(server, place) };
  } catch (fault) {
    place.close();
    throw fault;
  }
}

interface Place {
  readonly address: string;
  /** The socket file; undefined where sockets are no files. */
  readonly file: string | undefined;
  close(): void;
}

/** A socket's address may have about 100 bytes, a path any number: on Linux a short one leads there. */
function placeOf(folder: string): Place {
  const path = realpathSync(folder);
  if (platform() === 'win32') {
    const name = createHash('sha256').update(path.toLowerCase()).digest('hex');
    return { address: `\\\\.\\pipe\\rsfga-edge-${name}`, file: undefined, close() {} };
  }
  const file = join(path, NAME);
  if (platform() !== 'linux') return { address: file, file, close() {} };
  const handle = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  return { address: `/proc/self/fd/${handle}/${NAME}`, file, close: () => closeSync(handle) };
}

/** Undefined when the address is taken, be the taker alive or dead. */
function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(`process ${process.pid}`, () => socket.destroy());
    });
    server.once('error', (fault: NodeJS.ErrnoException) =>
      fault.code === 'EADDRINUSE' ? resolve(undefined) : reject(unclaimable(fault)),
    );
    server.listen(address, () => resolve(server.unref()));
  });
}

/**
 * Moves a dead socket out of the way. Two processes may find it dead at once: the second would move the first one's new
 * socket, notices by its identity, and puts it back.
 */
async function takeOver(folder: string, { address, file }: Place): Promise<Server> {
  const dead = file === undefined ? undefined : identityOf(file);
  const holder = await askHolder(address);
  if (holder !== undefined || file === undefined) throw taken(folder, holder ?? 'another process');
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    throw taken(folder, 'a process that starts now');
  }
  if (identityOf(aside) !== dead) {
    renameSync(aside, file);
    throw taken(folder, 'a process that starts now');
  }
  rmSync(aside);
  const server = await listen(address);
  if (server === undefined) throw taken(folder, 'a process that starts now');
  return server;
}

function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}:${found.mtimeMs}`;
}

/** Undefined when nobody listens. A holder that is too busy to answer is a holder all the same. */
function askHolder(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(address);
    socket.setTimeout(ANSWER_MS, () => finish('a busy process'));
    socket.on('data', (chunk) => {
      said += chunk.toString();
    });
    socket.on('end', () => finish(said || 'another process'));
    socket.on('error', () => finish(undefined));
    function finish(holder: string | undefined): void {
      socket.destroy();
      resolve(holder);
    }
  });
}

function taken(folder: string, holder: string): Error {
  return new Error(
    `the store in ${folder} is in use by ${holder}; stop it, or give this one a folder of its own`,
  );
}

function unclaimable(cause: NodeJS.ErrnoException): Error {
  const hint = 'the folder must be on a local file system, and writable';
  return new Error(`the folder of the store cannot be claimed (${cause.code}): ${hint}`, { cause });
}

/** Closing removes the socket's file. */
function release(server: Server, place: Place): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      place.close();
      resolve();
    });
  });
}
