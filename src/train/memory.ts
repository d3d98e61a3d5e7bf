// The most memory that a piece of work takes.

import { readFileSync, writeFileSync } from 'node:fs';

/** Starts to watch; what it returns says the most bytes that the process held since (on other systems than Linux, ever). */
export function peakMemory(): () => number {
  const most = (): number => process.resourceUsage().maxRSS * 1024;
  if (process.platform !== 'linux') return most;
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // the kernel's count starts anew
    return () => {
      const kb = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
      return kb ? Number(kb) * 1024 : most();
    };
  } catch {
    return most;
  }
}
