import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as data from '../../../src/data/index.js';
import { says } from '../folder.js';

describe('a set as its authors distribute it', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad 数据 '))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Files by path; a number of empty ones, or texts. */
  const tree = (files: readonly string[] | Record<string, string>, at = folder): void => {
    const entries = Array.isArray(files) ? files.map((path: string) => [path, '']) : Object.entries(files);
    for (const [path, text] of entries) {
      mkdirSync(dirname(join(at, path)), { recursive: true });
      writeFileSync(join(at, path), text);
    }
  };
  const open = (name: string, options: data.OpenSetOptions = {}): Promise<data.Dataset> =>
    data.open(name, { root: folder, ...options });
  /** 'label patient split file' of each row, sorted by file. */
  const rowsOf = (set: data.Dataset): string[] =>
    set.rows
      .map(({ label, patient, split, name, file }) => {
        assert.ok(file!.startsWith(folder));
        return [label, patient, split || '-', name].join(' | ');
      })
      .sort();

  it('covid-ctset: names that hold class and patient', async () => {
    tree([
      'Train&Validation/137covid_patient10_SR_3_IM00011.tif',
      'Train&Validation/6_Rahimzadeh_normal1_patient146_SR_4_IM00012.tif',
      'Train&Validation/CSV/fold1.csv',
    ]);
    assert.deepEqual(rowsOf(await open('covid-ctset')), [
      'covid | patient10 | - | Train&Validation/137covid_patient10_SR_3_IM00011.tif',
      'normal | patient146 | - | Train&Validation/6_Rahimzadeh_normal1_patient146_SR_4_IM00012.tif',
    ]);
  });

  it('covid-ctset whole: a folder a patient, classes from the table', async () => {
    tree({
      'COVID-CTset/patient1/SR_2/IM00001.tif': '',
      'COVID-CTset/patient146/SR_3/IM00001.tif': '',
      'Patient_details.csv':
        'Patient ID,SEX,AGE,Date,COVID-19 Infection\npatient1,F,053Y,20200407,Positive\npatient146,F,055Y,20200323,Negative\n',
    });
    const set = await open('covid-ctset');
    assert.deepEqual(rowsOf(set), [
      'covid | patient1 | - | COVID-CTset/patient1/SR_2/IM00001.tif',
      'normal | patient146 | - | COVID-CTset/patient146/SR_3/IM00001.tif',
    ]);
    assert.equal(set.rows[0].extra!.SEX, 'F');
  });

  it('sarscov2-ctscan: a folder a class; patients not told, which it says', async () => {
    tree(['COVID/Covid (1).png', 'COVID/Covid (2).png', 'non-COVID/Non-Covid (1).png']);
    const set = await open('sarscov2-ctscan');
    assert.deepEqual(set.counts(), { noncovid: 1, covid: 2 });
    assert.equal(set.patients().length, 3);
    const notes = set.notes.join(' ');
    assert.match(notes, /every split has slices of the same patients/);
    assert.match(notes, /3 images are here; its authors count 2482/);
    assert.match(notes, /Patients are not told apart/);
  });

  it('covidx-ct: lists with boxes beside a folder of pictures', async () => {
    tree({
      'train_COVIDx_CT-3A.txt':
        'NCP_96_1328_0035.png 2 9 94 512 405\n137covid_patient1_SR_3_IM00012.png 2 0 0 9 9\n',
      'val_COVIDx_CT-3A.txt': 'CP_12_3010_0001.png 1 0 0 9 9\n',
      'test_COVIDx_CT-3A.txt': 'LIDC-IDRI-0001-0012.png 0 0 0 9 9\r\n',
    });
    tree(
      [
        'NCP_96_1328_0035.png',
        '137covid_patient1_SR_3_IM00012.png',
        'CP_12_3010_0001.png',
        'LIDC-IDRI-0001-0012.png',
      ].map((name) => `3A_images/${name}`),
    );
    assert.deepEqual(
      rowsOf(await open('covidx-ct')),
      [
        'covid | 137covid_patient1 | train | **/137covid_patient1_SR_3_IM00012.png',
        'covid | NCP_96 | train | **/NCP_96_1328_0035.png',
        'normal | LIDC-IDRI-0001 | test | **/LIDC-IDRI-0001-0012.png',
        'pneumonia | CP_12 | val | **/CP_12_3010_0001.png',
      ].map((row) => row.replace('**/', '3A_images/')),
    );
  });

  it('covid-ct: lists of names, one publication a patient', async () => {
    for (const kind of ['COVID', 'NonCOVID'])
      for (const split of ['train', 'val', 'test'])
        tree({
          [`Data-split/${kind}/${split}CT_${kind}.txt`]: `${split === 'train' ? `2020.01.24.919183-p27-132.png\nPIIS0140673620303603%8.png` : `${kind}-${split}%1.png`}\n`,
        });
    for (const kind of ['COVID', 'NonCOVID'])
      tree(
        [
          '2020.01.24.919183-p27-132.png',
          'PIIS0140673620303603%8.png',
          `${kind}-val%1.png`,
          `${kind}-test%1.png`,
        ].map((name) => `Images-processed/CT_${kind}/${name}`),
      );
    const set = await open('covid-ct');
    assert.deepEqual(set.counts(), { noncovid: 4, covid: 4 });
    assert.deepEqual(set.counts('split'), { train: 4, val: 2, test: 2 });
    assert.equal(set.rows[0].patient, 'COVID:2020.01.24.919183');
    assert.equal(set.rows[1].patient, 'COVID:PIIS0140673620303603');
  });

  it('cc-ccii: class, patient, scan and slice as folders, wherever they lie', async () => {
    tree([
      'x/NCP/7/1301/0001.png',
      'x/CP/7/3001/0001.jpg',
      'x/Normal/1000/1/0001.png',
      'x/lesions_slices.csv',
    ]);
    assert.deepEqual(rowsOf(await open('cc-ccii')), [
      'covid | NCP:7 | - | x/NCP/7/1301/0001.png',
      'normal | Normal:1000 | - | x/Normal/1000/1/0001.png',
      'pneumonia | CP:7 | - | x/CP/7/3001/0001.jpg',
    ]);
  });

  it('mosmeddata: a volume a row, masks left aside', async () => {
    tree([
      'COVID19_1110/studies/CT-0/study_0001.nii.gz',
      'COVID19_1110/studies/CT-1/study_0255.nii.gz',
      'COVID19_1110/masks/study_0255_mask.nii.gz',
    ]);
    const set = await open('mosmeddata');
    assert.deepEqual(set.counts(), { 'CT-0': 1, 'CT-1': 1, 'CT-2': 0, 'CT-3': 0, 'CT-4': 0 });
    assert.match(
      set.notes.join(' '),
      /1 picture in .* belongs to no row: COVID19_1110\/masks\/study_0255_mask\.nii\.gz/,
    );
  });

  it('cov19-ct-db: splits, classes and series as folders', async () => {
    tree([
      'train/covid/ct_scan_0/0.jpg',
      'train/non-covid/ct_scan_0/1.jpg',
      'validation/covid/ct_scan_0/0.jpg',
    ]);
    assert.deepEqual(rowsOf(await open('cov19-ct-db')), [
      'covid | train/covid/ct_scan_0 | train | train/covid/ct_scan_0/0.jpg',
      'covid | val/covid/ct_scan_0 | val | validation/covid/ct_scan_0/0.jpg',
      'noncovid | train/non-covid/ct_scan_0 | train | train/non-covid/ct_scan_0/1.jpg',
    ]);
  });

  it('covidx-cxr: lists with spaces in names, both editions', async () => {
    tree({
      'train.txt': '379 1-s2.0-S0929664620300449 gr2.jpg positive cohen\np1 a.png negative rsna\n',
      'test.txt': 'SITE2-000265 MIDRC-RICORD-1C-SITE2-000265-99793-1.png positive ricord\n',
      'train/1-s2.0-S0929664620300449 gr2.jpg': '',
      'train/a.png': '',
      'test/MIDRC-RICORD-1C-SITE2-000265-99793-1.png': '',
    });
    const set = await open('covidx-cxr');
    assert.deepEqual(rowsOf(set), [
      'negative | rsna:p1 | train | train/a.png',
      'positive | cohen:379 | train | train/1-s2.0-S0929664620300449 gr2.jpg',
      'positive | ricord:SITE2-000265 | test | test/MIDRC-RICORD-1C-SITE2-000265-99793-1.png',
    ]);
    assert.deepEqual(Object.keys(set.counts('source')).sort(), ['cohen', 'ricord', 'rsna']);
    rmSync(join(folder, 'train.txt'));
    tree({ 'train_COVIDx_CXR-3A.txt': 'p1 a.png normal rsna\n' });
    assert.equal((await open('covidx-cxr')).rows[0].label, 'normal');
  });

  it('covid-chestxray: hierarchical findings, CT slices among films, volumes left out', async () => {
    tree({
      'repo/metadata.csv': [
        'patientid,offset,sex,age,finding,view,modality,location,folder,filename,license',
        '2,0,M,65,Pneumonia/Viral/COVID-19,PA,X-ray,"Hanoi, Vietnam",images,a b.jpg,CC BY',
        '3,0,M,65,Pneumonia/Bacterial,AP,X-ray,,images,b.jpg,',
        '4,0,M,65,No Finding,Axial,CT,,images,c.jpg,',
        '5,0,M,65,todo,PA,X-ray,,images,d.jpg,',
        '6,0,M,65,Pneumonia/Viral/COVID-19,Axial,CT,,volumes,e.nii.gz,',
      ].join('\n'),
      'repo/images/a b.jpg': '',
      'repo/images/b.jpg': '',
      'repo/images/c.jpg': '',
      'repo/images/d.jpg': '',
    });
    const set = await open('covid-chestxray');
    assert.deepEqual(rowsOf(set), [
      'covid | 2 | - | images/a b.jpg',
      'normal | 4 | - | images/c.jpg',
      'pneumonia | 3 | - | images/b.jpg',
    ]);
    assert.equal(set.rows[0].source, 'Hanoi, Vietnam');
    assert.equal(set.rows[0].view, 'PA');
    assert.match(set.notes.join(' '), /1 row of no class left out: 1 'todo'/);
    assert.equal(
      (await open('covid-chestxray', { where: ({ modality }) => modality === 'X-ray' })).length,
      2,
    );
  });

  it('actualmed and figure1: rows without a finding left out, any extension, a patient’s films together', async () => {
    tree({
      'metadata.csv':
        'patientid,finding,view,modality,imagename\nANON196,,PA,X-ray,a.png\nANON56,No finding,PA,X-ray,b.png\nANON58,COVID-19,AP,X-ray,c.png\n',
      'images/a.png': '',
      'images/b.png': '',
      'images/c.png': '',
    });
    assert.deepEqual(rowsOf(await open('actualmed')), [
      'covid | ANON58 | - | images/c.png',
      'normal | ANON56 | - | images/b.png',
    ]);
    tree({
      'metadata.csv':
        'patientid,offset,sex,age,finding,view\nCOVID-00003a,8,M,28,COVID-19,AP erect\nCOVID-00003b,8,M,28,COVID-19,AP erect\nCOVID-00005,,,,,\n',
      'images/COVID-00003a.jpg': '',
      'images/COVID-00003b.png': '',
    });
    const figure1 = await open('figure1');
    assert.deepEqual(rowsOf(figure1), [
      'covid | COVID-00003 | - | images/COVID-00003a.jpg',
      'covid | COVID-00003 | - | images/COVID-00003b.png',
    ]);
  });

  it('covid19-radiography: classes with folders of images and masks', async () => {
    tree([
      'COVID-19_Radiography_Dataset/COVID/images/COVID-1.png',
      'COVID-19_Radiography_Dataset/COVID/masks/COVID-1.png',
      'COVID-19_Radiography_Dataset/Normal/images/Normal-1.png',
      'COVID-19_Radiography_Dataset/Lung_Opacity/images/Lung_Opacity-1.png',
      'COVID-19_Radiography_Dataset/Viral Pneumonia/images/Viral Pneumonia-1.png',
    ]);
    const set = await open('covid19-radiography');
    assert.deepEqual(set.counts(), { normal: 1, 'lung opacity': 1, 'viral pneumonia': 1, covid: 1 });
    assert.match(set.notes.join(' '), /1 picture .*masks\/COVID-1\.png/);
  });

  it('rsna-pneumonia: a table with a row a box, DICOM files', async () => {
    tree({
      'stage_2_detailed_class_info.csv':
        'patientId,class\n0004cfab,No Lung Opacity / Not Normal\n00436515,Lung Opacity\n00436515,Lung Opacity\n00313ee0,Normal\n',
      'stage_2_train_images/0004cfab.dcm': '',
      'stage_2_train_images/00436515.dcm': '',
      'stage_2_train_images/00313ee0.dcm': '',
    });
    assert.deepEqual((await open('rsna-pneumonia')).counts(), {
      normal: 1,
      'not normal': 1,
      'lung opacity': 1,
    });
  });

  const nih = {
    'Data_Entry_2017_v2020.csv': [
      'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]',
      '00000001_000.png,Cardiomegaly|Effusion,0,1,57,M,PA,2682,2749,0.143,0.143',
      '00000002_000.png,No Finding,0,2,80,M,PA,2500,2048,0.171,0.171',
      '00000003_000.png,Pneumonia,0,3,81,F,AP,2582,2991,0.143,0.143',
    ].join('\n'),
    'test_list.txt': '00000003_000.png\n',
    'train_val_list.txt': '00000001_000.png\n00000002_000.png\n',
    'images_001/images/00000001_000.png': '',
    'images_001/images/00000002_000.png': '',
    'images_012/images/00000003_000.png': '',
  };

  it('nih-chestxray14: pictures in twelve folders, official lists, findings or none', async () => {
    tree(nih);
    const set = await open('nih-chestxray14');
    assert.deepEqual(rowsOf(set), [
      'finding | 1 | train | images_001/images/00000001_000.png',
      'finding | 3 | test | images_012/images/00000003_000.png',
      'no finding | 2 | train | images_001/images/00000002_000.png',
    ]);
    const findings = await open('nih-chestxray14', { label: 'Finding Labels' });
    assert.deepEqual(findings.classes, ['Cardiomegaly|Effusion', 'No Finding', 'Pneumonia']);
  });

  it('chexpert: paths with the set’s own folder in them, uncertain labels', async () => {
    const header = 'Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Pneumonia';
    const at = (path: string): string => `CheXpert-v1.0-small/${path}`;
    const films = [
      'train/patient00001/study1/view1_frontal.jpg',
      'train/patient00002/study2/view1_frontal.jpg',
      'valid/patient64541/study1/view1_frontal.jpg',
    ];
    tree({
      [at('train.csv')]:
        `${header}\n${at(films[0])},Female,68,Frontal,AP,1.0,\n${at(films[1])},Female,87,Frontal,AP,,-1.0\n`,
      [at('valid.csv')]: `${header}\n${at(films[2])},Male,73,Frontal,AP,0.0,1.0\n`,
    });
    tree(films.map(at));
    assert.deepEqual(
      rowsOf(await open('chexpert')),
      [
        `finding | patient00002 | train | ${at(films[1])}`,
        `finding | patient64541 | val | ${at(films[2])}`,
        `no finding | patient00001 | train | ${at(films[0])}`,
      ].map((row) => row.replace('CheXpert-v1.0-small/', '')),
    );
    const pneumonia = await open('chexpert', { label: 'Pneumonia' });
    assert.deepEqual(pneumonia.counts(), { '-1.0': 1, '1.0': 1 });
    assert.match(pneumonia.notes.join(' '), /1 row without a label left out/);
  });

  it('padchest: lists as labels, pictures in numbered folders', async () => {
    tree({
      'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv': `,ImageID,ImageDir,PatientID,Projection,Labels\n0,1.png,0,839860488694292331637988235681460987,PA,"['normal']"\n1,2.png,54,p2,L,"['pneumonia', 'pleural effusion']"\n2,3.png,54,p3,PA,\n`,
      '0/1.png': '',
      '54/2.png': '',
      '54/3.png': '',
    });
    assert.deepEqual(rowsOf(await open('padchest')), [
      'finding | p2 | - | 54/2.png',
      'normal | 839860488694292331637988235681460987 | - | 0/1.png',
    ]);
  });

  const kermany = [
    'chest_xray/train/NORMAL/IM-0115-0001.jpeg',
    'chest_xray/train/PNEUMONIA/person1_bacteria_1.jpeg',
    'chest_xray/train/PNEUMONIA/person1_bacteria_2.jpeg',
    'chest_xray/test/NORMAL/NORMAL2-IM-0060-0001.jpeg',
    'chest_xray/test/PNEUMONIA/person1_virus_6.jpeg',
  ];

  it('kermany: patients and kinds in names of both editions, macOS’s leftovers aside', async () => {
    tree([...kermany, 'chest_xray/train/.DS_Store', '__MACOSX/chest_xray/train/NORMAL/IM-0115-0001.jpeg']);
    const set = await open('kermany');
    assert.deepEqual(set.counts(), { normal: 2, 'bacterial pneumonia': 2, 'viral pneumonia': 1 });
    assert.deepEqual(set.counts('split'), { train: 3, test: 2 });
    assert.equal(set.patients().length, 4);
    tree(['other/train/PNEUMONIA/BACTERIA-1008087-0001.jpeg', 'other/test/NORMAL/NORMAL-1049278-0001.jpeg']);
    const other = await open('kermany', { root: join(folder, 'other') });
    assert.deepEqual(other.counts(), { normal: 1, 'bacterial pneumonia': 1, 'viral pneumonia': 0 });
  });

  it('hannover: one class, which is enough to be merged', async () => {
    tree({
      'data.csv': 'patient_id,image_id,sex,projection\n042f06a9,b343e657,m,ap\n',
      'png/b343e657.png': '',
    });
    const set = await open('hannover');
    assert.deepEqual(rowsOf(set), ['covid | 042f06a9 | - | png/b343e657.png']);
    assert.equal(set.rows[0].source, 'hannover');
  });

  it('lidc-idri: DICOM series in folders of patient, study and series', async () => {
    tree([
      'LIDC-IDRI-0001/1.3.6.1/3000566.000000/1-01.dcm',
      'LIDC-IDRI-0002/01-01-2000-x/y/1-01.dcm',
      'LICENSE',
    ]);
    const set = await open('lidc-idri');
    assert.deepEqual(set.patients(), ['LIDC-IDRI-0001', 'LIDC-IDRI-0002']);
  });

  const collection = {
    'metadata.csv': [
      'patientid,finding,view,modality,folder,filename',
      '2,Pneumonia/Viral/COVID-19,PA,X-ray,images,a.jpg',
      '3,Pneumonia/Viral/COVID-19,L,X-ray,images,b.jpg',
      '4,No Finding,PA,X-ray,images,c.jpg',
    ].join('\n'),
    'images/a.jpg': '',
    'images/b.jpg': '',
    'images/c.jpg': '',
  };

  it('xray-four-class: parts merged under their labels, each in its folder, patients apart', async () => {
    tree(kermany, join(folder, 'kermany'));
    tree(collection, join(folder, 'covid-chestxray'));
    const set = await open('xray-four-class', { split: { seed: 0 } });
    assert.deepEqual(set.counts(), { normal: 2, 'bacterial pneumonia': 2, 'viral pneumonia': 1, covid: 1 });
    assert.deepEqual(set.counts('source'), { kermany: 5, 'covid-chestxray': 1 });
    assert.ok(set.patients().includes('covid-chestxray:2'));
    assert.match(set.notes.join(' '), /6 images are here; its authors count 6330/);
    assert.match(set.notes.join(' '), /COVID-19 is of adults/);
    const roots = { kermany: join(folder, 'kermany'), 'covid-chestxray': join(folder, 'covid-chestxray') };
    assert.equal((await data.open('xray-four-class', { root: roots })).length, 6);
  });

  it('xray-three-label: one part twice, by what its rows say', async () => {
    tree(nih, join(folder, 'nih-chestxray14'));
    tree(collection, join(folder, 'covid-chestxray'));
    const set = await open('xray-three-label');
    assert.deepEqual(set.counts(), { normal: 1, pneumonia: 1, covid: 1 });
    assert.deepEqual(set.counts('split'), { '': 3 });
  });

  it('described by a user, beside its files or as an object', async () => {
    const own: data.ManifestDescription = {
      name: 'own',
      title: 'Our films',
      licence: 'ours',
      layout: {
        sources: [
          {
            csv: 'films.csv',
            join: [{ csv: 'patients.csv', on: ['who', 'id'] }],
            where: { quality: { not: 'poor' } },
            columns: { file: 'films/{who}-{n}.png', label: 'finding', patient: 'who', split: 'part' },
          },
        ],
        labels: { '/^C/': 'covid', N: 'normal' },
      },
    };
    tree({
      'own.json': JSON.stringify(own),
      'films.csv': 'who;n;quality\nанна;1;good\nанна;2;poor\nbo;1;good\n',
      'patients.csv': 'id,finding,part\nанна,C19,train\nbo,N,test\n',
      'films/анна-1.png': '',
      'films/bo-1.png': '',
    });
    const wanted = ['covid | анна | train | films/анна-1.png', 'normal | bo | test | films/bo-1.png'];
    assert.deepEqual(rowsOf(await data.open(join(folder, 'own.json'))), wanted);
    assert.deepEqual(rowsOf(await data.open(own, { root: folder })), wanted);
  });

  it('that is not there, elsewhere, or laid out in another way is refused in a sentence', async () => {
    await assert.rejects(
      open('kermany', { root: join(folder, 'no') }),
      says('missing', /There is no folder .*no, which should hold/),
    );
    await assert.rejects(
      open('kermany'),
      says('empty', /is laid out as its authors distribute it/, /data\.info\('kermany'\)/),
    );
    await assert.rejects(
      open('rsna-pneumonia'),
      says('missing', /there is no stage_2_detailed_class_info\.csv/),
    );
    process.env.CELLGRAD_DATA = folder;
    try {
      await assert.rejects(
        data.open('hannover'),
        says('missing', /data\.get\('hannover'\)/, /github\.com/, /root/),
      );
      await assert.rejects(data.open('padchest'), says('missing', /bimcv/, /root/));
    } finally {
      delete process.env.CELLGRAD_DATA;
    }
    await assert.rejects(data.open('covid-ctst'), says('name', /covid-ctset/));
  });

  it('with files of a table missing names them, or goes on without', async () => {
    tree({ 'data.csv': 'patient_id,image_id\np,a\np,b\n' });
    await assert.rejects(open('hannover'), says('missing', /2 images of 2 are missing: .*a\.png \(line 2\)/));
  });
});
