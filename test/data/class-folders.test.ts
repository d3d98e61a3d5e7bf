import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import * as data from '../../src/data/index.js';
import { imageFolder, says, type Folder } from './folder.js';

describe('a folder of class folders', () => {
  let folder: Folder;
  beforeEach(async () => (folder = await imageFolder()));
  afterEach(() => folder.remove());
  const put = (...paths: string[]): void => {
    for (const path of paths) {
      mkdirSync(dirname(folder.path(path)), { recursive: true });
      copyFileSync(folder.path('a.png'), folder.path(path));
    }
  };

  it('gives labels, and splits where there are folders for them', async () => {
    put(
      'set/train/NORMAL/p1_1.png',
      'set/train/NORMAL/deeper/p1_2.png',
      'set/train/ill/p2_1.PNG',
      'set/Validation/ill/p3 ä.png',
    );
    const set = await data.fromFolder(folder.path('set'), { patient: /(p\d)[^/]*$/ });
    assert.deepEqual(set.classes, ['NORMAL', 'ill']);
    assert.deepEqual(
      set.rows.map(({ name, label, patient, split }) => [name, label, patient, split]),
      [
        ['Validation/ill/p3 ä.png', 'ill', 'p3', 'val'],
        ['train/NORMAL/deeper/p1_2.png', 'NORMAL', 'p1', 'train'],
        ['train/NORMAL/p1_1.png', 'NORMAL', 'p1', 'train'],
        ['train/ill/p2_1.PNG', 'ill', 'p2', 'train'],
      ],
    );
    assert.equal((await set.pixels(set.rows[0], { size: 4 })).length, 16);
  });

  it('leaves out what is no picture or in no class, and says so; says that patients are not known', async () => {
    put('set/a/1.png', 'set/b/2.png', 'set/3.png', 'set/.cache/4.png', 'set/__MACOSX/a/5.png');
    folder.write('set/a/notes.txt', 'x');
    symlinkSync(folder.path('set'), folder.path('set/a/loop'));
    const set = await data.fromFolder(folder.path('set'), { split: { seed: 0 } });
    assert.equal(set.length, 2);
    const notes = set.notes.join('\n');
    assert.match(notes, /1 picture outside the class folders/);
    assert.match(notes, /1 file that is no picture left out: a\/notes\.txt/);
    assert.match(notes, /Patients are not known/);
  });

  it('with the same patient in two splits is refused', async () => {
    put('set/train/a/p1.png', 'set/train/b/p2.png', 'set/test/a/p1.png');
    await assert.rejects(data.fromFolder(folder.path('set'), { patient: /p\d/ }), says('leak', /p1/));
    const again = await data.fromFolder(folder.path('set'), { patient: /p\d/, split: { seed: 0 } });
    assert.equal(again.length, 3);
  });

  it('that is not there, is empty, or names nobody is refused', async () => {
    await assert.rejects(data.fromFolder(folder.path('none')), says('missing', /none/));
    await assert.rejects(
      data.fromFolder(folder.path('.')),
      says('empty', /no pictures in class folders.*6 outside/),
    );
    put('set/a/1.png', 'set/b/2.png');
    await assert.rejects(
      data.fromFolder(folder.path('set'), { patient: /person\d+/ }),
      says('manifest', /`patient` finds nobody in a\/1\.png/),
    );
  });
});
