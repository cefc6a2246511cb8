/** CPU time of other processes, from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of /proc: 100 on every Linux that Node supports. */
const TICKS = 100;

/** Seconds of CPU that these processes and their present children have used; undefined where there is no /proc. */
export function cpuSeconds(pids: readonly number[]): number | undefined {
  const all = pids.flatMap((pid) => [pid, ...childrenOf(pid)]);
  const ticks = all.map(ticksOf);
  return ticks.includes(undefined) ? undefined : ticks.reduce<number>((sum, t) => sum + (t ?? 0), 0) / TICKS;
}

function ticksOf(pid: number): number | undefined {
  const fields = statOf(pid);
  return fields && Number(fields[11]) + Number(fields[12]);
}

function childrenOf(pid: number): number[] {
  return folders('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => Number(statOf(child)?.[1]) === pid);
}

/** Fields after the command name, which may hold spaces: state, ppid, …, utime (11), stime (12). */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function folders(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
