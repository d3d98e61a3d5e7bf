// `%%bash` and `%%sh`: the lines below as a script.
import { described, run } from './command.js';
import { MagicError, type Session } from './session.js';

export const isScript = (name: string): boolean => name === 'bash' || name === 'sh';

const OPTION = /^\s*--(out|err)[ =]([A-Za-z_$][\w$]*)(?=\s|$)/;

/** The variables that are to take what the script prints, and the script's own arguments. */
export function scriptOptions(line: string): { out?: string; err?: string; args: string[] } {
  const options: { out?: string; err?: string } = {};
  for (let match = OPTION.exec(line); match; match = OPTION.exec(line)) {
    options[match[1] as 'out' | 'err'] = match[2];
    line = line.slice(match[0].length);
  }
  return { ...options, args: line.split(/\s+/).filter(Boolean) };
}

/** Has a program run the text, which it takes after `-c`. One that fails is the cell's error. */
export async function script(
  session: Session,
  program: string,
  line: string,
  text: string,
): Promise<{ out: string; err: string } | undefined> {
  const { out, err, args } = scriptOptions(line);
  const taken = { out: '', err: '' };
  const ended = await run(session, {
    file: program,
    args: ['-c', text, program, ...args],
    ...(out && { onOutput: (piece) => (taken.out += piece) }),
    ...(err && { onError: (piece) => (taken.err += piece) }),
  });
  if (ended !== 0) throw new MagicError(`The ${program} script failed: ${described(ended)}.`);
  return out || err ? taken : undefined;
}
