/* What became of a label in review: by week, the newest documents, the words that spoke for it. */

import { ask, counted, foreign, make, meter, number, percent } from './frame.js';

const SPACE = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT, TOP, FOOT] = [400, 92, 16, 18];
const MONTH = new Intl.DateTimeFormat('en', { month: 'long', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', timeZone: 'UTC' });

/** Return the sections about a label; none where it never came into review. */
export async function useOf(model, label) {
  const query = new URLSearchParams({ model: model.name, label: label.label });
  const found = await ask('GET', `/v1/review/use?${query}`);
  if (!found.documents) return [];
  return [weeks(found), ...found.words.length ? [words(found)] : [], recent(model, label, found)];
}

const section = (title, small, ...children) =>
  make('section', {}, make('h2', {}, title, make('small', {}, ` ${small}`)), ...children);

function drawn(tag, attributes, text = '') {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

function weeks({ weeks: found }) {
  const most = Math.max(...found.map(({ documents }) => documents), 1);
  const left = (at) => 6 + at * (WIDTH - 24) / Math.max(found.length - 1, 1);
  const top = ({ documents }) => TOP + (1 - documents / most) * (HEIGHT - TOP - FOOT - 6);
  const peak = found.findIndex(({ documents }) => documents === most);
  const last = found.length - 1;
  const when = ({ monday }) => DAY.format(new Date(monday));
  const sum = found.reduce((all, { documents }) => all + documents, 0);
  const told = `${counted(sum, 'document')} in ${counted(found.length, 'week')}, most in the week of ${when(found[peak])}: ${number(most)}; ${number(found[last].documents)} in the last one.`;
  const plot = drawn('svg', { class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': told });
  const points = found.map((week, at) => `${left(at).toFixed(1)} ${top(week).toFixed(1)}`);
  plot.append(
    drawn('path', { class: 'gr', d: `M0 ${HEIGHT - FOOT - 6}H${WIDTH - 12}` }),
    drawn('path', { class: 'ln a', d: `M${points.join(' ')}` }),
    drawn('circle', { class: 'fa', cx: left(last), cy: top(found[last]), r: 3 }),
    drawn('text', { class: 'b e halo', x: left(last) - 6, y: Math.max(top(found[last]) - 6, 10) }, number(found[last].documents)),
    drawn('text', { class: 'm', x: 6, y: HEIGHT - 4 }, MONTH.format(new Date(found[0].monday))),
    drawn('text', { class: 'm e', x: WIDTH - 12, y: HEIGHT - 4 }, MONTH.format(new Date(found[last].monday))),
  );
  if (peak !== last) plot.append(drawn('text', { class: 'c halo', x: Math.max(left(peak), 40), y: top(found[peak]) - 5 }, number(most)));
  return section('Given per week', `${counted(found.length, 'week')}, documents in review`, plot);
}

function words({ words: found, documents }) {
  const shown = found.map(({ word, documents: count, right, wrong }) => make('span', {},
    foreign(word, { class: 'said' }), make('span', { class: 'faint' }, ` ${number(count)}${wrong > right ? ', mostly wrong' : ''}`)));
  return section('Words that spoke for it', `in ${counted(documents, 'document')}`, make('p', { class: 'telling' }, ...shown));
}

const STATES = { open: 'undecided', annotated: 'second reading', disputed: 'disputed', set_aside: 'set aside' };

function recent(model, label, { recent: found }) {
  const rows = found.map(({ item, title, score, state, right }) => {
    const said = state === 'done' ? (right ? 'accepted' : 'rejected') : STATES[state];
    const where = `/review?${new URLSearchParams({ model: model.name, item })}`;
    return make('tr', {},
      make('th', { scope: 'row' }, make('a', { href: where }, foreign(title))),
      make('td', { class: 'num' }, meter(score, label.threshold), ` ${percent(score)}`),
      make('td', {}, make('span', { class: `tag ${state === 'done' ? (right ? 'ok' : 'no') : ''}` }, said)));
  });
  const head = ['Document', 'Score', 'Decision'].map((name, at) => make('th', { scope: 'col', class: at === 1 ? 'num' : null }, name));
  return section('Recent documents', 'in review', make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Recent documents' },
    make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows))));
}
