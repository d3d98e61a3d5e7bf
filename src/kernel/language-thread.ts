// The language thread: answers what is asked of the cells that have run and of the one being written.
import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import type { Answer, Ask } from './language.js';
import { Cells } from './language/cells.js';
import { check } from './language/check.js';
import { complete } from './language/complete.js';
import { inspect } from './language/inspect.js';
import { completeMagic } from './language/magics.js';
import { utf16Offset } from './language/text.js';
import { isComplete } from './language/whole.js';
import { withoutMagics } from './magics/find.js';
import { names } from './magics/install.js';
import type { Json } from './wire.js';

const cells = new Cells(process.cwd());
const magics = names((name) => cells.has(name));

parentPort!.on('message', (ask: Ask) => {
  let content: Json;
  try {
    if (ask.forget) cells.forget();
    for (const { code, file } of ask.cells) cells.remember(withoutMagics(code, magics), file);
    content = answer(ask);
  } catch (error) {
    content = { status: 'error', ename: 'LanguageError', evalue: String(error), traceback: [] };
  }
  parentPort!.postMessage({ id: ask.id, content } satisfies Answer);
});

function answer({ question, content }: Ask): Json {
  const given = String(content.code ?? '');
  const code = withoutMagics(given, magics);
  const cursor = utf16Offset(code, content.cursor_pos);
  // where the process is now, which `%cd` changes
  const folder = process.cwd();
  switch (question) {
    case 'is_complete':
      return isComplete(given, code);
    case 'inspect':
      return inspect(cells, code, cursor, Number(content.detail_level ?? 0));
    case 'check':
      return { problems: check(cells, code, given, String(content.name)) };
    case 'warm':
      cells.show('');
      cells.service.getCompletionsAtPosition(cells.current, 0, {});
      return {};
    case 'complete':
      return {
        completions: completeMagic(magics, given, cursor, folder) ?? complete(cells, code, cursor, folder),
      };
  }
}
