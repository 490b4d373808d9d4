/* Taxonomy: search over tree, and the page of one label. */

import {
  ask, begin, byId, chosenModel, counted, foreign, icon, languageOf, make, number, offerModels, refusal, say, whenSlow,
} from './frame.js';
import { Names, codeOf, holds, marked, wordsOf } from './names.js';
import { LabelPage } from './label.js';
import { keysOf } from './keys.js';
import { Rows } from './rows.js';

const CHILDREN = 1000; // asked for at once: the most that the server tells
const FOUND = 100;     // results asked for at once
const PAUSE = 150;     // milliseconds without a key before a search is asked

let model = null;
let names = null;
let roots = [];
let page = null;
let search = null;     // {words, rows, pages (a Set of those that are asked), abort}
let timer = 0;

const tree = new Rows(byId('tree'), {
  fill: fillNode,
  picked: (row) => later(() => choose(row.node.label)),
  opened: toggle,
});
const found = new Rows(byId('found'), {
  fill: fillFound,
  picked: (row, now) => row?.label && (now ? (clearTimeout(timer), choose(row.label.label)) : later(() => choose(row.label.label))),
});

function later(act) {
  clearTimeout(timer);
  timer = setTimeout(act, PAUSE);
}

const trouble = (error, retry) => error.name !== 'AbortError'
  && byId('trouble').replaceChildren(refusal(error, 'What is shown stays.', () => { byId('trouble').replaceChildren(); retry(); }));

/* ---------- the tree ---------- */

/** Return the labels of one place as nodes, all of them. */
async function nodesOf(place) {
  const labels = [];
  let total = 1;
  while (labels.length < total) {
    const query = new URLSearchParams({ model: model.name, limit: CHILDREN, offset: labels.length, ...place });
    const answer = await ask('GET', `/v1/taxonomy?${query}`);
    total = answer.total;
    if (!answer.labels.length) break;
    labels.push(...answer.labels);
  }
  names.note(labels);
  return labels.map((label) => ({ ...label, kids: null, open: false }));
}

function showTree() {
  const rows = [];
  const add = (nodes, level, above) => nodes.forEach((node, at) => {
    const key = `${above}\n${node.label}`;
    rows.push({ key, node, level, place: at + 1, of: nodes.length, open: node.children ? node.open : null });
    if (node.open && node.kids) add(node.kids, level + 1, key);
  });
  add(roots, 1, '');
  tree.show(rows);
}

async function toggle(row, open) {
  const { node } = row;
  node.open = open;
  if (open && !node.kids) {
    try {
      node.kids = await whenSlow((busy) => say(busy ? 'Opening' : ''), () => nodesOf({ parent: node.label }));
    } catch (error) {
      node.open = false;
      trouble(error, () => toggle(row, true));
    }
  }
  showTree();
}

/** Open what is above a label, along its path, and put the cursor on it. */
async function reveal(path) {
  let nodes = roots;
  let key = '';
  for (const [at, code] of path.entries()) {
    const node = nodes.find((each) => each.label === code);
    if (!node) return;
    key += `\n${code}`;
    if (at < path.length - 1) {
      node.kids ??= await nodesOf({ parent: code });
      node.open = true;
      nodes = node.kids;
    }
  }
  showTree();
  tree.pickKey(key, false);
}

function fillNode(element, { node, open }) {
  element.append(
    typeof open === 'boolean' ? icon('open', 'twist flip') : make('span', { class: 'twist' }),
    make('span', { class: 'label', title: node.name }, foreign(node.name, { class: 'name' })),
    make('span', { class: 'pct faint' }, number(node.documents), make('span', { class: 'sr' }, ' training documents')),
    ...quality(node.validation),
  );
}

/** F1 of a label on the validation documents, as a number and in five colours. */
function quality(found) {
  const step = found ? 1 + [0.35, 0.5, 0.65, 0.8].filter((least) => found.f1 >= least).length : 0;
  return [
    make('i', { class: `step f${step}`, 'aria-hidden': 'true' }),
    make('span', { class: 'f1' }, make('span', { class: 'sr' }, 'F1 '), found ? found.f1.toFixed(2) : '–'),
  ];
}

/* ---------- searching ---------- */

async function find() {
  if (!model) return; // what was typed is looked for as soon as there is one
  const text = byId('find').value;
  search?.abort.abort();
  const words = wordsOf(text);
  byId('tree').hidden = words.length > 0;
  document.querySelector('.cols').hidden = words.length > 0;
  byId('found').hidden = !words.length;
  if (!words.length) {
    search = null;
    showSize();
    return;
  }
  const mine = search = { text, words, rows: [], pages: new Set(), abort: new AbortController() };
  const start = performance.now();
  try {
    const answer = await whenSlow((busy) => { if (busy && mine === search) byId('size').textContent = 'Searching'; }, () => results(mine, 0));
    if (mine !== search) return;
    mine.rows = Array.from({ length: answer.total }, (_, at) => ({ key: at, at, label: null }));
    put(mine, 0, answer.labels);
    byId('found').scrollTop = 0;
    found.show(mine.rows, null);
    byId('found').hidden = !answer.total;
    const size = answer.total ? `${counted(answer.total, 'label')}, best first` : 'No label is called that.';
    byId('size').textContent = answer.total ? `${size}, ${number(Math.round(performance.now() - start))} ms` : size;
    say(size);
    await learnPaths(mine, answer.labels);
  } catch (error) {
    trouble(error, find);
  }
}

