// A chest across at one height, as CT shows it: where the body, lungs, heart, spine and ribs are, in Hounsfield units.
// x and y are a film's; z runs from front to back, 0 in the middle of the chest. Lengths in half film widths, 180 mm.

import type { Patient } from './anatomy.js';
import { bump, clamp, square, step } from './draw.js';
import { floorAt, obliqueFissure, silhouetteAt, wallAt } from './lungs.js';

/** A height of the chest. */
export interface Level {
  p: Patient;
  y: number;
  /** 0 at the apex of the lungs, 1 at their base. */
  s: number;
  /** Half the chest's width and depth inside the ribs, and the body's to the skin. */
  wall: number;
  deep: number;
  skinX: number;
  skinZ: number;
  /** How far heart and vessels reach to the patient's right and left. */
  right: number;
  left: number;
}

/** How deep the chest is for its width. */
const depthOf = (wall: number): number => 0.15 + 0.5 * wall;

export function levelAt(p: Patient, y: number): Level {
  const s = (y - p.apex) / (p.base - p.apex);
  const wall = wallAt(clamp(s, 0.0001, 1), p) + 0.02;
  const deep = depthOf(wall);
  const fat = 0.06 + 0.1 * (p.bodyWidth - 0.9);
  const shoulders = 0.32 * step(0.4, -0.05, s);
  return {
    p,
    y,
    s,
    wall,
    deep,
    skinX: Math.max(wall, 0.62 * p.lungWidth) + 0.12 + fat + shoulders,
    skinZ: Math.max(deep, depthOf(0.6 * p.lungWidth)) + 0.14 + fat,
    right: silhouetteAt(s, -1, p),
    left: silhouetteAt(s, 1, p),
  };
}

/** 1 on an ellipse-like ring with blunt corners, less inside. */
export function ring(x: number, z: number): number {
  const [a, b] = [x * x, z * z];
  return 0.6 * Math.sqrt(a + b) + 0.4 * Math.sqrt(Math.sqrt(a * a + b * b));
}

/** How far a place lies from the front (-1) to the back (1) of the chest. */
export const backOf = (z: number, level: Level): number => clamp(z / level.deep, -1, 1);

/** How far a place lies inside a lung, negative outside. */
export function lungDepth(x: number, z: number, level: Level): number {
  const { p, y, s, wall, deep } = level;
  if (s <= 0) return -1;
  const shell = (1 - ring(x / wall, z / deep)) * Math.min(wall, deep);
  const a = Math.abs(x);
  const v = z / deep;
  const rise = p.base - floorAt(x, p, p.base);
  const floor = p.base - rise * (1 - v * v);
  // between the lungs: heart and vessels in front, the spine behind, and the mediastinum from end to end
  const heart = heartDepth(x, z, level);
  const spine = Math.sqrt(square(a / 0.15) + square((z - deep + 0.1) / 0.19)) - 1;
  const middle = a - 0.012 - 0.06 * step(-0.5, 0.4, v) - 0.05 * step(0.3, 0, s);
  return Math.min(shell, floor - y, -heart, spine * 0.15, middle);
}

/** How far a place lies inside heart or great vessels, negative outside. */
export function heartDepth(x: number, z: number, { s, right, left, deep }: Level): number {
  const cardiac = step(0.42, 0.6, s);
  const half = (left + right) / 2;
  const middle = (left - right) / 2;
  const centre = -deep * (0.12 + 0.2 * cardiac);
  const depth = deep * (0.36 + 0.18 * cardiac);
  // the heart points forward on the left
  const u = (x - middle) / half;
  const w = (z - centre + 0.12 * cardiac * u * depth) / depth;
  return (1 - Math.sqrt(u * u + w * w)) * Math.min(half, depth);
}

/** Hounsfield units of everything but lesions and vessels in the lung. */
export function tissueAt(x: number, z: number, level: Level): number {
  const { p, y, s, wall, deep, skinX, skinZ } = level;
  const skin = ring(x / skinX, (z - 0.02) / skinZ);
  const edge = (1 - skin) * skinX;
  if (edge < -0.01) return bed(x, z, skinZ);
  const a = Math.abs(x);
  const lung = step(-0.006, 0.008, lungDepth(x, z, level));
  const back = backOf(z, level);
  let hu: number;
  const inner = ring(x / wall, z / deep);
  if (inner > 1) {
    hu = edge < 0.055 + 0.05 * (p.bodyWidth - 0.9) ? -95 : 45; // fat under the skin, then muscle
    hu = Math.max(hu, ribAt(y, back, (inner - 1) * wall, p, a));
  } else hu = y > p.base - 0.02 || s > 0.75 ? abdomen(x, z, level) : mediastinum(x, z, level);
  hu = Math.max(hu, spineAt(a, y, z, level));
  if (s > 0.02 && s < 0.8) {
    const plate = Math.max(a / 0.1, Math.abs(z + deep + 0.055) / 0.035);
    if (plate < 1) hu = plate > 0.7 ? 420 : 180;
  }
  if (s < 0.42 && a > 0.3) hu = Math.max(hu, shoulderBlade(a, z, level));
  const air = -865 + 45 * back + 25 * fissure(s, back) * p.vessels;
  hu += (air - hu) * lung;
  hu = windpipe(x, z, hu, level);
  return edge < 0.01 ? -1000 + (hu + 1000) * step(-0.01, 0.01, edge) : hu;
}

