/* Try: one text, its labels, and the words that spoke for them. */

import {
  ask, begin, byId, chosenModel, counted, foreign, icon, languageOf, make, meter, note, number,
  offerModels, percent, refusal, say, setThreshold, whenSlow,
} from './frame.js';
import { isMuch, offsets, shade, strength } from './evidence.js';
import { keysOf } from './keys.js';
import { codeOf } from './names.js';
import { Rows } from './rows.js';
import { showReasons } from './why.js';

const MOST = 100;           // labels asked for: the best ones
const TESTED = 1000;        // labels asked for where words are taken out
const LEAST = 0.01;         // score of a label that is shown though it is not given
const PAGE = 50;            // labels described in one request: their codes stand in its address
const MOST_BYTES = 4 << 20; // of a file that is dropped
const words = new Intl.Segmenter(undefined, { granularity: 'word' });

let model = null;
let shown = null;           // what filed() returns, and the words of the text as elements
let asked = null;           // AbortController of the request under way

const tree = new Rows(byId('labels'), {
  fill: fillRow,
  picked: (row) => { explain(row.node); },
  pointed: (row) => paint(row?.node ?? tree.current?.node),
  opened: (row, open) => { row.node.open = open; showTree(); },
});

/* ---------- asking ---------- */

async function predict() {
  if (!model) return; // the button says so
  const text = byId('text').value;
  byId('trouble').replaceChildren();
  if (!text.trim()) {
    byId('trouble').replaceChildren(note('info', 'There is no text yet. Paste one, then predict.'));
    say('There is no text yet.');
    byId('text').focus();
    return;
  }
  asked?.abort();
  const mine = asked = new AbortController();
  const hadFocus = byId('editing').contains(document.activeElement);
  byId('predict').disabled = true;
  try {
    const found = await whenSlow(showBusy, () => filed(text, mine.signal));
    shown = found;
    showAnswer();
    if (hadFocus || document.activeElement === document.body) (tree.rows.length ? byId('labels') : byId('edit')).focus();
    if (tree.rows.length) await explain(tree.current.node);
  } catch (error) {
    if (error.name === 'AbortError') return;
    byId('trouble').replaceChildren(refusal(error, 'Your text is kept here.', predict));
  } finally {
    if (asked === mine) byId('predict').disabled = false;
  }
}

/** Return what the model says of a text: the labels that it gives, and the best ones. */
async function filed(text, signal) {
  const start = performance.now();
  const request = (options) => ask('POST', '/v1/predict', { documents: [text], model: model.name, options }, signal);
  const [own, best] = await Promise.all([
    request({}), request({ top_k: Math.min(MOST, model.labels) }),
  ]);
  const milliseconds = performance.now() - start;
  const answer = own.predictions[0];
  const nodes = new Map();
  for (const label of best.predictions[0].labels) nodes.set(label.label, { ...label, given: false });
  const isCut = nodes.size >= MOST && model.labels > MOST;
  const last = Math.min(...[...nodes.values()].map((node) => node.score));
  for (const label of answer.labels) nodes.set(label.label, { ...label, given: true });
  for (const node of [...nodes.values()]) {
    if (!node.given && node.score < LEAST) nodes.delete(node.label);
  }
  for (const { path } of [...nodes.values()]) {
    path.forEach((code, at) => {
      if (!nodes.has(code)) nodes.set(code, { label: code, name: code, score: null, level: at + 1, path: path.slice(0, at + 1), given: false });
    });
  }
  await describe(nodes, signal);
  return { text, answer, model: own.model, nodes, roots: grow(nodes), milliseconds, explanations: new Map(), requests: new Map(), most: Math.min(TESTED, model.labels), floor: isCut ? last : 0 };
}