function results(mine, number_) {
  mine.pages.add(number_);
  const query = new URLSearchParams({ model: model.name, q: mine.text, limit: FOUND, offset: number_ * FOUND });
  return ask('GET', `/v1/taxonomy?${query}`, undefined, mine.abort.signal);
}

function put(mine, number_, labels) {
  names.note(labels);
  labels.forEach((label, at) => { mine.rows[number_ * FOUND + at].label = label; });
}

/** Ask for results that have come into sight. */
async function more(mine, number_) {
  if (mine.pages.has(number_)) return;
  try {
    const answer = await results(mine, number_);
    put(mine, number_, answer.labels);
    if (mine === search) found.refresh();
    await learnPaths(mine, answer.labels);
  } catch (error) {
    mine.pages.delete(number_);
    trouble(error, () => more(mine, number_));
  }
}

async function learnPaths(mine, labels) {
  if (await names.learn(labels.flatMap(({ path }) => path), mine.abort.signal) && mine === search) found.refresh();
}

function fillFound(element, { at, label }) {
  if (!label) {
    element.append(make('span', { class: 'faint' }, '…'));
    more(search, Math.floor(at / FOUND));
    return;
  }
  const { words } = search;
  const other = holds(label.name, words) ? null : label.alternatives?.find((each) => holds(each, words));
  const above = label.path.slice(0, -1).map((code) => names.of(code)).join(' › ');
  element.append(make('span', { class: 'label' },
    make('bdi', { dir: 'auto', lang: languageOf(label.name), class: 'name' }, ...marked(label.name, words)),
    codeOf(label) ? make('span', { class: 'code' }, ...marked(label.label, words)) : null,
    make('span', { class: 'where' }, foreign(above), other ? make('span', {}, ' also called ', make('bdi', { dir: 'auto' }, ...marked(other, words))) : null)),
  make('span', { class: 'pct faint' }, number(label.documents), make('span', { class: 'sr' }, ' training documents')));
}

/* ---------- one label ---------- */

/** Show a label; known: the address says so already. */
async function choose(code, { known = false, focus = false } = {}) {
  if (!code || code === page.code) return;
  if (!known) history.pushState(null, '', page.address(code));
  const before = tree.current; // who moves on meanwhile is not called back
  try {
    const label = await page.show(code, focus);
    byId('trouble').replaceChildren();
    if (!label) return;
    if (tree.current === before && before?.node.label !== code) await reveal(label.path);
  } catch (error) {
    if (error.status === 404) page.clear(error.message);
    else trouble(error, () => choose(code, { known: true, focus }));
  }
}

function showSize() {
  const { labels, levels } = model;
  byId('size').textContent = `${counted(labels, 'label')} on ${counted(levels.length, 'level')}`;
  byId('find').placeholder = `Search ${counted(labels, 'label')}`;
}

async function use(chosen) {
  model = chosen;
  names = new Names(model.name);
  page = new LabelPage(byId('page'), model, names, (code) => choose(code, { focus: true }));
  roots = [];
  showTree();
  await find();
  try {
    roots = await nodesOf({ level: 1 });
    showTree();
    tree.pick(0, false);
    page.clear('Choose a label, or search for one.');
    await choose(new URLSearchParams(location.search).get('label'), { known: true });
  } catch (error) {
    trouble(error, () => use(chosen));
  }
}

byId('find').addEventListener('input', () => later(find));
byId('find').addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') {
    event.preventDefault();
    const [rows, box] = search ? [found, byId('found')] : [tree, byId('tree')];
    if (!rows.rows.length) return;
    box.focus();
    if (search) rows.pick(0);
  } else if (event.key === 'Enter' && search?.rows[0]?.label) {
    found.pick(0, false);
    choose(search.rows[0].label.label);
  } else if (event.key === 'Escape' && byId('find').value) {
    event.preventDefault();
    byId('find').value = '';
    find();
  }
});
for (const box of [byId('tree'), byId('found')]) {
  box.addEventListener('keydown', (event) => { if (event.key === 'Escape') { event.preventDefault(); byId('find').focus(); } });
}
keysOf([
  ['Search', '/'], ['From the search to what was found', '↓'], ['Show the first that was found', 'Enter'], ['Back to the search', 'Esc'],
  ['Next, previous label', '↑ ↓'], ['Open, or go to the first child', '→'], ['Close, or go to the parent', '←'], ['First, last label', 'Home End'],
], (key) => { if (key === '/') byId('find').focus(); return key === '/'; });
addEventListener('popstate', () => {
  const code = new URLSearchParams(location.search).get('label');
  if (code) choose(code, { known: true });
  else page.clear('Choose a label, or search for one.');
});

async function start() {
  byId('trouble').replaceChildren();
  try {
    const models = await begin();
    const chosen = chosenModel(models);
    offerModels(models, chosen, use);
    await use(chosen);
  } catch (error) {
    trouble(error, start);
  }
}
start();
