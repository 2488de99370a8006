import { readdirSync, readFileSync } from 'node:fs';

/**
 * The CPU time of a process so far, user and system, microseconds, by the kernel's accounting. The scheduler's own
 * figures are in nanoseconds; `utime + stime` of `/proc/<pid>/stat` are the same in steps of 10 ms.
 */
export function cpuMicros(pid: number): number {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    if (nanoseconds > 0) return nanoseconds / 1_000;
  } catch {
    // A kernel without schedstats, or a thread that ended in between.
  }
  return cpuTicks(pid) * 10_000;
}

/** In ticks of 10 ms (USER_HZ is 100 on every Linux that runs Node). */
function cpuTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name and may hold anything; after its bracket all is numbers.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const match = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB$/m);
  return Number(match?.[1] ?? 0) * 1_024;
}