/** Note of each label its threshold, and the names of those that had none. */
async function describe(nodes, signal) {
  const codes = [...nodes.keys()];
  const pages = [];
  for (let at = 0; at < codes.length; at += PAGE) {
    const query = new URLSearchParams({ model: model.name, limit: PAGE });
    for (const code of codes.slice(at, at + PAGE)) query.append('label', code);
    pages.push(ask('GET', `/v1/taxonomy?${query}`, undefined, signal));
  }
  for (const page of await Promise.all(pages)) {
    for (const label of page.labels) Object.assign(nodes.get(label.label), { name: label.name, threshold: label.threshold });
  }
}

/** Hang each label below the parent on its path, the highest score first; return the roots. */
function grow(nodes) {
  const roots = [];
  for (const node of nodes.values()) Object.assign(node, { children: [], open: true });
  for (const node of nodes.values()) (nodes.get(node.path.at(-2))?.children ?? roots).push(node);
  const sort = (list) => list.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).forEach((node) => sort(node.children));
  sort(roots);
  return roots;
}

/* ---------- showing ---------- */

function showBusy(busy) {
  byId('busy').hidden = !busy;
  byId('waiting').textContent = busy ? 'Predicting' : 'The labels will stand here, with the words that spoke for each.';
  byId('wait').hidden = !busy && shown !== null;
  byId('answer').hidden = busy || shown === null;
  if (busy) say('Predicting');
}

function showAnswer() {
  const { text, answer, milliseconds } = shown;
  edit(false);
  byId('doc').replaceChildren(text);
  byId('doc').lang = languageOf(text);
  byId('facts').textContent = `${length(text)}, answered in ${number(Math.round(milliseconds))} ms`;
  byId('wait').hidden = true;
  byId('answer').hidden = false;
  byId('notes').replaceChildren(...answer.notes?.map((line) => note('', foreign(line))) ?? []);
  document.querySelector('[name=cut][value=own]').checked = true;
  const tuned = answer.labels.length ? shown.nodes.get(answer.labels[0].label).threshold : null;
  if (tuned) byId('threshold').value = Math.round(tuned * 100);
  drawRug();
  showTree();
  const first = answer.labels.reduce((best, label) => (
    !best || label.level > best.level || (label.level === best.level && label.score > best.score) ? label : best), null);
  if (first) tree.pickKey(first.label, false); else tree.pick(0, false);
  byId('why').hidden = !tree.rows.length;
  say(`${byId('count').textContent} ${byId('given').textContent}. ${(answer.notes ?? []).join(' ')}`);
}

function length(text) {
  const segments = [...words.segment(text)].filter((segment) => segment.isWordLike).length;
  const han = languageOf(text) === 'zh' || languageOf(text) === 'ja';
  return han ? `${counted([...text.replace(/\s/g, '')].length, 'character')} in ${counted(segments, 'word')}` : counted(segments, 'word');
}

/** Return the score that a label must have now; null: scores alone do not decide. */
const threshold = (node) => (isOwn() ? node.threshold ?? null : byId('threshold').value / 100);
const isOwn = () => document.querySelector('[name=cut][value=own]').checked;
const isGiven = (node) => (isOwn() ? node.given : node.score !== null && node.score >= threshold(node));

function showTree() {
  const rows = [];
  const below = byId('below').checked;
  const isKept = (node) => below || isGiven(node) || node.children.some(isKept);
  const add = (list, level) => list.filter(isKept).forEach((node, at, kept) => {
    const inner = node.children.some(isKept);
    rows.push({ key: node.label, node, level, place: at + 1, of: kept.length, open: inner ? node.open : null });
    if (inner && node.open) add(node.children, level + 1);
  });
  add(shown.roots, 1);
  tree.show(rows);
  showCount();
}

function fillRow(element, { node, open }) {
  const twist = typeof open === 'boolean' ? icon('open', 'twist flip') : make('span', { class: 'twist' });
  element.append(twist, make('span', { class: 'label' }, foreign(node.name, { class: 'name' }), codeOf(node) ? make('span', { class: 'code' }, node.label) : null));
  if (node.score !== null) element.append(meter(node.score, threshold(node)), make('span', { class: 'pct' }, percent(node.score)));
  mark(element, node);
}

