// Breakpoints that the user has not set: on everything that could run next, to stop there once.
import type { Sources } from './sources.js';
import type { Target } from './target.js';

/** More places than these would take longer than a pause may. */
const MOST = 5000;

export class Ambush {
  private ids: string[] = [];

  constructor(
    private readonly target: Target,
    private readonly sources: Sources,
  ) {}

  has(id: string): boolean {
    return this.ids.includes(id);
  }

  async add(method: string, place: Record<string, unknown>): Promise<void> {
    const { breakpointId } = await this.target.post<{ breakpointId: string }>(method, place);
    this.ids.push(breakpointId);
  }

  /** Wherever the user's code can stop, that which was loaded last first: a cell that waits may go on anywhere. */
  async lay(): Promise<void> {
    for (const scriptId of this.sources.userScripts().reverse()) {
      const { locations } = await this.target.post<{ locations: Record<string, unknown>[] }>(
        'Debugger.getPossibleBreakpoints',
        { start: { scriptId, lineNumber: 0, columnNumber: 0 } },
      );
      // a user's own breakpoint is there already
      const adding = locations.map(({ lineNumber, columnNumber }) =>
        this.add('Debugger.setBreakpoint', { location: { scriptId, lineNumber, columnNumber } }).catch(
          () => undefined,
        ),
      );
      await Promise.all(adding);
      if (this.ids.length > MOST) return;
    }
  }

  lift(): void {
    for (const breakpointId of this.ids.splice(0))
      void this.target.post('Debugger.removeBreakpoint', { breakpointId }).catch(() => undefined);
  }
}
