// The doctor's report for a person: a line a matter, ✓ good, ! worth knowing, ✗ wrong, and under it what to do.

import type { DoctorReport, Problem } from '../doctor.js';

const mb = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

export function reportText(r: DoctorReport): string {
  const wrong = r.problems.filter((p) => p.grave).length;
  const good = r.device.works
    ? 'everything works'
    : 'nothing is wrong; TensorFlow is fetched at the first start';
  const verdict = wrong === 0 ? good : wrong === 1 ? 'one thing is wrong' : `${wrong} things are wrong`;
  const lines = [`cellgrad ${r.cellgrad}: ${verdict}`, ''];
  for (const [about, title, text] of rows(r)) {
    const own = r.problems.filter((p) => p.about === about);
    const untried = about === 'device' && r.device.works === undefined;
    const sign = own.some((p) => p.grave) ? '✗' : own.length || untried ? '!' : '✓';
    lines.push(`${sign} ${title.padEnd(12)}${text}`);
    for (const p of own) lines.push(`${' '.repeat(14)}${p.what}`, `${' '.repeat(14)}→ ${p.mend}`);
  }
  return lines.join('\n') + '\n';
}

function rows(r: DoctorReport): Array<[Problem['about'], string, string]> {
  const { device: d, processor: p, memory: m, cache: c } = r;
  const result =
    d.works === undefined
      ? 'not tried'
      : d.works
        ? `a convolution and its gradients are right, ${d.seconds?.toFixed(1)} s`
        : 'does not compute';
  const chip = [p.model, p.oneDnn && `oneDNN uses ${p.oneDnn}`, p.instructionSets?.join(' ')].filter(Boolean);
  const modules = Object.entries(r.modules).map(
    ([name, s]) => `${name} ${s.error === undefined ? (s.version ?? '') : 'fails'}`,
  );
  modules.push(d.webgpu ? 'webgpu' : 'no webgpu, which only CELLGRAD_DEVICE=webgpu needs');
  const kernels = r.kernels.map((k) => `"${k.name}" in ${k.folder}`);
  return [
    ['device', 'Device', `${d.chosen ?? 'none'} (CELLGRAD_DEVICE ${d.asked}): ${result}`],
    ['tensorflow', 'TensorFlow', library(r.tensorflow)],
    ['processor', 'Processor', `${chip.join('; ')}; ${p.threads ?? '?'} of ${p.cores} threads`],
    [
      'memory',
      'Memory',
      `${gb(m.free)} free of ${gb(m.limit ?? m.total)}${m.limit ? ` that this container may use (the machine has ${gb(m.total)})` : ''}`,
    ],
    ['node', 'Node', `${r.node}, ${r.platform}`],
    ['cache', 'Cache', `${c.folder} (${mb(c.bytes)}${c.free === undefined ? '' : `; ${gb(c.free)} free`})`],
    ['modules', 'Modules', modules.join(', ')],
    ['kernels', 'Jupyter', kernels.join(', ') || 'no kernel'],
    [
      'index',
      'Index',
      `${r.index.url ?? 'unknown'}${r.index.reachable === undefined ? '' : r.index.reachable ? ', reached' : ', not reached'}`,
    ],
  ];
}

function library(t: DoctorReport['tensorflow']): string {
  const sums = {
    right: ', checksums right',
    wrong: ', checksum wrong',
    unchecked: ', sizes right, checksums not compared',
  };
  switch (t.state) {
    case 'whole':
      return `${t.version} in ${t.folder}${t.checksum ? sums[t.checksum] : ''}`;
    case 'damaged':
      return `${t.version} in ${t.folder} is damaged`;
    case 'absent':
      return t.fetch
        ? `${t.version} is not there yet; the first start fetches ${mb(t.fetch.bytes)} (${t.fetch.file})`
        : `${t.version} is not in ${t.folder}`;
    case 'unsupported':
      return `${t.version} has no library for this platform`;
  }
}