function mark(element, node) {
  element.classList.toggle('off', !isGiven(node));
  let word = element.querySelector('.sr');
  if (!word) { word = make('span', { class: 'sr' }); element.append(word); }
  word.textContent = isGiven(node) ? '' : ', not given';
}

function showCount() {
  const given = [...shown.nodes.values()].filter(isGiven).length;
  const value = byId('threshold').value / 100;
  const more = !isOwn() && value <= shown.floor;
  byId('count').textContent = number(given);
  byId('given').textContent = more ? 'labels or more' : given === 1 ? 'label given' : 'labels given';
  byId('rule').textContent = isOwn() ? model.decoding : `one threshold: ${byId('threshold').value}%`;
}

/** The threshold has moved: rows stay where they are. */
function cut() {
  if (!byId('below').checked) { showTree(); return; }
  for (const row of tree.rows) {
    const element = tree.element(row.key);
    if (!element) continue;
    mark(element, row.node);
    const drawn = element.querySelector('.meter');
    if (drawn) setThreshold(drawn, row.node.score, threshold(row.node));
  }
  for (const line of byId('rug').querySelectorAll('line')) line.classList.toggle('out', !isGiven(shown.nodes.get(line.dataset.key)));
  showCount();
}

function drawRug() {
  const space = 'http://www.w3.org/2000/svg';
  const plot = document.createElementNS(space, 'svg');
  const scored = [...shown.nodes.values()].filter((node) => node.score !== null);
  plot.setAttribute('class', 'rug');
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', `Scores of ${counted(scored.length, 'label')}`);
  plot.setAttribute('viewBox', '0 0 100 10');
  plot.setAttribute('preserveAspectRatio', 'none');
  for (const node of scored) {
    const line = document.createElementNS(space, 'line');
    const at = node.score * 100;
    for (const [name, value] of Object.entries({ x1: at, x2: at, y1: 0, y2: 10 })) line.setAttribute(name, value);
    line.dataset.key = node.label;
    line.classList.toggle('out', !isGiven(node));
    plot.append(line);
  }
  byId('rug').replaceChildren(plot);
}

/* ---------- why ---------- */

/** Show why a label has its score; what the model gives is explained together, others when asked. */
async function explain(node) {
  const mine = shown;
  byId('why').hidden = false;
  if (node.score !== null && !mine.explanations.has(node.label)) {
    const least = node.given ? null : Math.max(0, Math.floor(node.score * 1e5 - 1) / 1e5); // null: what the model gives
    try {
      const found = await whenSlow((busy) => busy && waitFor(node), () => explained(mine, least));
      placeWords(mine, found.explanation);
    } catch (error) {
      mine.requests.delete(least);
      if (mine !== shown || tree.current?.node !== node) return;
      showHead(node);
      byId('reasons').replaceChildren(refusal(error, 'The labels stay as they are.', () => explain(node)));
      return;
    }
  }
  if (mine === shown && tree.current?.node === node) {
    showHead(node);
    showReasons(byId('reasons'), node, mine);
    paint(node);
  }
}

/** Ask why labels have their scores, once for each threshold. */
function explained(mine, least) {
  if (!mine.requests.has(least)) {
    const options = least === null ? {} : { threshold: least };
    mine.requests.set(least, ask('POST', '/v1/explain', { document: mine.text, model: mine.model.name, options }));
  }
  return mine.requests.get(least);
}

function waitFor(node) {
  if (tree.current?.node !== node) return;
  showHead(node);
  byId('reasons').replaceChildren('Asking for the words');
}

function showHead(node) {
  byId('why-title').replaceChildren('Why ', foreign(node.name), '?');
  const cut = node.threshold === null || node.threshold === undefined ? '' : `, its threshold ${percent(node.threshold)}`;
  byId('why-score').textContent = node.score === null ? '' : `score ${percent(node.score)}${cut}`;
}

