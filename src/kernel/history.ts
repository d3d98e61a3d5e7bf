// The inputs of this session, as `history_request` asks for them.
import type { Json } from './wire.js';

type Entry = [session: number, line: number, input: string | [string, null]];

export class History {
  private readonly inputs: { line: number; code: string }[] = [];

  add(line: number, code: string): void {
    this.inputs.push({ line, code });
  }

  answer(request: Json): Entry[] {
    const found = this.select(request);
    return found.map(({ line, code }) => [1, line, request.output ? [code, null] : code]);
  }

  private select(request: Json): { line: number; code: string }[] {
    const n = Number(request.n ?? 10);
    switch (request.hist_access_type) {
      case 'tail':
        return n > 0 ? this.inputs.slice(-n) : [];
      case 'range': {
        const start = Number(request.start ?? 1);
        const stop = request.stop === undefined || request.stop === null ? Infinity : Number(request.stop);
        const session = Number(request.session ?? 0);
        if (session !== 0 && session !== 1) return [];
        return this.inputs.filter(({ line }) => line >= start && line < stop);
      }
      case 'search': {
        const fits = matcher(String(request.pattern ?? '*'));
        let found = this.inputs.filter(({ code }) => fits(code));
        if (request.unique) {
          const last = new Map(found.map((entry) => [entry.code, entry]));
          found = found.filter((entry) => last.get(entry.code) === entry);
        }
        return request.n === undefined || request.n === null ? found : found.slice(-n);
      }
      default:
        return [];
    }
  }
}

/** A glob; code that differs from it only in its spacing is found too. */
function matcher(pattern: string): (code: string) => boolean {
  const exact = glob(pattern);
  const loose = glob(unspaced(pattern));
  return (code) => exact.test(code) || loose.test(unspaced(code));
}

const unspaced = (text: string): string => text.replace(/\s+/g, '');

function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '[^]*').replace(/\?/g, '[^]')}$`);
}
