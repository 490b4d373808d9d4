/* Plots of Acceptance, as SVG by hand: a curve with its band for each level, and audits over time. */

import { percent } from './frame.js';

const SPACE = 'http://www.w3.org/2000/svg';

function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const place = (value) => value.toFixed(1);
const line = (points) => `M${points.map(([x, y]) => `${place(x)} ${place(y)}`).join('L')}`;

/** Return a scale from [from, to] to pixels. */
const scale = (from, to, start, end) => (value) => start + ((value - from) / (to - from)) * (end - start);

/** Return the lowest line of a grid under some shares: a multiple of ten percent, 0 to 0.9. */
export function floorOf(shares) {
  const least = Math.min(0.9, ...shares);
  return Math.max(0, Math.floor(least * 10 + 1e-9) / 10);
}

function grid(floor, y, left, right, step) {
  const lines = [];
  for (let share = floor; share <= 1 + 1e-9; share += step) {
    lines.push(
      drawn('path', { class: 'gr', d: `M${left} ${place(y(share))}H${right}` }),
      drawn('text', { class: 'm e', x: left - 6, y: place(y(share) + 4) }, percent(share)),
    );
  }
  return lines;
}

const CURVE = { width: 300, height: 216, left: 38, right: 290, top: 24, bottom: 184 };

/** Return the plot of a level: precision against the accepted share, with the chosen point. */
export function curvePlot(level, floor) {
  const { width, height, left, right, top, bottom } = CURVE;
  const x = scale(0, 1, left, right);
  const y = scale(floor, 1, bottom, top);
  const inside = (share) => y(Math.max(share, floor));
  const points = level.curve.map(({ share, precision }) => [x(share), precision]);
  const step = 1 - floor > 0.55 ? 0.2 : 0.1;
  const plot = drawn('svg', { class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img' }, ...grid(floor, y, left, right, step), drawn('path', { class: 'ax', d: `M${left} ${bottom}H${right}` }));
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    plot.append(drawn('path', { class: 'ax', d: `M${place(x(share))} ${bottom}v4` }), drawn('text', { class: 'm c', x: place(x(share)), y: bottom + 16 }, percent(share)));
  }
  plot.append(drawn('text', { class: 'm e', x: right, y: bottom + 30 }, 'share accepted'), drawn('text', { class: 'm', x: 2, y: 11 }, 'share that is right'));
  if (points.length) {
    const high = points.map(([at, { high: share }]) => [at, inside(share)]);
    const low = points.map(([at, { low: share }]) => [at, inside(share)]).reverse();
    plot.append(
      drawn('path', { class: 'band', d: `${line([...high, ...low])}Z` }),
      drawn('path', { class: 'ln', d: line(points.map(([at, { share }]) => [at, inside(share)])) }),
    );
  }
  const { name, target, accepted: point } = level;
  const said = point
    ? `at ${percent(target)} ${percent(point.share)} are accepted, right ${percent(point.precision.share)}`
    : 'nothing is accepted';
  plot.setAttribute('aria-label', `${name}: precision against the accepted share; ${said}`);
  if (target !== null && target >= floor) plot.append(drawn('path', { class: 'ln n d2', d: `M${left} ${place(y(target))}H${right}` }));
  if (point) {
    const at = [place(x(point.share)), place(inside(point.precision.share))];
    plot.append(
      drawn('path', { class: 'ln a d1', d: `M${left} ${at[1]}H${at[0]}V${bottom}` }),
      drawn('circle', { class: 'fa pt', cx: at[0], cy: at[1], r: 4.5 }),
    );
  }
  return plot;
}

const DAY = 86_400_000;
const MONTH = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** Return the plot of all audits so far over time; wide: whether there is room for it. */
export function coursePlot(name, course, target, wide) {
  const [width, left, right] = wide ? [660, 44, 580] : [330, 44, 262];
  const top = 24;
  const bottom = 156;
  const shares = course.map(({ precision }) => precision.low);
  const floor = floorOf([...shares, ...target === null ? [] : [target - 0.02]]);
  const y = scale(floor, 1, bottom, top);
  const days = course.map(({ day }) => Date.parse(day));
  const [first, last] = [days[0], days.at(-1)];
  const margin = wide ? 22 : 10;
  const x = first === last ? () => (left + right) / 2 : scale(first, last, left + margin, right - margin);
  const now = course.at(-1).precision;
  const label = `${name}: right by audit, from ${course[0].precision.count} to ${now.count} documents, now ${percent(now.share)}${target === null ? '' : `; the target is ${percent(target)}`}`;
  const plot = drawn('svg', { class: 'plot', viewBox: `0 0 ${width} 190`, role: 'img', 'aria-label': label }, ...grid(floor, y, left, right, 1 - floor > 0.25 ? 0.2 : 0.05), drawn('path', { class: 'ax', d: `M${left} ${bottom}H${right}` }));
  for (const [at, text] of ticks(first, last)) {
    plot.append(drawn('path', { class: 'ax', d: `M${place(x(at))} ${bottom}v4` }), drawn('text', { class: 'm c', x: place(x(at)), y: bottom + 16 }, text));
  }
  const points = course.map(({ precision }, at) => [x(days[at]), precision]);
  const high = points.map(([at, { high: share }]) => [at, y(share)]);
  const low = points.map(([at, { low: share }]) => [at, y(Math.max(share, floor))]).reverse();
  if (points.length > 1) plot.append(drawn('path', { class: 'band', d: `${line([...high, ...low])}Z` }));
  else plot.append(drawn('path', { class: 'ln a', d: `M${place(high[0][0])} ${place(high[0][1])}V${place(low[0][1])}` }));
  if (target !== null) plot.append(drawn('path', { class: 'ln n d2', d: `M${left} ${place(y(target))}H${right}` }));
  const middle = points.map(([at, { share }]) => [at, y(share)]);
  plot.append(drawn('path', { class: 'ln a', d: line(middle) }), ...middle.map(([cx, cy]) => drawn('circle', { class: 'fa', cx: place(cx), cy: place(cy), r: 2.5 })));
  const end = y(now.share) + 4;
  plot.append(drawn('text', { class: 'b halo', x: right + 8, y: place(end) }, precise(now.share)));
  if (target !== null) {
    const own = y(target) + 4;
    const apart = Math.abs(own - end) < 13 ? end + (now.share >= target ? 14 : -14) : own;
    plot.append(drawn('text', { class: 'halo', x: right + 8, y: place(apart) }, `target ${percent(target)}`));
  }
  plot.append(drawn('text', { class: 'm e', x: right, y: 188 }, 'all audits so far, 95% interval'), drawn('text', { class: 'm', x: 2, y: 11 }, 'share that is right'));
  return plot;
}

/** Return a share with one digit behind the point; only what is all is 100%. */
function precise(share) {
  const text = (100 * share).toFixed(1);
  return share < 1 && text === '100.0' ? '>99.9%' : `${share === 1 ? '100' : text}%`;
}

/** Return some days between two with their names: beginnings of months, or both days. */
function ticks(first, last) {
  if (first === last) return [[first, DATE.format(first)]];
  if (last - first < 45 * DAY) return [[first, DATE.format(first)], [last, DATE.format(last)]];
  const found = [];
  const start = new Date(first);
  for (let month = start.getUTCMonth() + 1; ; month++) {
    const at = Date.UTC(start.getUTCFullYear(), month, 1);
    if (at > last) break;
    found.push([at, MONTH.format(at)]);
  }
  const step = Math.ceil(found.length / 6);
  return found.filter((_, at) => at % step === 0);
}