/** Put each word of the text into an element of its own, once, and keep what was explained. */
function placeWords(mine, explanation) {
  for (const label of explanation.labels) if (!mine.explanations.has(label.label)) mine.explanations.set(label.label, label);
  if (mine.words || !explanation.labels.length || mine !== shown) return;
  const { text } = explanation;
  const places = offsets(text);
  const parts = [];
  let at = 0;
  mine.words = explanation.labels[0].words.map(({ start, end }) => {
    const word = make('span', {}, text.slice(places(start), places(end)));
    parts.push(text.slice(at, places(start)), word);
    at = places(end);
    return word;
  });
  byId('doc').replaceChildren(...parts, text.slice(at));
}

/** Paint the words that speak for a label, in four strengths, and those against it. */
function paint(node) {
  if (!shown?.words) return;
  const label = node && shown.explanations.get(node.label);
  const most = label ? isMuch(label.words) : 1;
  shown.words.forEach((element, at) => shade(element, label ? strength(label.words[at].effect, most) : ''));
}

/* ---------- the text ---------- */

function edit(on) {
  byId('editing').hidden = !on;
  byId('reading').hidden = on;
  byId('edit').hidden = on;
  byId('about').hidden = on;
  byId('predict').hidden = !on;
  if (on) byId('text').focus();
}

async function take(file) {
  const problem = (text) => byId('trouble').replaceChildren(note('bad', foreign(file.name), `: ${text} Your text is kept here.`));
  if (file.size > MOST_BYTES) { problem(`${number(file.size)} bytes; a single text has at most ${number(MOST_BYTES)}.`); return; }
  try {
    byId('text').value = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    problem('this is no UTF-8 text. Save it as UTF-8 text, or paste what it says.');
    return;
  }
  edit(true);
  await predict();
}

byId('predict').addEventListener('click', predict);
keysOf([['Predict', 'Ctrl Enter'], ['Next, previous label', '↑ ↓'], ['Open, or go to the first child', '→'], ['Close, or go to the parent', '←'], ['First, last label', 'Home End']]);
byId('edit').addEventListener('click', () => edit(true));
byId('text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); predict(); }
});
byId('file').addEventListener('change', (event) => { if (event.target.files[0]) take(event.target.files[0]); event.target.value = ''; });
document.addEventListener('dragover', (event) => { if (event.dataTransfer.types.includes('Files')) event.preventDefault(); });
document.addEventListener('drop', (event) => {
  const [file, second] = event.dataTransfer.files;
  if (!file) return;
  event.preventDefault();
  if (second) byId('trouble').replaceChildren(note('info', 'Drop one file: it is read as one text.'));
  else take(file);
});
for (const choice of document.querySelectorAll('[name=cut]')) choice.addEventListener('change', cut);
byId('threshold').addEventListener('input', () => { document.querySelector('[name=cut][value=one]').checked = true; cut(); });
byId('threshold').addEventListener('change', () => say(`${byId('count').textContent} ${byId('given').textContent}`));
byId('below').addEventListener('change', showTree);
byId('copy').addEventListener('click', async () => {
  const text = JSON.stringify(shown.answer, null, 2);
  try { await navigator.clipboard.writeText(text); say('Copied.'); byId('copy').textContent = 'Copied'; } catch { say('The browser did not allow it.'); byId('copy').textContent = 'Not allowed'; }
  setTimeout(() => { byId('copy').textContent = 'Copy JSON'; }, 2000);
});

async function start() {
  byId('trouble').replaceChildren();
  try {
    const models = await begin();
    model = chosenModel(models);
    offerModels(models, model, (chosen) => { model = chosen; if (shown) predict(); });
    byId('predict').disabled = false;
    byId('text').focus();
  } catch (error) {
    byId('predict').disabled = true;
    byId('trouble').replaceChildren(refusal(error, 'Your text is kept here.', start));
  }
}
start();
