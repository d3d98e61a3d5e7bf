// One bar: how much is done, how quickly, how long the rest will take.
import { xml } from '../markup.js';
import { barHtml, duration, pace } from './draw.js';

/** The rate is that of the last so many milliseconds. */
const RECENT_MS = 15_000;
const SAMPLE_MS = 100;

export class Bar {
  done = 0;
  state: 'running' | 'done' | 'stopped' = 'running';
  private readonly begun = performance.now();
  private endedAt: number | undefined;
  /** When how much was done, of late. */
  private readonly samples: [at: number, done: number][] = [[this.begun, 0]];

  constructor(
    public label: string,
    public total: number | undefined,
  ) {}

  add(n: number): void {
    this.done += n;
    const now = performance.now();
    if (now - this.samples.at(-1)![0] < SAMPLE_MS) return;
    this.samples.push([now, this.done]);
    while (this.samples.length > 2 && now - this.samples[0][0] > RECENT_MS) this.samples.shift();
  }

  end(state: 'done' | 'stopped'): void {
    this.state = state;
    this.endedAt = performance.now();
  }

  private get fraction(): number {
    if (this.total === undefined) return this.state === 'running' ? 0 : 1;
    return this.total > 0 ? Math.min(1, this.done / this.total) : 1;
  }

  private facts(): string[] {
    const { done, total, state } = this;
    const seconds = ((this.endedAt ?? performance.now()) - this.begun) / 1000;
    const number = (n: number): string => (Number.isInteger(n) ? String(n) : n.toFixed(1));
    const facts = [total === undefined ? number(done) : `${number(done)} of ${number(total)}`];
    if (total !== undefined && state === 'running') facts.push(`${Math.floor(this.fraction * 100)} %`);
    const [at, before] = state === 'running' ? this.samples[0] : [this.begun, 0];
    const rate = (done - before) / (((this.endedAt ?? performance.now()) - at) / 1000);
    if (done > 0 && rate > 0 && Number.isFinite(rate)) facts.push(pace(rate));
    const took = seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds);
    if (state !== 'running') facts.push(state === 'stopped' ? `stopped after ${took}` : took);
    else if (total !== undefined && done > 0 && rate > 0)
      facts.push(`${duration((total - done) / rate)} left`);
    return facts;
  }

  text(): string {
    return [this.label, this.facts().join(' · ')].filter(Boolean).join(': ');
  }

  /** A row of a grid of three columns. */
  html(): string {
    return `<div style="white-space:nowrap">${xml(this.label)}</div>${barHtml(this.fraction)}<div style="white-space:nowrap">${xml(this.facts().join(' · '))}</div>`;
  }
}