/** The table below the patient. */
function bed(x: number, z: number, skinZ: number): number {
  const d = Math.abs(z - skinZ - 0.1 + 0.12 * x * x);
  return d < 0.012 && Math.abs(x) < 0.75 ? -250 : -1000;
}

function ribAt(y: number, back: number, out: number, p: Patient, a: number): number {
  if (out < 0.012 || out > 0.075 || a < 0.12) return -1000;
  // ribs fall from back to front
  const t = (y - 0.34 * (1 - back)) / (p.ribPitch * 1.05) + p.ribPhase;
  const w = Math.max(Math.abs(t - Math.floor(t) - 0.5) / 0.27, Math.abs(out - 0.043) / 0.034);
  if (w > 1) return -1000;
  if (back < -0.9) return 110; // cartilage
  return w > 0.68 ? 620 : 230;
}

function spineAt(a: number, y: number, z: number, { deep }: Level): number {
  const canal = deep - 0.005;
  const body = Math.sqrt(square(a / 0.105) + square((z - deep + 0.135) / 0.09));
  const v = (y + 2) / 0.14;
  const disc = step(0.34, 0.44, Math.abs(v - Math.floor(v) - 0.5));
  if (body < 1) return 90 + (body > 0.85 ? 480 : 110) * (1 - disc);
  const hole = Math.sqrt(square(a) + square(z - canal));
  if (hole < 0.045) return 15;
  if (hole < 0.07) return 450;
  // transverse and spinous processes
  if (a < 0.19 && Math.abs(z - canal + 0.01 - 0.3 * (a - 0.07)) < 0.022) return 330;
  if (a < 0.018 && z > canal && z < canal + 0.17) return 350;
  return -1000;
}

function shoulderBlade(a: number, z: number, { p, deep, s }: Level): number {
  // a plate behind the ribs
  const along = (a - 0.42 * p.lungWidth) / (0.45 * p.lungWidth);
  if (along < 0 || along > 1) return -1000;
  const place = deep * (1.02 - 0.75 * along * along) + 0.16 - 0.03 * s;
  const d = Math.abs(z - place) / (0.014 + 0.02 * along);
  return d < 1 ? (d > 0.6 ? 520 : 260) : -1000;
}

function mediastinum(x: number, z: number, level: Level): number {
  const heart = heartDepth(x, z, level);
  if (heart > 0) return level.s > 0.5 ? 42 + 4 * step(0, 0.06, heart) : greatVessels(x, z, level);
  if (level.s > 0.3 && aorta(x, z, level) < 1) return 48;
  return -70; // fat
}

const aorta = (x: number, z: number, { deep }: Level): number =>
  Math.sqrt(square((x - 0.12) / 0.068) + square((z - deep + 0.24) / 0.068));

function greatVessels(x: number, z: number, { s, deep, left, right }: Level): number {
  const discs = [
    [left * 0.45, -0.3 * deep, 0.085], // ascending aorta, then the arch's branches
    [-right * 0.62, -0.2 * deep, 0.05], // upper vena cava
    [left * 0.65, 0.05 * deep, 0.06],
  ];
  for (const [cx, cz, r] of discs) if (square(x - cx) + square(z - cz) < r * r) return 48;
  return s > 0.36 ? 40 : -60;
}

function windpipe(x: number, z: number, hu: number, { s, deep, p }: Level): number {
  const carina = 0.37;
  const apart = s < carina ? 0 : 0.04 + (s - carina) * 0.8;
  const radius = (p.child ? 0.03 : 0.046) * (s < carina ? 1 : 0.75);
  if (s > 0.55) return hu;
  const d = Math.sqrt(square(Math.abs(x) - apart) + square(z - 0.16 * deep)) / radius;
  if (d > 1.3) return hu;
  return d > 1.12 ? Math.max(hu, 10) : hu + (-990 - hu) * step(1.12, 0.95, d);
}

function abdomen(x: number, z: number, level: Level): number {
  const { p, y, deep } = level;
  if (heartDepth(x, z, level) > 0 && y < p.base - 0.06) return 44;
  if (aorta(x, z, level) < 1) return 48;
  if (Math.abs(x) < 0.13 && z > 0.5 * deep) return 45;
  const gas = Math.sqrt(
    square((x - 0.4) / 0.13) + square((z + 0.22) / 0.1) + square((y - p.base - 0.02) / 0.16),
  );
  if (gas < 1) return -950;
  return x < 0.12 ? 58 : 46; // liver; spleen and stomach
}

/** 1 on the oblique fissures. */
function fissure(s: number, back: number): number {
  return bump((s - obliqueFissure(back)) / 0.012) * 2;
}
