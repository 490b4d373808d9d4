(() => {
'use strict';
const byId = id => document.getElementById(id);
const root = document.documentElement;
const data = JSON.parse(byId('data').textContent);
const total = data.codes.length, perPage = 25;
const ratio = (part, whole) => whole ? part / whole : 0;
const rows = data.codes.map((code, at) => {
  const right = data.correct[at], given = data.predicted[at], support = data.support[at];
  return {at, code, name: data.names[at] ?? code, level: data.levels[at], support,
    training: data.training ? data.training[at] : null,
    precision: ratio(right, given), recall: ratio(right, support),
    f1: ratio(2 * right, given + support), threshold: data.cuts ? data.cuts[at] : null};
});
for (const row of rows) row.text = (row.name + '\n' + row.code).toLocaleLowerCase();

/* theme: as the system, light, dark */
const themes = ['', 'light', 'dark'], themeButton = byId('theme');
let theme = '';
try { theme = localStorage.getItem('harnn-theme') || ''; } catch { /* a page may have no storage */ }
const showTheme = () => {
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  themeButton.textContent = 'Theme: ' + (theme || 'as the system');
};
themeButton.hidden = false;
themeButton.addEventListener('click', () => {
  theme = themes[(themes.indexOf(theme) + 1) % 3];
  try { localStorage.setItem('harnn-theme', theme); } catch { /* then for this visit */ }
  showTheme();
});
showTheme();

/* the table of labels: filter, sort, pages */
const percent = share => (100 * share).toFixed(1);
const number = count => count === null ? '–' : count.toLocaleString('en');
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
const cells = [
  row => number(row.level), row => number(row.training), row => number(row.support),
  row => percent(row.precision), row => percent(row.recall), row => percent(row.f1),
  row => row.threshold === null ? '–' : row.threshold.toFixed(3),
];
const find = byId('find'), level = byId('level'), body = byId('rows');
let key = 'support', rising = false, page = 0, shown = rows;
const element = (tag, kind, text) => {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
};
/* names: as much as fits, without cutting a sign in two; as in svg.py */
const signs = typeof Intl.Segmenter === 'function'
  ? text => new Intl.Segmenter(undefined, {granularity: 'grapheme'}).segment(text)
  : text => Array.from(text, segment => ({segment}));
const widthOf = sign => /^[ !'(),.:;I[\]fijlrt|]$/.test(sign) ? 0.65 : /^[%@MWmw]$/.test(sign) ? 1.6
  : /^[A-Z]$/.test(sign) ? 1.3 : sign < '\x7f' ? 1.12 : /^[^\u1100-\u200f\u2070-\u{10ffff}]/u.test(sign) ? 1.2 : 1.9;
const cut = (text, most) => {
  const kept = [];
  let room = most;
  for (const {segment} of signs(text)) {
    room -= widthOf(segment);
    if (room < 0) return kept.slice(0, Math.max(kept.length - 1, 1)).join('').trimEnd() + '…';
    kept.push(segment);
  }
  return text;
};
const brief = text => text.length > data.shown ? cut(text, data.shown) : text;
const folded = (text, show) => {
  if (text.length <= data.shown) return show(text);
  const both = element('details', 'long'), head = element('summary');
  head.append(show(brief(text)));
  both.append(head, show(text));
  return both;
};
const nameOf = text => {
  const name = element('bdi', '', text);
  name.dir = 'auto';
  return name;
};
const labelCell = row => {
  const head = element('th');
  head.scope = 'row';
  head.append(folded(row.name, nameOf));
  if (row.name !== row.code) {
    head.append(' ', folded(row.code, code => element('span', 'code', code)));
  }
  return head;
};
const draw = () => {
  const pages = Math.max(1, Math.ceil(shown.length / perPage));
  page = Math.min(Math.max(page, 0), pages - 1);
  body.replaceChildren(...shown.slice(page * perPage, (page + 1) * perPage).map(row => {
    const line = element('tr');
    line.append(labelCell(row), ...cells.map(cell => element('td', 'num', cell(row))));
    return line;
  }));
  byId('page').textContent = `Page ${page + 1} of ${pages.toLocaleString('en')}`;
  byId('before').disabled = page === 0;
  byId('after').disabled = page === pages - 1;
  byId('pages').hidden = pages === 1;
  byId('count').textContent = shown.length === total ? counted(total, 'label')
    : shown.length ? `${number(shown.length)} of ${counted(total, 'label')}` : 'No label is called that.';
};
const choose = () => {
  const text = find.value.trim().toLocaleLowerCase(), wanted = Number(level.value);
  shown = rows.filter(row => (!wanted || row.level === wanted) && row.text.includes(text));
  const way = rising ? 1 : -1;
  shown.sort((a, b) => {
    const x = a[key], y = b[key];
    if (x === null || y === null) return (x === null) - (y === null) || a.at - b.at;
    const order = typeof x === 'string' ? x.localeCompare(y) : x - y;
    return way * order || a.at - b.at;
  });
  page = 0;
  draw();
};
let waiting = 0;
find.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(choose, 120); });
level.addEventListener('change', choose);
byId('before').addEventListener('click', () => { page -= 1; draw(); });
byId('after').addEventListener('click', () => { page += 1; draw(); });
const heads = [...document.querySelectorAll('#table thead th')];
for (const head of heads) {
  const button = element('button', 'sort', head.textContent);
  button.type = 'button';
  head.replaceChildren(button);
  button.addEventListener('click', () => {
    rising = key === head.dataset.key ? !rising : head.dataset.key === 'name';
    key = head.dataset.key;
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', rising ? 'ascending' : 'descending');
    choose();
  });
}
const quoted = value => {
  const text = value === null ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
byId('csv').addEventListener('click', () => {
  const names = ['label', 'name', 'level', 'training', 'support', 'precision', 'recall', 'f1', 'threshold'];
  const lines = shown.map(row => [row.code, row.name, ...names.slice(2).map(name =>
    ['precision', 'recall', 'f1'].includes(name) ? row[name].toFixed(6) : row[name])]);
  const text = [names, ...lines].map(line => line.map(quoted).join(',') + '\n').join('');
  const link = element('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
  link.download = 'labels.csv';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
byId('tools').hidden = false;
choose();

/* the map: a label fills it when it is selected */
const map = byId('icicle'), space = 'http://www.w3.org/2000/svg';
const [, , width, full] = map.getAttribute('viewBox').split(' ').map(Number);
const top = 18, high = full - top, smallest = 1.5, levels = 4;
const whole = [...map.childNodes];
const children = rows.map(() => []), roots = [];
data.parents.forEach((parent, at) => (parent < 0 ? roots : children[parent]).push(at));
const classOf = f1 => 1 + [0.35, 0.5, 0.65, 0.8].filter(bound => f1 >= bound).length;
const drawn = (tag, attributes, text) => {
  const made = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const isolated = text => `\u2068${text}\u2069`;
const tile = (at, place, y, height, labels) => {
  const row = rows[at];
  const group = drawn('g', {class: 't' + (labels ? 0 : classOf(row.f1))});
  const told = labels ? `${counted(labels, 'label')} too small to draw`
    : `${isolated(brief(row.name))}: F1 ${row.f1.toFixed(2)}, ${counted(row.support, 'document')}`;
  group.append(drawn('title', {}, told), drawn('rect',
    {x: place.left, y, width: place.width, height: Math.max(height - 0.8, 0.7)}));
  if (height >= 14) group.append(drawn('text', {x: place.left + 6, y: y + height / 2 + 4},
    labels ? counted(labels, 'label')
      : `${isolated(cut(row.name, place.width / 5.9 - 7))} ${row.f1.toFixed(2)}`));
  if (!labels) ready(group, at, told);
  return group;
};
const ready = (group, at, told) => {
  group.dataset.at = at;
  group.setAttribute('tabindex', '-1');
  group.setAttribute('role', 'button');
  group.setAttribute('aria-label', told);
};
const places = count => {
  const unit = width / (1 + 1.7 * (count - 1));
  return Array.from({length: count}, (_, number) => number
    ? {left: (1 + 1.7 * (number - 1)) * unit, width: 1.7 * unit - 2} : {left: 0, width: unit - 2});
};
const depthOf = (at, most) => most === 1 ? 1
  : children[at].reduce((deepest, child) => Math.max(deepest, 1 + depthOf(child, most - 1)), 1);
const fill = (at, from, until, depth, columns, into) => {
  into.push(tile(at, columns[depth], from, until - from));
  if (depth + 1 === columns.length) return;
  const known = children[at].filter(child => rows[child].support)
    .sort((a, b) => rows[b].support - rows[a].support || a - b);
  const sum = known.reduce((count, child) => count + rows[child].support, 0);
  const scale = (until - from) / Math.max(sum, rows[at].support, 1);
  let start = from, small = 0, labels = 0;
  for (const child of known) {
    const size = rows[child].support * scale;
    if (size < smallest) { small += size; labels += 1; continue; }
    fill(child, start, start + size, depth + 1, columns, into);
    start += size;
  }
  if (small >= smallest) into.push(tile(at, columns[depth + 1], start, small, labels));
};
let chosen = -1;
const parentOf = at => at < 0 ? -1 : data.parents[at];
const select = at => {
  chosen = at;
  if (at < 0) map.replaceChildren(...whole);
  else {
    const tiles = [], columns = places(depthOf(at, levels));
    fill(at, top, full, 0, columns, tiles);
    map.replaceChildren(...tiles);
  }
  byId('zoomed').hidden = at < 0;
  const trail = [];
  for (let up = at; up >= 0; up = parentOf(up)) trail.unshift(isolated(cut(rows[up].name, 60)));
  byId('trail').textContent = trail.join(' › ');
  const first = map.querySelector('[data-at]');
  if (first) first.setAttribute('tabindex', '0');
};
const goto = tileOf => {
  for (const other of map.querySelectorAll('[tabindex="0"]')) other.setAttribute('tabindex', '-1');
  tileOf.setAttribute('tabindex', '0');
  tileOf.focus();
};
const open = target => {
  const group = target.closest('[data-at]');
  if (!group) return;
  const at = Number(group.dataset.at);
  select(at === chosen ? parentOf(at) : at);
  const next = map.querySelector('[data-at]');
  if (next) goto(next);
};
for (const group of map.querySelectorAll('[data-at]')) {
  ready(group, group.dataset.at, group.querySelector('title').textContent);
}
map.setAttribute('role', 'group');
map.addEventListener('click', event => open(event.target));
map.addEventListener('keydown', event => {
  const all = [...map.querySelectorAll('[data-at]')], at = all.indexOf(event.target.closest('[data-at]'));
  const step = {ArrowDown: 1, ArrowUp: -1, Home: -at, End: all.length - 1 - at}[event.key];
  if (event.key === 'Enter' || event.key === ' ') open(event.target);
  else if (event.key === 'Escape' && chosen >= 0) { select(parentOf(chosen)); goto(map.querySelector('[data-at]')); }
  else if (step !== undefined && all[at + step]) goto(all[at + step]);
  else return;
  event.preventDefault();
});
byId('back').addEventListener('click', () => {
  select(parentOf(chosen));
  if (chosen < 0) goto(map.querySelector('[data-at]'));
});
byId('zoom-help').hidden = false;
select(-1);
})();
